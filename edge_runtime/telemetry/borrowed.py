"""A sink that several pipelines share: each has a way of its own to it, with counts of its own."""

from __future__ import annotations

from collections.abc import Sequence

from typing_extensions import Self

from edge_runtime.errors import SinkError
from edge_runtime.telemetry.record import Record
from edge_runtime.telemetry.sink import Sink

__all__ = ["BorrowedSink", "lender_of"]


class BorrowedSink(Sink):
    """Passes records on to a sink that somebody else opens and closes.

    Parameters
    ----------
    lender
        The sink.
    """

    def __init__(self, lender: Sink) -> None:
        super().__init__()
        self.lender = lender
        self.kinds, self.at_once, self.blocks = lender.kinds, lender.at_once, lender.blocks
        self._closed = False

    async def put(self, records: Sequence[Record]) -> None:
        """Have the sink take records; return when they are as durable as it promises."""
        try:
            if self._closed:
                raise SinkError("this way to the sink is closed")
            await self.lender.put(records)
        except SinkError:
            self.failed += len(records)
            raise
        self.acknowledged += len(records)

    async def close(self) -> None:
        """Take nothing any more; the sink itself is another's, and stays open."""
        self._closed = True

    async def __aenter__(self) -> Self:
        self._closed = False
        return self


def lender_of(sink: Sink) -> Sink:
    """Return the sink that a borrowed one leads to, and any other one as it is."""
    return sink.lender if isinstance(sink, BorrowedSink) else sink
