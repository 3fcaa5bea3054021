"""A recording played as a source."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from edge_runtime.errors import DataError
from edge_runtime.sources.base import Source, SourceCounts
from edge_runtime.sources.pace import Pace, Pacer
from edge_runtime.stream.block import Block
from edge_runtime.stream.files import load_recording
from edge_runtime.stream.recording import Recording

__all__ = ["RecordedSource"]


class RecordedSource(Source):
    """Plays a recording: the same blocks in the same order every time.

    Parameters
    ----------
    recording
        The recording, or the path of a file with one (`load_recording`).
    channels
        Which channels, in which order; None means all of them.
    block_size
        Samples in each block; the last one before a gap or the end may be shorter.
    pace
        ``"max"``, or a factor of real time: a block is handed out when its last sample would have come.

    Raises
    ------
    DataError
        If the file cannot be read, a channel is missing, or `block_size` or `pace` is out of range.
    """

    def __init__(
        self,
        recording: Recording | Path | str,
        *,
        channels: Sequence[str] | None = None,
        block_size: int = 64,
        pace: Pace = "max",
    ) -> None:
        if block_size < 1:
            raise DataError(f"block_size is {block_size}; it must be 1 or more")
        loaded = recording if isinstance(recording, Recording) else load_recording(recording)
        self.recording = loaded if channels is None else loaded.select(channels)
        self.channels = self.recording.channels
        self.rate_hz = self.recording.rate_hz
        self.counts = SourceCounts()
        self._block_size = block_size
        self._pace = pace
        Pacer(pace)

    async def blocks(self) -> AsyncIterator[Block]:
        """Yield the recording's blocks at the chosen pace; each call plays it from the start."""
        pacer = Pacer(self._pace)
        first_ns = int(self.recording.t_ns[0])
        for block in self.recording.blocks(self._block_size):
            await pacer.wait(first_ns=first_ns, due_ns=int(block.t_ns[-1]))
            self.counts.add(block)
            yield block
