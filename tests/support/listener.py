"""Takes a source's blocks in the background."""

from __future__ import annotations

import asyncio

from edge_runtime.sources import Source
from edge_runtime.stream import Block

__all__ = ["Listener"]


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
