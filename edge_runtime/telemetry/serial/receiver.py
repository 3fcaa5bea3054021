"""The other end of the line: finds records in bytes, tells repetitions, and acknowledges."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from edge_runtime.framing import FrameFinder
from edge_runtime.telemetry.serial.frames import Acknowledgement, RecordFrame, decode_record

__all__ = ["RecordReceiver"]

REMEMBERED = 4096
"""Records whose numbers are remembered; a sender has no more than 32 under way."""


class RecordReceiver:
    """Takes in what comes over a line.

    Give the bytes that come to `feed`, make each record that it yields safe, and send what `acknowledge` returns for
    it.

    Attributes
    ----------
    records, repeats
        How many came, and how many of them again.

    Examples
    --------
    >>> from edge_runtime.telemetry.serial import RecordFrame
    >>> receiver = RecordReceiver()
    >>> line = RecordFrame(session=7, sequence=0, record={"id": "a-1"}).encode()
    >>> [frame.record for frame in receiver.feed(b"noise" + bytes(1) + line + line)]
    [{'id': 'a-1'}, {'id': 'a-1'}]
    """

    def __init__(self) -> None:
        self.records = self.repeats = 0
        self._finder = FrameFinder(decode_record)
        self._taken: OrderedDict[tuple[int, int], None] = OrderedDict()

    @property
    def broken(self) -> int:
        """How many pieces between two zeros were no whole record."""
        return self._finder.broken

    def feed(self, data: bytes) -> Iterator[RecordFrame]:
        """Take in bytes, and yield the records that they complete; one may come again until it is acknowledged."""
        for frame in self._finder.feed(data):
            self.records += 1
            yield frame

    def is_repeat(self, frame: RecordFrame) -> bool:
        """Say whether a record has been acknowledged before: it need not be kept, only acknowledged again."""
        return (frame.session, frame.sequence) in self._taken

    def acknowledge(self, frame: RecordFrame, *, taken: bool = True) -> bytes:
        """Return what tells the sender that a record is safe, or, where it is not taken, that it never will be."""
        self.repeats += self.is_repeat(frame)
        self._taken[frame.session, frame.sequence] = None
        if len(self._taken) > REMEMBERED:
            self._taken.popitem(last=False)
        return Acknowledgement(frame.session, frame.sequence, taken).encode()
