"""What sinks of lines share: a record is a line of JSON."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from edge_runtime.telemetry.group import GroupSink
from edge_runtime.telemetry.record import Record, encode_record

__all__ = ["LineSink"]


class LineSink(GroupSink[bytes]):
    """A sink of encoded lines, with group commit."""

    @abstractmethod
    def _write_lines(self, data: bytes) -> None:
        """Write whole lines and make them durable; as `GroupSink._write`."""

    def _encode(self, record: Record) -> bytes:
        return encode_record(record)

    def _write(self, items: Sequence[bytes]) -> None:
        self._write_lines(b"".join(items))
