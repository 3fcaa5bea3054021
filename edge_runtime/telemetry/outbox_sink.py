"""A sink that never loses what it acknowledged: records go into an outbox, and from there over a link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType, TracebackType

import anyio
from anyio.abc import TaskGroup
from typing_extensions import Self

from edge_runtime.errors import SinkError
from edge_runtime.telemetry.forward import Forwarder
from edge_runtime.telemetry.outbox import Outbox
from edge_runtime.telemetry.record import Record, encode_record
from edge_runtime.telemetry.sink import Sink

__all__ = ["PRIORITIES", "OutboxSink"]

PRIORITIES: Mapping[str, int] = MappingProxyType({"event": 3, "head": 3, "label": 2, "prediction": 1, "status": 0})
"""What is sent first and dropped last, by kind of record; other kinds are like predictions."""


class OutboxSink(Sink):
    """Takes records into an outbox; durable when `put` returns, delivered when there is a way.

    Parameters
    ----------
    outbox
        Keeps the records; it belongs to the sink.
    forwarder
        Sends them on.
    priorities
        By kind of record; None: `PRIORITIES`.
    drain_s
        How many seconds closing waits for what is still to be sent; what is left is sent by the next run.
    """

    at_once = 16

    def __init__(
        self,
        outbox: Outbox,
        forwarder: Forwarder,
        *,
        priorities: Mapping[str, int] | None = None,
        drain_s: float = 3.0,
    ) -> None:
        super().__init__()
        self.outbox = outbox
        self.blocks = outbox.blocks
        self.forwarder = forwarder
        self.prioritise(priorities)
        self._drain_s = drain_s
        self._tasks: TaskGroup | None = None

    def prioritise(self, priorities: Mapping[str, int] | None) -> None:
        """Say anew what is sent first, by kind of record; records that wait already keep their places."""
        self._priorities = {**PRIORITIES, **(priorities or {})}

    async def put(self, records: Sequence[Record]) -> None:
        """Store the records; return when they are on the disk, or have been acknowledged already."""
        bodies = [(self._priority(record), encode_record(record)[:-1]) for record in records]
        try:
            await self.outbox.put(bodies)
        except SinkError:
            self.failed += len(records)
            raise
        self.acknowledged += len(records)

    async def close(self) -> None:
        """Send what can be sent in time, then close the outbox."""
        if self._tasks is not None:
            with anyio.move_on_after(self._drain_s, shield=True):
                while self.forwarder.state.connected and self.outbox.counts().depth:
                    await anyio.sleep(0.01)
            self._tasks.cancel_scope.cancel()
            await self._tasks.__aexit__(None, None, None)
            self._tasks = None
        await self.outbox.close()

    def _priority(self, record: Record) -> int:
        return self._priorities.get(record.get("kind", ""), 1)

    async def __aenter__(self) -> Self:
        await self.outbox.__aenter__()
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._tasks.start_soon(self.forwarder.run, name="forwarder")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
