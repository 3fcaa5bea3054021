"""Bytes as they come from a line, into whole packets."""

from __future__ import annotations

from collections.abc import Iterator

from edge_runtime.errors import DataError
from edge_runtime.stream.frame import Packet, decode_packet

__all__ = ["Deframer"]

LONGEST_FRAME = 1 << 20
"""No frame is longer: 65,535 samples of a few channels; more bytes without a zero are no frames of ours."""


class Deframer:
    """Finds frames between zero bytes, whatever pieces the bytes come in, and counts those that are broken.

    What comes before the first zero may be the rest of a frame that began before we listened: if it is broken, it does
    not count.

    Attributes
    ----------
    frames, broken
        How many packets were whole, and how many were not.
    """

    def __init__(self) -> None:
        self.frames = 0
        self.broken = 0
        self._rest = bytearray()
        self._joining = True
        self._overlong = False

    def feed(self, data: bytes) -> Iterator[Packet]:
        """Take in bytes, and yield the packets that they complete."""
        if b"\0" not in data:
            self._keep(data)
            return
        first, *whole, rest = data.split(b"\0")
        yield from self._finish(bytes(self._rest) + first)
        for encoded in whole:
            yield from self._finish(encoded)
        self._rest.clear()
        self._keep(rest)

    def reset(self) -> None:
        """Forget an unfinished frame, as after a line was cut; if there is one, it counts as broken."""
        self.broken += bool(self._rest) and not self._joining
        self._rest.clear()
        self._joining = True

    def _keep(self, data: bytes) -> None:
        self._rest += data
        if len(self._rest) > LONGEST_FRAME:
            self._overlong = True
            self._rest.clear()

    def _finish(self, encoded: bytes) -> Iterator[Packet]:
        joining, self._joining = self._joining, False
        overlong, self._overlong = self._overlong, False
        self._rest.clear()
        if not encoded and not overlong:
            # Two zeros in a row: senders may put one before a frame too.
            return
        try:
            if overlong:
                raise DataError(f"more than {LONGEST_FRAME} bytes without an end")
            packet = decode_packet(encoded)
        except DataError:
            self.broken += not joining
            return
        self.frames += 1
        yield packet
