"""One pipeline: blocks in, features, inferences and learning in a thread of its own, records out."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import AsyncIterable, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar

import anyio
import structlog
from anyio.streams.memory import MemoryObjectReceiveStream

from edge_runtime.daemon.engine import Engine
from edge_runtime.daemon.fanout import FanOut
from edge_runtime.daemon.pipeline_report import PipelineReport, report_of
from edge_runtime.daemon.recorder import Recorder
from edge_runtime.daemon.rig import Rig, stage_of
from edge_runtime.daemon.step import Step
from edge_runtime.daemon.supervisor import Stage
from edge_runtime.daemon.turn import Turn, Waiting
from edge_runtime.daemon.watch import Watcher
from edge_runtime.daemon.worker import Worker
from edge_runtime.errors import AcceleratorError, EdgeRuntimeError
from edge_runtime.stream.block import Block
from edge_runtime.telemetry.record import Record

__all__ = ["MOST_WAITING", "OWN_STAGES", "Pipeline"]

OWN_STAGES = ("features", "accelerator", "learner")
"""What a pipeline supervises itself: all that runs in its thread."""

MOST_WAITING = 16
"""Blocks that a pipeline holds itself, beside those in the queue before it."""

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Pipeline:
    """Computes features of blocks, runs the network on them, learns, and puts records into the fanout.

    Parameters
    ----------
    recorder
        Makes the pipeline's own records, and names it.
    engine
        The network with its view, at first.
    fanout
        Takes the records; whoever runs the pipeline opens and closes it.
    status_every
        Seconds from one status record to the next.
    watchers
        See what goes through.
    channels
        What the watchers call the blocks' columns.
    stages
        What is done when one of `OWN_STAGES` fails; one that is not named ends the pipeline.
    """

    def __init__(
        self,
        recorder: Recorder,
        engine: Engine,
        fanout: FanOut,
        *,
        status_every: float = 10.0,
        watchers: Sequence[Watcher] = (),
        channels: Sequence[str] = (),
        stages: Mapping[str, Stage] = MappingProxyType({}),
    ) -> None:
        self.name = recorder.pipeline
        self.fanout = fanout
        self.stages = {name: stages.get(name) or Stage(name) for name in OWN_STAGES}
        self.status_every = status_every
        self.has_ended = False
        self._rig = Rig(engine)
        self._recorder = recorder
        self._watchers = tuple(watchers)
        self._channels = tuple(channels)
        self._worker: Worker | None = None
        self._is_open = False
        self._hurried = anyio.Event()
        self._turn = anyio.Lock()
        self._mend: Callable[[EdgeRuntimeError], Awaitable[bool]] | None = None
        self._blocks = self._passed_over = 0
        self._now_ns = 0
        self._first_at = self._last_at = 0.0

    async def run(self, blocks: AsyncIterable[Block], *, others: bool = False) -> None:
        """Serve until the blocks end, then tell the final status.

        Parameters
        ----------
        blocks
            What comes.
        others
            Whether other pipelines read the same source, and must not wait for a stage of this one to be started again.

        Raises
        ------
        EdgeRuntimeError
            What a stage failed with that was given up; it is told as an event first.
        """
        async with Worker(self.name) as worker:
            try:
                self._worker = worker
                await self._do(worker, self._rig.open, blocks if others else None)
                self._is_open = True
                await self._serve(worker, blocks, others=others)
            except Exception as error:
                log.error("pipeline failed", pipeline=self.name, error=str(error))
                await self._tell("event", event="failed", error=type(error).__name__, message=str(error))
                raise
            finally:
                self._worker, self._is_open, self.has_ended = None, False, True
                with anyio.CancelScope(shield=True):
                    await self._finish(worker)

    @property
    def engine(self) -> Engine:
        """The network with its view."""
        return self._rig.engine

    @property
    def step(self) -> Step | None:
        """What runs the network; None before the accelerator is open."""
        return self._rig.step

    @property
    def is_serving(self) -> bool:
        """Whether the accelerator is open and can be asked."""
        return self._is_open

    async def ask(self, call: Callable[[Step], T]) -> T:
        """Call something with the step, in the pipeline's own thread, between two inferences.

        Raises
        ------
        AcceleratorError
            If the pipeline is not serving.
        """
        if self._worker is None or self.step is None or not self._is_open:
            raise AcceleratorError(f"pipeline {self.name!r} is not serving; ask again later")
        return await self._worker.run(call, self.step)

    async def switch(self, engine: Engine) -> None:
        """Run another network from the next block on; where it cannot be opened, the one before goes on.

        What the report counts starts again; predictions are numbered on.

        Raises
        ------
        EdgeRuntimeError
            Whatever opening it raises.
        """
        async with self._turn:
            if self._worker is None:
                raise AcceleratorError(f"pipeline {self.name!r} is not serving; ask again later")
            await self._worker.run(self._rig.switch, engine)
            self._first_at = 0.0

    def hurry(self) -> None:
        """Wait for no restart any more: the stream is about to end, and what has come shall be told in bounded time."""
        self._hurried.set()

    def mend_with(self, mend: Callable[[EdgeRuntimeError], Awaitable[bool]]) -> None:
        """Ask `mend` when the pipeline fails: where it switched to a network that works, the pipeline goes on."""
        self._mend = mend

    async def tell(self, records: Sequence[Record]) -> None:
        """Put records into the fanout, and show them to the watchers."""
        for watcher in self._watchers:
            watcher.told(records)
        await self.fanout.put(records)

    async def tell_event(self, event: str, message: str, **more: Any) -> None:
        """Tell an event."""
        await self._tell("event", event=event, error=None, message=message, **more)

    async def tell_status(self) -> None:
        """Tell the status now and then, for ever."""
        while True:
            await anyio.sleep(self.status_every)
            await self._tell_status()

    async def _serve(self, worker: Worker, blocks: AsyncIterable[Block], *, others: bool) -> None:
        async for block in blocks:
            waiting = deque([(block, time.perf_counter())])
            self._first_at = self._first_at or waiting[0][1]
            while waiting or self._rig.unfinished:
                waiting.extend(_more(blocks, MOST_WAITING - len(waiting)))
                turn = await self._take(worker, waiting)
                if turn.error is not None:
                    await self._recover(worker, turn.stage, turn.error, blocks if others else None)

    async def _take(self, worker: Worker, waiting: Waiting) -> Turn:
        """Take a turn; no other network comes between its windows and what is told of them."""
        async with self._turn:
            turn = await worker.run(self._rig.turn, waiting)
            await self._follow(turn)
        return turn

    async def _recover(self, worker: Worker, name: str, error: Exception, blocks: AsyncIterable[Block] | None) -> None:
        """Start a stage again that failed, or go on without it; `blocks` are those that must not wait meanwhile."""
        if isinstance(error, EdgeRuntimeError) and self._mend is not None and await self._mend(error):
            return
        self._is_open = False
        stage = self.stages[name]
        found = await stage.recover(error, wait=partial(self._wait, blocks=blocks))
        await self._tell("event", event=found, error=type(error).__name__, message=f"{name}: {error}")
        mended = self._rig.restart if found == "restart" else self._rig.degrade
        await self._do(worker, partial(mended, name), blocks)
        self._is_open = True

    async def _do(self, worker: Worker, call: Callable[[], None], blocks: AsyncIterable[Block] | None) -> None:
        """Open something in the worker's thread; where that fails, do about it what its stage's policy says."""
        try:
            async with self._turn:
                await worker.run(call)
        except EdgeRuntimeError as error:
            await self._recover(worker, stage_of(error), error, blocks)
        else:
            for stage in self.stages.values():
                stage.began = True

    async def _wait(self, seconds: float, *, blocks: AsyncIterable[Block] | None) -> None:
        """Wait, unless there is hurry, and pass over what comes meanwhile where somebody else wants it too."""
        with anyio.move_on_after(seconds):
            async with anyio.create_task_group() as tasks:
                if blocks is not None:
                    tasks.start_soon(self._pass_over, blocks, name=f"pass over {self.name}")
                await self._hurried.wait()
                tasks.cancel_scope.cancel()

    async def _pass_over(self, blocks: AsyncIterable[Block]) -> None:
        async for _ in blocks:
            self._passed_over += 1

    async def _follow(self, turn: Turn) -> None:
        """Show and tell what a turn found."""
        self._blocks += len(turn.blocks)
        features = self.engine.deployment.view.output_names
        for watcher in self._watchers:
            for block in turn.blocks:
                watcher.block(self.name, self._channels, block)
            for window, _ in turn.windows:
                watcher.window(self.name, features, window)
        if turn.windows:
            self._now_ns = turn.windows[-1][0].end_ns
            await self.tell([record for _, told in turn.windows for record in told])
            self._last_at = time.perf_counter()

    async def _finish(self, worker: Worker) -> None:
        await self._tell_status()
        await worker.run(self._rig.close)

    async def _tell_status(self) -> None:
        await self._tell("status", **self._status())
        evaluation = self.learning_report()
        if evaluation is not None:
            await self._tell("evaluation", **evaluation)

    async def _tell(self, kind: str, **fields: Any) -> None:
        await self.tell([self._recorder.make(kind, t_ns=self._now_ns, **fields)])

    def _status(self) -> dict[str, Any]:
        status = self.report().to_dict()
        del status["pipeline"]
        return status

    def learning_report(self) -> dict[str, Any] | None:
        """Return how every head in play does; None where the network does not learn."""
        step = self.step
        return None if step is None or step.learning is None else step.learning.report()

    def report(self) -> PipelineReport:
        """Return what has been done so far."""
        return report_of(
            self.name,
            self._rig.computer,
            self.step,
            blocks=self._blocks,
            passed_over=self._passed_over,
            elapsed_s=self._last_at - self._first_at,
            sinks=self.fanout.counts(),
        )


def _more(blocks: AsyncIterable[Block], most: int) -> Iterator[tuple[Block, float]]:
    """Yield up to `most` blocks that wait already, where they come through a queue."""
    if isinstance(blocks, MemoryObjectReceiveStream):
        with suppress(anyio.WouldBlock, anyio.EndOfStream):
            for _ in range(most):
                yield blocks.receive_nowait(), time.perf_counter()
