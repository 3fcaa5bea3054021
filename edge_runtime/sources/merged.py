"""Several sources, of different rates, as one on a common grid."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

import anyio
import anyio.lowlevel

from edge_runtime.sources.base import Source, SourceCounts
from edge_runtime.stream.block import Block
from edge_runtime.stream.resample import Resampler

__all__ = ["MergedSource"]

WAITING = 64


class MergedSource(Source):
    """Brings sources onto the grid of one rate; what is missing of one of them is NaN there.

    Parameters
    ----------
    sources
        They belong to this one, and are closed with it.
    rate_hz
        The grid's rate.
    hold
        The numbers of those sources that keep their value between samples; the others are interpolated.
    patience_s
        How long one that is behind is waited for.

    Attributes
    ----------
    sources
        Each has its own counts.
    """

    def __init__(
        self, sources: Sequence[Source], rate_hz: float, *, hold: Sequence[int] = (), patience_s: float = 1.0
    ) -> None:
        self.sources = tuple(sources)
        self.rate_hz = rate_hz
        self.counts = SourceCounts()
        self._resampler = Resampler(
            [source.channels for source in sources],
            [source.rate_hz for source in sources],
            rate_hz,
            hold=hold,
            patience_s=patience_s,
        )
        self.channels = self._resampler.channels

    async def blocks(self) -> AsyncIterator[Block]:
        """Yield the grid's blocks until all sources have ended."""
        queue: asyncio.Queue[tuple[int, Block | None]] = asyncio.Queue(WAITING)
        tasks = [
            asyncio.create_task(_pump(source, number, queue), name=f"source {number}")
            for number, source in enumerate(self.sources)
        ]
        try:
            running = len(tasks)
            while running:
                number, block = await queue.get()
                if block is None:
                    running -= 1
                    # Raises what ended it, if that was an error.
                    await tasks[number]
                    continue
                for merged in self._resampler.push(number, block):
                    # The queue may never be empty: others run, and cancel, here.
                    await anyio.lowlevel.checkpoint()
                    self.counts.add(merged)
                    yield merged
            for merged in self._resampler.flush():
                await anyio.lowlevel.checkpoint()
                self.counts.add(merged)
                yield merged
        finally:
            self.counts.late = self._resampler.late
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def aclose(self) -> None:
        """Close all sources."""
        for source in self.sources:
            await source.aclose()


async def _pump(source: Source, number: int, queue: asyncio.Queue[tuple[int, Block | None]]) -> None:
    """Copy a source's blocks; its end, or its error, is told by None. Whoever cancels this does not listen any more."""
    try:
        async with aclosing(source.blocks()) as blocks:  # type: ignore[type-var]
            async for block in blocks:
                await queue.put((number, block))
    except Exception:
        await queue.put((number, None))
        raise
    await queue.put((number, None))
