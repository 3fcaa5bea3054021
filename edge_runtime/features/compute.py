"""Feature windows from a stream, block by block, or from a whole recording."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError
from edge_runtime.features.plan import FeaturePlan
from edge_runtime.features.policy import FeatureCounts, WindowPolicy
from edge_runtime.features.view import FeatureView
from edge_runtime.stream.block import Block, Flags
from edge_runtime.stream.recording import Recording
from edge_runtime.stream.ring import RingBuffer, ring_capacity

__all__ = ["FeatureComputer", "FeatureWindow", "compute_recording"]

LARGEST_PIECE = 4096
"""The most samples that go into the ring at once, unless a window is longer; it bounds the ring's memory."""


@dataclass(frozen=True)
class FeatureWindow:
    """One window's features.

    Parameters
    ----------
    index
        k of the window that ends before sample ``k * hop + window`` of the stream.
    start_ns, end_ns
        Acquisition times of the window's first and of its last sample.
    values
        float32[size], in the order of the view's `output_names`; read-only.
    flags
        What is known about the window's quality.
    """

    index: int
    start_ns: int
    end_ns: int
    values: npt.NDArray[np.float32]
    flags: Flags


class FeatureComputer:
    """Computes a view over a stream as its blocks come.

    Results depend on the samples alone: neither on how the stream is cut into blocks, nor on how many windows are
    due at once. `compute_recording` uses this class, so it gives the same bits.

    Parameters
    ----------
    view
        What is computed.
    rate_hz
        The stream's rate.
    channels
        The stream's channels; the view takes its own from them.

    Attributes
    ----------
    counts
        What has been delivered, left out and missed so far.
    ring
        The newest samples of the stream.

    Raises
    ------
    ConfigError
        If the view makes no sense at this rate.
    DataError
        If a channel is missing.
    """

    def __init__(self, view: FeatureView, rate_hz: float, channels: Sequence[str]) -> None:
        self.counts = FeatureCounts()
        self._plan = FeaturePlan(view, rate_hz, channels)
        self._policy = WindowPolicy(view, self.counts)
        self._piece = min(self._plan.batch * self._plan.hop, max(self._plan.length, LARGEST_PIECE))
        self.ring = RingBuffer(len(channels), ring_capacity([self._plan.length], largest_block=self._piece))
        self._next_index = 0
        self._next_sequence: int | None = None
        self._last_ns: int | None = None

    def push(self, block: Block) -> list[FeatureWindow]:
        """Take in a block, and return the windows that it completes, oldest first.

        A block whose sequence number is not the next one has a gap before it. One that starts no later than the
        last sample has been overtaken: it is left out and counted.

        Raises
        ------
        DataError
            If the block has another number of channels than was declared.
        """
        if block.samples.shape[1:] != (self.ring.channels,):
            shape = list(block.samples.shape)
            raise DataError(f"block {block.sequence}: samples are {shape}; they must be [n, {self.ring.channels}]")
        if len(block.t_ns) == 0:
            return []
        if self._last_ns is not None and block.t_ns[0] <= self._last_ns:
            self.counts.late_blocks += 1
            return []
        flags = self._link(block)
        windows: list[FeatureWindow] = []
        for piece in _pieces(block, flags, self._piece):
            self.ring.append(piece)
            windows += self._due()
        return windows

    def _link(self, block: Block) -> Flags:
        """Return the block's flags, with a gap where its sequence number jumps; NOT_FINITE is found anew per window."""
        flags = block.flags & ~Flags.NOT_FINITE
        if self._next_sequence is not None and block.sequence != self._next_sequence:
            flags |= Flags.GAP
        self._next_sequence = block.sequence + 1
        self._last_ns = int(block.t_ns[-1])
        self.counts.gaps += Flags.GAP in flags
        return flags

    def _due(self) -> Iterator[FeatureWindow]:
        """Compute every window that the ring now holds to its end."""
        length, hop = self._plan.length, self._plan.hop
        while (end := self._next_index * hop + length) <= self.ring.end:
            count = min((self.ring.end - end) // hop + 1, self._plan.batch)
            yield from self._compute(end, count)
            self._next_index += count

    def _compute(self, end: int, count: int) -> Iterator[FeatureWindow]:
        """Compute `count` windows, the first of which ends before sample `end`."""
        length, hop = self._plan.length, self._plan.hop
        stretch = (count - 1) * hop + length
        t_ns, _ = self.ring.window(end + stretch - length, stretch)
        flags = self.ring.window_flags(end, length, count=count, hop=hop)
        values, finite = self._plan.compute(self.ring.windows(end, length, count=count, hop=hop))
        flags[~finite] |= np.uint8(Flags.NOT_FINITE)
        values.flags.writeable = False
        starts, ends = t_ns[: stretch - length + 1 : hop].tolist(), t_ns[length - 1 :: hop].tolist()
        for position, known in enumerate(flags.tolist()):
            delivered = self._policy.apply(values[position], Flags(known))
            if delivered is not None:
                yield FeatureWindow(
                    self._next_index + position, starts[position], ends[position], delivered, Flags(known)
                )


def compute_recording(view: FeatureView, recording: Recording) -> list[FeatureWindow]:
    """Compute a view over a whole recording: the windows that the stream would have given, to the same bits.

    Raises
    ------
    ConfigError
        If the view makes no sense at the recording's rate.
    DataError
        If a channel is missing.
    """
    computer = FeatureComputer(view, recording.rate_hz, recording.channels)
    return [window for block in recording.blocks(LARGEST_PIECE) for window in computer.push(block)]


def _pieces(block: Block, flags: Flags, largest: int) -> Iterator[Block]:
    """Cut a block into pieces of at most `largest` samples; a gap is before the first one only."""
    for at in range(0, len(block.t_ns), largest):
        part = slice(at, at + largest)
        yield Block(block.t_ns[part], block.samples[part], block.sequence, flags if at == 0 else flags & ~Flags.GAP)
