"""Runs pipelines on their sources until those end or somebody stops them, and leaves nothing half done."""

from __future__ import annotations

import signal
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import anyio
import structlog
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from edge_runtime.daemon.handover import quick_handover
from edge_runtime.daemon.pipeline import Pipeline
from edge_runtime.daemon.supervisor import Stage, first_error
from edge_runtime.sources.base import Source
from edge_runtime.stream.block import Block
from edge_runtime.telemetry.sink import Sink

__all__ = ["Beside", "Stream", "run_pipelines", "run_streams"]

QUEUED_BLOCKS = 16

Beside = Sequence[Callable[[], Coroutine[Any, Any, None]]]

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Stream:
    """A source, and the pipelines that read it.

    Parameters
    ----------
    source
        Opened when the stream runs, and closed at its end.
    pipelines
        Each is given every block; queues between them are bounded, so the slowest sets the pace.
    stage
        What is done when the source fails; it is read anew.
    """

    source: Source
    pipelines: tuple[Pipeline, ...]
    stage: Stage = field(default_factory=lambda: Stage("source"))


async def run_pipelines(
    source: Source, pipelines: Sequence[Pipeline], *, handle_signals: bool = False, beside: Beside = ()
) -> bool:
    """Run pipelines on one source; all else is as `run_streams` has it."""
    return await run_streams([Stream(source, tuple(pipelines))], handle_signals=handle_signals, beside=beside)


async def run_streams(
    streams: Sequence[Stream], *, handle_signals: bool = False, beside: Beside = (), sinks: Sequence[Sink] = ()
) -> bool:
    """Give every block of each source to its pipelines, until the sources end.

    A pipeline that fails ends by itself, and the others go on; so do those of other sources when a source fails.

    Parameters
    ----------
    streams
        The sources with their pipelines, whose outboxes are opened here, and closed when all that was told has been
        written.
    handle_signals
        Let SIGINT and SIGTERM end the streams: what has come is still computed, told and written. A second
        signal ends everything at once.
    beside
        What runs beside the pipelines until they end, each in a task of its own.
    sinks
        Sinks that several pipelines share; opened before, and closed behind, the pipelines' own.

    Returns
    -------
    Whether a signal ended it.

    Raises
    ------
    EdgeRuntimeError
        The first error of a source or a pipeline, when all have ended; or of what runs beside them, at once.
    """
    pipelines = [pipeline for stream in streams for pipeline in stream.pipelines]
    async with AsyncExitStack() as stack:
        for sink in sinks:
            await stack.enter_async_context(sink)
        for pipeline in pipelines:
            await stack.enter_async_context(pipeline.fanout)
        stack.enter_context(quick_handover())
        run = _Run()
        try:
            async with anyio.create_task_group() as tasks:
                if handle_signals:
                    tasks.start_soon(run.on_signals, tasks, name="signals")
                await _serve(run, streams, beside)
                tasks.cancel_scope.cancel()
        except Exception as error:
            raise first_error(error) from error
        if run.failures:
            raise run.failures[0]
        return run.stopping


async def _serve(run: _Run, streams: Sequence[Stream], beside: Beside) -> None:
    async with anyio.create_task_group() as background:
        for task in beside:
            background.start_soon(task, name=f"beside {task}")
        async with anyio.create_task_group() as tasks:
            for number, stream in enumerate(streams):
                for pipeline in stream.pipelines:
                    background.start_soon(pipeline.tell_status, name=f"status {pipeline.name}")
                tasks.start_soon(run.stream, stream, name=f"stream {number}")
        background.cancel_scope.cancel()


class _Run:
    """Streams that run; they end on the first signal, and everything ends on the second.

    Attributes
    ----------
    stopping
        Whether a signal came.
    failures
        What ended sources and pipelines before their time.
    """

    def __init__(self) -> None:
        self.stopping = False
        self.failures: list[Exception] = []
        self._scopes: list[anyio.CancelScope] = []
        self._pipelines: list[Pipeline] = []

    async def stream(self, stream: Stream) -> None:
        """Run a source and its pipelines, until all of them have ended."""
        scope = anyio.CancelScope()
        self._scopes.append(scope)
        self._pipelines += stream.pipelines
        if self.stopping:
            scope.cancel()
        async with anyio.create_task_group() as tasks:
            senders = []
            async with anyio.create_task_group() as running:
                for pipeline in stream.pipelines:
                    send, receive = anyio.create_memory_object_stream[Block](QUEUED_BLOCKS)
                    senders.append(send)
                    others = len(stream.pipelines) > 1
                    running.start_soon(self._pipeline, pipeline, receive, others, name=f"pipeline {pipeline.name}")
                tasks.start_soon(self._source, stream, senders, scope, name="source")
            # Nobody is left to read it, and it may not notice that before its next block.
            scope.cancel()

    async def on_signals(self, tasks: TaskGroup) -> None:
        """Wait for signals."""
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for number in signals:
                if self.stopping:
                    log.warning("stopped at once", signal=number.name)
                    tasks.cancel_scope.cancel()
                    return
                log.warning("stopping; once more to stop at once", signal=number.name)
                self.stopping = True
                for scope in self._scopes:
                    scope.cancel()
                for pipeline in self._pipelines:
                    pipeline.hurry()

    async def _pipeline(self, pipeline: Pipeline, blocks: MemoryObjectReceiveStream[Block], others: bool) -> None:
        """Run a pipeline, and close its queue whatever happens, so that nobody waits for it to take more."""
        async with blocks:
            try:
                await pipeline.run(blocks, others=others)
            except Exception as error:
                self.failures.append(first_error(error))

    async def _source(
        self, stream: Stream, senders: Sequence[MemoryObjectSendStream[Block]], scope: anyio.CancelScope
    ) -> None:
        """Copy the source's blocks to its pipelines; the ends of their streams tell them to finish."""
        async with AsyncExitStack() as stack:
            for sender in senders:
                await stack.enter_async_context(sender)
            try:
                await stack.enter_async_context(stream.source)
                with scope:
                    await stream.stage.keep(partial(_pump, stream, senders))
            except Exception as error:
                log.error("source failed", error=str(error))
                self.failures.append(first_error(error))


async def _pump(stream: Stream, senders: Sequence[MemoryObjectSendStream[Block]]) -> None:
    async with aclosing(stream.source.blocks()) as blocks:  # type: ignore[type-var]
        async for block in blocks:
            stream.stage.began = True
            # Whole: a stop comes between two blocks, so that every pipeline has seen the same.
            with anyio.CancelScope(shield=True):
                senders = [sender for sender in senders if await _give(sender, block)]


async def _give(sender: MemoryObjectSendStream[Block], block: Block) -> bool:
    """Give a block to a pipeline, unless it has ended and its queue is closed; why, it tells itself."""
    try:
        await sender.send(block)
    except anyio.BrokenResourceError:
        return False
    return True
