"""Feature windows from a stream, block by block, or from a whole recording."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import ConfigError, DataError
from edge_runtime.features.intake import Intake
from edge_runtime.features.plan import LARGEST_PIECE, FeaturePlan
from edge_runtime.features.policy import FeatureCounts, WindowPolicy
from edge_runtime.features.view import FeatureView
from edge_runtime.stream.block import Block, Flags, joined, runs_of
from edge_runtime.stream.clock import NS_PER_S
from edge_runtime.stream.recording import Recording
from edge_runtime.stream.ring import RingBuffer, ring_capacity

__all__ = ["FeatureComputer", "FeatureWindow", "compute_recording"]

GAP = np.uint8(Flags.GAP)


@dataclass(frozen=True)
class FeatureWindow:
    """One window's features.

    Parameters
    ----------
    index
        k of the window that starts at the stream's position ``k * hop``.
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

    Results depend on the samples and their times alone: neither on how the stream is cut into blocks, nor on how
    many windows are due at once, nor on when the computer was started. `compute_recording` uses this class, so it gives
    the same bits.

    Positions are found from the first sample's time, and then counted; a gap moves them on by the samples that are
    missing, as the times tell. A stream whose rate is not the nominal one drifts along the grid of positions; one that
    was resampled onto it (`edge_runtime.stream.Resampler`) does not.

    Parameters
    ----------
    view
        What is computed.
    rate_hz
        The stream's rate.
    channels
        The stream's channels; the view takes its own from them.
    budget
        The most bytes that the ring may take; None: what it needs.

    Attributes
    ----------
    counts
        What has been delivered, left out and missed so far.
    ring
        The newest samples of the view's channels.

    Raises
    ------
    ConfigError
        If the view makes no sense at this rate, or its windows do not fit the budget.
    DataError
        If a channel is missing.
    ToolError
        If a kernel takes a package that is not installed.
    """

    def __init__(
        self, view: FeatureView, rate_hz: float, channels: Sequence[str], *, budget: int | None = None
    ) -> None:
        self.counts = FeatureCounts()
        self._plan = plan = FeaturePlan(view, rate_hz, channels)
        self._policy = WindowPolicy(view, self.counts)
        self._intake = Intake(view, rate_hz, plan.columns, len(channels))
        self._channels = len(channels)
        self._period_ns = NS_PER_S / rate_hz
        # A window, and what comes before a window that is due is computed.
        capacity = ring_capacity([plan.length], largest_block=plan.piece) + plan.tree.pane
        try:
            self.ring = RingBuffer(len(view.channels), capacity, budget=budget)
        except DataError as error:
            raise ConfigError(f"feature view {view.name}: {error}") from error
        self._base = 0
        self._next_index = 0
        self._last_flagged = -1
        self._next_sequence: int | None = None

    @property
    def nbytes(self) -> int:
        """Bytes of the ring and of the panes, which never grow."""
        return self.ring.nbytes + self._plan.tree.nbytes

    def push(self, block: Block) -> list[FeatureWindow]:
        """Take in a block, and return the windows that it completes, oldest first.

        A block whose sequence number is not the next one has a gap before it. One that starts no later than the
        last sample has been overtaken, and one with another number of channels is not of this stream: they are left out
        and counted.
        """
        return self.push_all([block])

    def push_all(self, blocks: Sequence[Block]) -> list[FeatureWindow]:
        """Take in blocks as `push` would, one after the other; where none is missing between them, all at once."""
        windows: list[FeatureWindow] = []
        for run in runs_of(blocks):
            while run and self._refuses(run[0]):
                del run[0]
            if run:
                windows += self._take(joined(run))
                self._next_sequence = run[-1].sequence + 1
        return windows

    def _refuses(self, block: Block) -> bool:
        if block.samples.shape[1:] != (self._channels,):
            self.counts.bad_blocks += 1
            return True
        if len(block.t_ns) == 0:
            return True
        if self._intake.position is not None and block.t_ns[0] <= self._intake.last_ns:
            self.counts.late_blocks += 1
            return True
        return False

    def _take(self, block: Block) -> list[FeatureWindow]:
        # NaN and infinity are data here: they are flagged, not warned of.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            windows = self._begin_or_bridge(block)
            samples, flags = self._intake.take(block)
            for at in range(0, len(samples), self._plan.piece):
                part = slice(at, at + self._plan.piece)
                windows += self._append(block.t_ns[part], samples[part], None if flags is None else flags[part])
        return windows

    def _begin_or_bridge(self, block: Block) -> list[FeatureWindow]:
        gap = bool(block.flags) and Flags.GAP in block.flags
        if self._next_sequence is not None and block.sequence != self._next_sequence:
            gap = True
        if self._intake.position is None:
            self._restart(self._intake.start(block))
            self._next_index = -(-(self._intake.position or 0) // self._plan.hop)
            return []
        if not gap:
            return []
        self.counts.gaps += 1
        return self._bridge(self._intake.missing(block), int(block.t_ns[0]))

    def _bridge(self, missing: int, next_ns: int) -> list[FeatureWindow]:
        """Put something in the place of missing samples, as far as windows with real ones reach."""
        reach = self._plan.length - 1
        first_ns, step = self._intake.last_ns, (next_ns - self._intake.last_ns) / (missing + 1)
        if missing == 0:
            self._last_flagged = self._position
        windows = self._fill(range(min(missing, reach)), first_ns, step)
        left = missing - min(missing, reach)
        jump = max(0, left - reach)
        if jump:
            self._intake.advance(jump)
            self._restart(self._position)
            due = -(-self._position // self._plan.hop)
            self.counts.missed += max(0, due - self._next_index)
            self._next_index = max(due, self._next_index)
        return windows + self._fill(range(missing - left + jump, missing), first_ns, step)

    def _fill(self, numbers: range, first_ns: int, step: float) -> list[FeatureWindow]:
        """Append fillers, the `numbers` of all the missing samples."""
        windows: list[FeatureWindow] = []
        for at in range(0, len(numbers), self._plan.piece):
            part = numbers[at : at + self._plan.piece]
            t_ns = first_ns + np.rint((np.arange(part.start, part.stop) + 1) * step).astype(np.int64)
            samples = self._intake.filler(len(part))
            self._intake.advance(len(part))
            windows += self._append(t_ns, samples, np.full(len(part), GAP))
        return windows

    @property
    def _position(self) -> int:
        return self._intake.position or 0

    def _restart(self, position: int) -> None:
        """Make the next sample's position `position`; what is in the ring is not looked at again."""
        self._base = position - self.ring.end
        self._plan.tree.restart(position)

    def _append(
        self, t_ns: npt.NDArray[np.int64], samples: npt.NDArray[np.float32], flags: npt.NDArray[np.uint8] | None
    ) -> list[FeatureWindow]:
        self.ring.append_samples(t_ns, samples, flags)
        end = self._base + self.ring.end
        if flags is not None:
            flagged = np.flatnonzero(flags)
            if len(flagged):
                self._last_flagged = end - len(flags) + int(flagged[-1])
        first, stop = self._plan.tree.pending(end)
        if first < stop:
            self._plan.tree.extend(self.ring.window(stop - self._base, stop - first)[1])
        return self._due(end)

    def _due(self, end: int) -> list[FeatureWindow]:
        """Compute every window that the ring now holds to its end."""
        length, hop = self._plan.length, self._plan.hop
        windows: list[FeatureWindow] = []
        while (first := self._next_index * hop) + length <= end:
            count = min((end - first - length) // hop + 1, self._plan.batch)
            windows += self._compute(first, count)
            self._next_index += count
        return windows

    def _compute(self, first: int, count: int) -> Iterable[FeatureWindow]:
        """Compute `count` windows, the first of which starts at the position `first`."""
        length, hop = self._plan.length, self._plan.hop
        at = first - self._base
        samples = self.ring.windows(at + length, length, count=count, hop=hop) if self._plan.needs_samples else None
        starts_ns = self.ring.times_of(at, count=count, hop=hop).tolist()
        ends_ns = self.ring.times_of(at + length - 1, count=count, hop=hop).tolist()
        values, finite = self._plan.compute(first, samples, ends_ns)
        values.flags.writeable = False
        numbers = range(self._next_index, self._next_index + count)
        if self._last_flagged < first and finite.all():
            self._policy.take_whole(values)
            return map(FeatureWindow, numbers, starts_ns, ends_ns, values, repeat(Flags.NONE))
        flags = map(Flags, self._flags(first, count, finite).tolist())
        return self._by_policy(at + length, zip(numbers, starts_ns, ends_ns, values, flags, strict=True))

    def _by_policy(
        self, end: int, windows: Iterable[tuple[int, int, int, npt.NDArray[np.float32], Flags]]
    ) -> Iterator[FeatureWindow]:
        """Deliver the windows as the view's policies say; `end` is the ring's index after the first one."""
        for number, start_ns, end_ns, values, flags in windows:
            empty = Flags.GAP in flags and self._is_empty(end)
            end += self._plan.hop
            if empty:
                self.counts.missed += 1
                continue
            delivered = self._policy.apply(values, flags)
            if delivered is not None:
                yield FeatureWindow(number, start_ns, end_ns, delivered, flags)

    def _flags(self, first: int, count: int, finite: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
        length, hop = self._plan.length, self._plan.hop
        flags = self.ring.window_flags(first + length - self._base, length, count=count, hop=hop)
        # Where samples are missing, NaN is what stands for them.
        flags[~finite & (flags & GAP == 0)] |= np.uint8(Flags.NOT_FINITE)
        return flags

    def _is_empty(self, end: int) -> bool:
        """Whether none of a window's samples came."""
        return bool((self.ring.sample_flags(end, self._plan.length) & GAP).all())


def compute_recording(view: FeatureView, recording: Recording) -> list[FeatureWindow]:
    """Compute a view over a whole recording: the windows that the stream would have given, to the same bits.

    Raises
    ------
    ConfigError
        If the view makes no sense at the recording's rate.
    DataError
        If a channel is missing.
    ToolError
        If a kernel takes a package that is not installed.
    """
    computer = FeatureComputer(view, recording.rate_hz, recording.channels)
    return [window for block in recording.blocks(LARGEST_PIECE) for window in computer.push(block)]
