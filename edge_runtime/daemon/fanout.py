"""Between a pipeline and its sinks: bounded queues, so that a slow or broken sink costs records, never the pipeline."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any

import anyio
import structlog
from anyio.abc import TaskGroup
from typing_extensions import Self

from edge_runtime.daemon.supervisor import NEVER, Policy, Stage
from edge_runtime.errors import DataError, SinkError
from edge_runtime.telemetry.borrowed import lender_of
from edge_runtime.telemetry.outbox_sink import OutboxSink
from edge_runtime.telemetry.record import Record
from edge_runtime.telemetry.sink import Sink

__all__ = ["FanOut", "SinkCounts"]

LARGEST_BATCH = 1024

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class SinkCounts:
    """What became of the records for one sink.

    Parameters
    ----------
    acknowledged
        Durable, as far as the sink promises.
    failed
        Taken by the sink, which could not write them.
    dropped
        Never taken: the queue stayed full, or the sink did not finish in time at the end.
    """

    sink: str
    acknowledged: int
    failed: int
    dropped: int

    @property
    def lost(self) -> int:
        """Records that are nowhere."""
        return self.failed + self.dropped


class _Lane:
    """One sink with its queue, and the task that moves records from one to the other."""

    def __init__(self, name: str, sink: Sink, depth: int, policy: Policy) -> None:
        self.stage = Stage("sinks", policy, owner=name)
        self.name = name
        self.sink = sink
        self.offered = self.failed = self.dropped = 0
        self.finished = anyio.Event()
        self.send, self._receive = anyio.create_memory_object_stream[Sequence[Record]](depth)

    async def run(self) -> None:
        try:
            async with self._receive:
                await self.stage.keep(self._move)
                # Given up: what comes still has to go somewhere.
                async for records in self._receive:
                    self.failed += len(records)
        finally:
            self.dropped = self.offered - self.sink.acknowledged - self.failed
            self.finished.set()

    async def _move(self) -> None:
        """Move records into the sink until there are no more."""
        slots = anyio.Semaphore(self.sink.at_once - 1)
        async with self.sink, anyio.create_task_group() as puts:
            self.stage.began = True
            async for records in self._receive:
                # Started in this order, and a sink keeps the order of its calls.
                puts.start_soon(self._put, [*records, *self._waiting()], slots, name=f"put {self.name}")
                await slots.acquire()

    def _waiting(self) -> list[Record]:
        """Take what else waits, so that one commit serves many puts."""
        batch: list[Record] = []
        with suppress(anyio.WouldBlock, anyio.EndOfStream):
            while len(batch) < LARGEST_BATCH:
                batch += self._receive.receive_nowait()
        return batch

    async def _put(self, batch: list[Record], slots: anyio.Semaphore) -> None:
        try:
            await self.sink.put(batch)
        except (SinkError, DataError) as error:
            self.failed += len(batch)
            log.error("records lost", sink=self.name, records=len(batch), error=str(error))
        finally:
            slots.release()

    def counts(self) -> SinkCounts:
        return SinkCounts(self.name, self.sink.acknowledged, self.failed, self.dropped)


class FanOut:
    """Hands each record to every sink; used with ``async with``, which writes out what waits and closes the sinks.

    Parameters
    ----------
    sinks
        The sinks, each with the name that reports call it by. They belong to the fanout from now on.
    depth
        How many puts a queue holds.
    patience_s
        How long `put` waits for room in a full queue before it drops the records for that sink, unless that sink is
        there to be waited for.
    drain_s
        How long the sinks have at the end.
    policy
        What is done when a sink fails as a whole, not for single records only.
    """

    def __init__(
        self,
        sinks: Mapping[str, Sink],
        *,
        depth: int = 256,
        patience_s: float = 1.0,
        drain_s: float = 10.0,
        policy: Policy = NEVER,
    ) -> None:
        self._lanes = [_Lane(name, sink, depth, policy) for name, sink in sinks.items()]
        self._patience_s = patience_s
        self._drain_s = drain_s
        self._tasks: TaskGroup | None = None

    async def put(self, records: Sequence[Record]) -> None:
        """Queue records for every sink, in order; what a full queue does not take in time is dropped and counted."""
        if not records:
            return
        for lane in self._lanes:
            kinds = lane.sink.kinds
            wanted = records if kinds is None else [record for record in records if record.get("kind") in kinds]
            if wanted:
                await self._offer(lane, wanted)

    def counts(self) -> list[SinkCounts]:
        """Return what became of the records, sink by sink; exact once the fanout is closed."""
        return [lane.counts() for lane in self._lanes]

    @property
    def stages(self) -> list[Stage]:
        """What is done about each sink that fails as a whole."""
        return [lane.stage for lane in self._lanes]

    def status(self) -> dict[str, dict[str, Any]]:
        """Return, sink by sink, what became of the records, and what waits where there is an outbox."""
        return {lane.name: _status(lane) for lane in self._lanes}

    async def _offer(self, lane: _Lane, records: Sequence[Record]) -> None:
        lane.offered += len(records)
        try:
            lane.send.send_nowait(records)
        except anyio.WouldBlock:
            await self._wait(lane, records)
        except anyio.BrokenResourceError:
            # Cancelled from outside: there is nobody left to write anything.
            lane.dropped += len(records)

    async def _wait(self, lane: _Lane, records: Sequence[Record]) -> None:
        patience = math.inf if lane.sink.blocks else self._patience_s
        with anyio.move_on_after(patience) as waited:
            await lane.send.send(records)
        if waited.cancelled_caught:
            lane.dropped += len(records)
            log.error("records dropped: the sink is too slow", sink=lane.name, records=len(records))

    async def __aenter__(self) -> Self:
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        for lane in self._lanes:
            self._tasks.start_soon(lane.run, name=f"sink {lane.name}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for lane in self._lanes:
            lane.send.close()
        # Shielded: whatever ends the pipeline, what it said last is the most worth writing.
        with anyio.move_on_after(self._drain_s, shield=True):
            for lane in self._lanes:
                await lane.finished.wait()
        if self._tasks is not None:
            self._tasks.cancel_scope.cancel()
            await self._tasks.__aexit__(None, None, None)
            self._tasks = None


def _status(lane: _Lane) -> dict[str, Any]:
    status = {**asdict(lane.counts()), "stage": lane.stage.describe()}
    sink = lender_of(lane.sink)
    if isinstance(sink, OutboxSink):
        status["outbox"] = asdict(sink.outbox.counts())
        status["link"] = asdict(sink.forwarder.state)
    return status
