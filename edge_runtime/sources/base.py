"""The source seam: blocks of samples, from wherever they come."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType

from typing_extensions import Self

from edge_runtime.stream.block import Block, Flags

__all__ = ["Source", "SourceCounts"]


@dataclass
class SourceCounts:
    """What a source has delivered so far, and what happened on the way.

    Parameters
    ----------
    blocks, samples, gaps
        Delivered blocks, their samples, and how many of them had a gap before them.
    broken
        Frames, lines or messages that could not be read.
    lost, late, duplicates, reordered
        As sequence numbers tell: numbers that never came, that came too late and were left out, that came again and
        were left out, and that were put in their place.
    reconnects, silences
        How often the connection was lost, or nothing came in time, and it was made anew.
    dropped
        What came faster than it was taken.
    """

    blocks: int = 0
    samples: int = 0
    gaps: int = 0
    broken: int = 0
    lost: int = 0
    late: int = 0
    duplicates: int = 0
    reordered: int = 0
    reconnects: int = 0
    silences: int = 0
    dropped: int = 0

    def add(self, block: Block) -> None:
        """Count one block."""
        self.blocks += 1
        self.samples += len(block.t_ns)
        self.gaps += Flags.GAP in block.flags


class Source(ABC):
    """Delivers blocks of one stream; used as an asynchronous context manager, or closed by hand.

    Attributes
    ----------
    channels
        The names of the samples' columns.
    rate_hz
        The nominal rate.
    counts
        What `blocks` has delivered so far.
    """

    channels: tuple[str, ...]
    rate_hz: float
    counts: SourceCounts

    @abstractmethod
    def blocks(self) -> AsyncIterator[Block]:
        """Yield the stream's blocks, oldest first, until it ends.

        Sequence numbers count up from 0; a block before which samples were lost has `Flags.GAP`, and is
        counted. Every block lets other tasks run, and may be cancelled while it waits.

        Raises
        ------
        DataError
            If what comes is not what was declared, and going on makes no sense.
        """

    async def aclose(self) -> None:
        """Release what the source holds; closing twice does nothing."""
        return

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
