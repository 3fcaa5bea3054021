"""A sink that keeps its records in memory: for tests, and for whoever shows them as they come."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import anyio.lowlevel

from edge_runtime.errors import SinkError
from edge_runtime.telemetry.record import Record, encode_record
from edge_runtime.telemetry.sink import Sink

__all__ = ["MemorySink"]


class MemorySink(Sink):
    """Keeps what it is given in `records`, as a reader of the encoded records would see it.

    Parameters
    ----------
    broken
        Start with every `put` failing; set `broken` to change that at any time.
    """

    def __init__(self, *, broken: bool = False) -> None:
        super().__init__()
        self.records: list[dict[str, Any]] = []
        self.broken = broken
        self._closed = False

    async def put(self, records: Sequence[Record]) -> None:
        """Keep the records; durable as long as this object lives."""
        decoded = [json.loads(encode_record(record)) for record in records]
        await anyio.lowlevel.checkpoint()
        if self._closed or self.broken:
            self.failed += len(records)
            raise SinkError(f"memory sink: {'it is closed' if self._closed else 'set to fail'}")
        self.records.extend(decoded)
        self.acknowledged += len(records)

    async def close(self) -> None:
        """Take no more records; those kept stay."""
        self._closed = True
