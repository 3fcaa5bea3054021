"""Packets on a serial line: COBS, a CRC-32, and a zero byte at the end.

COBS: Cheshire and Baker, "Consistent overhead byte stuffing", SIGCOMM 1997. A receiver may join at any time, and what
is broken ends at the next zero. The CRC-32 is that of Ethernet and zlib, little-endian, over all of the packet before
it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from cobs import cobs

from edge_runtime.errors import DataError

__all__ = ["FrameFinder", "close_frame", "open_frame"]

CHECK_BYTES = 4

LONGEST_FRAME = 1 << 20
"""No frame of ours is longer; more bytes without a zero are none."""

T = TypeVar("T")


def close_frame(packet: bytes) -> bytes:
    r"""Return a packet as it goes over the line, with its zero at the end.

    Examples
    --------
    >>> close_frame(b"")
    b'\x01\x01\x01\x01\x01\x00'
    """
    encoded: bytes = cobs.encode(packet + zlib.crc32(packet).to_bytes(CHECK_BYTES, "little"))
    return encoded + b"\0"


def open_frame(encoded: bytes) -> bytes:
    """Return the packet of what lay between two zeros.

    Raises
    ------
    DataError
        If it is not whole.
    """
    try:
        packet: bytes = cobs.decode(encoded)
    except cobs.DecodeError as error:
        raise DataError(f"frame of {len(encoded)} bytes: broken ({error})") from error
    content, check = packet[:-CHECK_BYTES], packet[-CHECK_BYTES:]
    if len(packet) < CHECK_BYTES or zlib.crc32(content) != int.from_bytes(check, "little"):
        raise DataError(f"frame of {len(encoded)} bytes: its checksum is wrong")
    return content


class FrameFinder(Generic[T]):
    """Finds frames between zero bytes, whatever pieces the bytes come in, and counts those that are broken.

    What comes before the first zero may be the rest of a frame that began before we listened: if it is broken, it does
    not count.

    Parameters
    ----------
    decode
        Reads what lay between two zeros; raises `DataError` where that is no whole packet.

    Attributes
    ----------
    frames, broken
        How many packets were whole, and how many were not.
    """

    def __init__(self, decode: Callable[[bytes], T]) -> None:
        self.frames = 0
        self.broken = 0
        self._decode = decode
        self._rest = bytearray()
        self._joining = True
        self._overlong = False

    def feed(self, data: bytes) -> Iterator[T]:
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

    def _finish(self, encoded: bytes) -> Iterator[T]:
        joining, self._joining = self._joining, False
        overlong, self._overlong = self._overlong, False
        self._rest.clear()
        if not encoded and not overlong:
            # Two zeros in a row: senders may put one before a frame too.
            return
        try:
            if overlong:
                raise DataError(f"more than {LONGEST_FRAME} bytes without an end")
            packet = self._decode(encoded)
        except DataError:
            self.broken += not joining
            return
        self.frames += 1
        yield packet
