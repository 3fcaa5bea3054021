"""Takes a source's blocks in the background, and waits for what they bring."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from edge_runtime.sources import Source
from edge_runtime.stream import Block

__all__ = ["Listener", "until"]


async def until(condition: Callable[[], bool], *, seconds: float = 20.0) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(seconds) if hasattr(asyncio, "timeout") else _Never():
        while not condition():
            await asyncio.sleep(0.005)


class _Never:
    async def __aenter__(self) -> None: ...
    async def __aexit__(self, *_: object) -> None: ...


class Listener:
    """Takes a source's blocks in the background."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.blocks: list[Block] = []
        self.task = asyncio.ensure_future(self._listen())

    async def _listen(self) -> None:
        async for block in self.source.blocks():
            self.blocks.append(block)

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.source.aclose()
