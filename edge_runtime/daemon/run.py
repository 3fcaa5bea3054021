"""Runs pipelines on one source until it ends or somebody stops them, and leaves nothing half done."""

from __future__ import annotations

import signal
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, aclosing, suppress
from typing import Any

import anyio
import structlog
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from edge_runtime.daemon.pipeline import Pipeline
from edge_runtime.errors import EdgeRuntimeError
from edge_runtime.sources.base import Source
from edge_runtime.stream.block import Block

__all__ = ["run_pipelines"]

QUEUED_BLOCKS = 8

log = structlog.get_logger(__name__)


async def run_pipelines(
    source: Source,
    pipelines: Sequence[Pipeline],
    *,
    handle_signals: bool = False,
    beside: Sequence[Callable[[], Coroutine[Any, Any, None]]] = (),
) -> bool:
    """Give every block of a source to each pipeline, until the source ends.

    Queues between them are bounded: the slowest pipeline sets the pace.

    Parameters
    ----------
    source
        Closed at the end.
    pipelines
        Their outboxes are opened here, and closed when all that was told has been written.
    handle_signals
        Let SIGINT and SIGTERM end the stream: what has come is still computed, told and written. A second
        signal ends everything at once.
    beside
        What runs beside the pipelines until they end, each in a task of its own.

    Returns
    -------
    Whether a signal ended it.

    Raises
    ------
    EdgeRuntimeError
        The first error of the source or a pipeline; the others are stopped, and what was told is written.
    """
    async with AsyncExitStack() as stack:
        for pipeline in pipelines:
            await stack.enter_async_context(pipeline.fanout)
        await stack.enter_async_context(source)
        stop = _Stop()
        try:
            async with anyio.create_task_group() as tasks:
                if handle_signals:
                    tasks.start_soon(stop.on_signals, tasks, name="signals")
                await _serve(source, pipelines, stop, beside)
                tasks.cancel_scope.cancel()
        except Exception as error:
            raise _first_error(error) from error
        return stop.asked


async def _serve(
    source: Source,
    pipelines: Sequence[Pipeline],
    stop: _Stop,
    beside: Sequence[Callable[[], Coroutine[Any, Any, None]]],
) -> None:
    async with anyio.create_task_group() as background:
        for task in beside:
            background.start_soon(task, name=f"beside {task}")
        async with anyio.create_task_group() as tasks:
            senders = []
            for pipeline in pipelines:
                send, receive = anyio.create_memory_object_stream[Block](QUEUED_BLOCKS)
                senders.append(send)
                tasks.start_soon(_run_one, pipeline, receive, name=f"pipeline {pipeline.name}")
                background.start_soon(pipeline.tell_status, name=f"status {pipeline.name}")
            tasks.start_soon(_pump, source, senders, stop, name="source")
        background.cancel_scope.cancel()


async def _run_one(pipeline: Pipeline, blocks: MemoryObjectReceiveStream[Block]) -> None:
    """Run a pipeline, and close its queue whatever happens, so that nobody waits for it to take more."""
    async with blocks:
        await pipeline.run(blocks)


async def _pump(source: Source, senders: Sequence[MemoryObjectSendStream[Block]], stop: _Stop) -> None:
    """Copy the source's blocks to every pipeline; the ends of their streams tell them to finish."""
    async with AsyncExitStack() as stack:
        for sender in senders:
            await stack.enter_async_context(sender)
        # A closed queue is a failed pipeline, which tells why itself.
        with stop.scope, suppress(anyio.BrokenResourceError):
            async with aclosing(source.blocks()) as blocks:  # type: ignore[type-var]
                async for block in blocks:
                    # Whole: a stop comes between two blocks, so that every pipeline has seen the same.
                    with anyio.CancelScope(shield=True):
                        for sender in senders:
                            await sender.send(block)


class _Stop:
    """Ends the stream on the first signal, and everything on the second."""

    def __init__(self) -> None:
        self.asked = False
        self.scope = anyio.CancelScope()

    async def on_signals(self, tasks: TaskGroup) -> None:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for number in signals:
                if self.asked:
                    log.warning("stopped at once", signal=number.name)
                    tasks.cancel_scope.cancel()
                    return
                log.warning("stopping; once more to stop at once", signal=number.name)
                self.asked = True
                self.scope.cancel()


def _first_error(error: Exception) -> Exception:
    """Return what really happened: the first error of ours in nested exception groups, or the first at all."""
    leaves = list(_leaves(error))
    return next((leaf for leaf in leaves if isinstance(leaf, EdgeRuntimeError)), leaves[0])


def _leaves(error: Exception) -> list[Exception]:
    nested: Sequence[Exception] = getattr(error, "exceptions", ())
    return [leaf for inner in nested for leaf in _leaves(inner)] if nested else [error]
