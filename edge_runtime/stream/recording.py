"""A recording: a stream's samples and times as arrays, with what is known to be true in it."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError
from edge_runtime.stream.arrays import read_only
from edge_runtime.stream.block import Block, Flags, check_times
from edge_runtime.stream.channels import check_channel_names, find_channels
from edge_runtime.stream.clock import NS_PER_S, sample_times

__all__ = ["Recording", "Span", "concatenate_cases"]

GAP_PERIODS = 1.5
"""Two samples further apart than this many periods have a gap between them: the next sample is nearer to missing than
to late."""


@dataclass(frozen=True)
class Span:
    """What was true from `start_ns` up to, but not at, `end_ns` (nanoseconds since the Unix epoch, UTC)."""

    start_ns: int
    end_ns: int
    label: str


@dataclass(frozen=True)
class Recording:
    """A recorded stream.

    Parameters
    ----------
    t_ns
        int64[n], acquisition times in nanoseconds since the Unix epoch, UTC, each after the one before.
    samples
        float32[n, channels]; NaN and infinity are let in, and flagged in the blocks that hold them.
    channels
        The channels' names, in the order of `samples`' columns.
    rate_hz
        The nominal rate. Where samples are further apart than that, there is a gap.
    spans
        What is known to be true when, sorted by start; spans do not overlap.

    Raises
    ------
    DataError
        If an array is not what is said here, a name is given twice, or a span is empty or overlaps another.
    """

    t_ns: npt.NDArray[np.int64]
    samples: npt.NDArray[np.float32]
    channels: tuple[str, ...]
    rate_hz: float
    spans: tuple[Span, ...] = ()

    def __post_init__(self) -> None:
        check_times(self.t_ns, where="recording")
        wanted = (len(self.t_ns), len(self.channels))
        if self.samples.shape != wanted or self.samples.dtype != np.float32:
            raise DataError(
                f"recording: samples are {self.samples.dtype}{list(self.samples.shape)}; they must be "
                f"float32{list(wanted)}, for {wanted[0]} times and the channels {', '.join(self.channels)}"
            )
        check_channel_names(self.channels, where="recording")
        if not (np.isfinite(self.rate_hz) and self.rate_hz > 0):
            raise DataError(f"recording: the rate is {self.rate_hz} Hz; it must be above 0")
        _check_spans(self.spans)

    def __len__(self) -> int:
        return len(self.t_ns)

    @property
    def duration_s(self) -> float:
        """Seconds from the first sample to the last."""
        return int(self.t_ns[-1] - self.t_ns[0]) / NS_PER_S

    def select(self, channels: Sequence[str]) -> Recording:
        """Return the same recording with only `channels`, in that order.

        Raises
        ------
        DataError
            If a channel is not in the recording; the message names those that are.
        """
        if tuple(channels) == self.channels:
            return self
        columns = find_channels(channels, self.channels, where="recording")
        return Recording(self.t_ns, self.samples[:, columns], tuple(channels), self.rate_hz, self.spans)

    def label_between(self, start_ns: int, end_ns: int) -> str | None:
        """Return what was true all the way from `start_ns` to `end_ns`, both included; None if nothing was."""
        at = bisect_right(self.spans, start_ns, key=lambda span: span.start_ns) - 1
        return self.spans[at].label if at >= 0 and end_ns < self.spans[at].end_ns else None

    def blocks(self, block_size: int) -> Iterator[Block]:
        """Cut the recording into blocks of `block_size` samples; a block also ends where a gap begins.

        Blocks are read-only views: nothing is copied. The block after a gap has `Flags.GAP`, one that holds
        NaN or infinity has `Flags.NOT_FINITE`.

        Raises
        ------
        DataError
            If `block_size` is below 1.
        """
        if block_size < 1:
            raise DataError(f"block_size is {block_size}; it must be 1 or more")
        sequence = 0
        for start, stop in self._runs():
            for at in range(start, stop, block_size):
                after_gap = at == start and start > 0
                yield self._block(at, min(at + block_size, stop), sequence, after_gap=after_gap)
                sequence += 1

    def _runs(self) -> Iterator[tuple[int, int]]:
        """Yield the stretches without a gap in them, as (start, stop)."""
        limit = int(GAP_PERIODS * NS_PER_S / self.rate_hz)
        cuts = np.flatnonzero(np.diff(self.t_ns) > limit) + 1
        edges = [0, *cuts.tolist(), len(self)]
        yield from itertools.pairwise(edges)

    def _block(self, start: int, stop: int, sequence: int, *, after_gap: bool) -> Block:
        t_ns = read_only(self.t_ns[start:stop])
        samples = read_only(self.samples[start:stop])
        flags = Flags.GAP if after_gap else Flags.NONE
        if not np.isfinite(samples).all():
            flags |= Flags.NOT_FINITE
        return Block(t_ns, samples, sequence, flags)


def concatenate_cases(
    cases: npt.NDArray[np.float32],
    labels: Sequence[str],
    *,
    channels: Sequence[str],
    rate_hz: float,
    start_ns: int = 0,
) -> Recording:
    """Make one recording of cases that follow each other without a pause.

    Parameters
    ----------
    cases
        float32[cases, n, channels].
    labels
        What each case is; it becomes a `Span` over the case's samples.
    channels
        The channels' names.
    rate_hz
        The rate of every case; the times go on evenly from one case to the next.
    start_ns
        When the first sample is acquired.

    Raises
    ------
    DataError
        If the counts of cases and labels differ, or the array is not float32[cases, n, channels].
    """
    if cases.ndim != 3 or cases.shape[0] != len(labels) or cases.size == 0:
        raise DataError(
            f"cases are {cases.dtype}{list(cases.shape)} with {len(labels)} labels; "
            f"they must be float32[cases, n, channels] with one label each, and not empty"
        )
    count, length, columns = cases.shape
    t_ns = sample_times(0, count * length + 1, rate_hz=rate_hz, start_ns=start_ns)
    edges = t_ns[::length].tolist()
    spans = tuple(Span(a, b, label) for (a, b), label in zip(itertools.pairwise(edges), labels, strict=True))
    return Recording(t_ns[:-1], cases.reshape(count * length, columns), tuple(channels), rate_hz, spans)


def _check_spans(spans: tuple[Span, ...]) -> None:
    for span in spans:
        if span.end_ns <= span.start_ns:
            raise DataError(
                f"span {span.label!r}: its end, {span.end_ns} ns, is not after its start, {span.start_ns} ns"
            )
    for before, after in itertools.pairwise(spans):
        if after.start_ns < before.end_ns:
            raise DataError(
                f"span {after.label!r}: it starts at {after.start_ns} ns, before {before.label!r} ends at "
                f"{before.end_ns} ns; spans must be sorted and must not overlap"
            )
