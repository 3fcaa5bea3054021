"""Streams of different rates, or of clocks that drift, onto one grid of times."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError
from edge_runtime.stream.block import Block, Flags
from edge_runtime.stream.channels import check_channel_names
from edge_runtime.stream.clock import NS_PER_S

__all__ = ["Resampler", "grid_time"]


def grid_time(position: int, rate_hz: float) -> int:
    """Return the time of a position of the grid, in nanoseconds since the Unix epoch, exactly rounded."""
    return round(Fraction(position) * NS_PER_S / Fraction(rate_hz))


class Resampler:
    """Brings the blocks of one or several streams onto one grid: position k is at ``k / rate`` since the epoch.

    Between two samples a channel is interpolated linearly (`linear`) or keeps the earlier value (`hold`, for states and
    slow sensors). Where samples of a stream are missing, its channels are NaN on the grid. A grid point is given out
    as soon as every stream has passed it, or `patience` after the stream that is furthest ahead; then those that are
    behind are NaN there. Resampling to a lower rate does not filter: choose a rate at which nothing aliases.

    Parameters
    ----------
    streams
        For each stream its channels' names, all different.
    rates_hz
        For each stream its nominal rate: two samples further apart than one and a half periods have a gap between.
    rate_hz
        The grid's rate.
    hold
        Which streams keep the earlier value.
    patience_s
        How long a stream that is behind is waited for, in the streams' own time.

    Attributes
    ----------
    channels
        All channels, stream after stream.
    late
        Samples that came after their place had been given out.

    Raises
    ------
    DataError
        If a rate is not above 0, or a name is there twice.
    """

    def __init__(
        self,
        streams: Sequence[Sequence[str]],
        rates_hz: Sequence[float],
        rate_hz: float,
        *,
        hold: Sequence[int] = (),
        patience_s: float = 1.0,
    ) -> None:
        self.channels = tuple(name for names in streams for name in names)
        check_channel_names(self.channels, where="resampler")
        for rate in (rate_hz, *rates_hz):
            if not (math.isfinite(rate) and rate > 0):
                raise DataError(f"resampler: a rate is {rate} Hz; it must be above 0")
        self.rate_hz = rate_hz
        self.late = 0
        self._inputs = [
            _Input(len(names), rate, hold=number in hold)
            for number, (names, rate) in enumerate(zip(streams, rates_hz, strict=True))
        ]
        self._patience_ns = round(patience_s * NS_PER_S)
        self._position: int | None = None
        self._sequence = 0

    def push(self, stream: int, block: Block) -> Iterator[Block]:
        """Take in a block of a stream, and yield a block of what the grid then has."""
        self.late += self._inputs[stream].take(block)
        yield from self._give(self._passed_ns())

    def flush(self) -> Iterator[Block]:
        """Yield what is left, up to the newest sample of any stream."""
        yield from self._give(max((one.newest_ns for one in self._inputs if one.started), default=-1))

    def _passed_ns(self) -> int:
        """Return the time up to which the grid can be given out; -1 for not at all."""
        started = [one.newest_ns for one in self._inputs if one.started]
        waited = max(started) - self._patience_ns
        return min(started) if len(started) == len(self._inputs) and min(started) >= waited else waited

    def _give(self, until_ns: int) -> Iterator[Block]:
        if self._position is None:
            first_ns = min((one.oldest_ns for one in self._inputs if one.started), default=None)
            if first_ns is None:
                return
            self._position = math.ceil(Fraction(first_ns) * Fraction(self.rate_hz) / NS_PER_S)
        end = math.floor(Fraction(until_ns) * Fraction(self.rate_hz) / NS_PER_S) + 1
        if end <= self._position:
            return
        t_ns = np.array([grid_time(k, self.rate_hz) for k in range(self._position, end)], dtype=np.int64)
        samples = np.concatenate([one.at(t_ns) for one in self._inputs], axis=1)
        flags = Flags.NONE if np.isfinite(samples).all() else Flags.NOT_FINITE
        for one in self._inputs:
            flags |= one.flags
            one.forget_before(int(t_ns[-1]))
        yield Block(t_ns, samples, self._sequence, flags)
        self._sequence += 1
        self._position = end


class _Input:
    """One stream's samples that the grid has not passed yet."""

    def __init__(self, channels: int, rate_hz: float, *, hold: bool) -> None:
        self._reach_ns = round(1.5 * NS_PER_S / rate_hz)
        self._hold = hold
        self._t_ns = np.zeros(0, dtype=np.int64)
        self._samples = np.zeros((0, channels), dtype=np.float32)
        self.oldest_ns = self.newest_ns = 0
        self.started = False
        self.flags = Flags.NONE

    def take(self, block: Block) -> int:
        """Keep a block's samples, and return how many of them came too late."""
        fresh = block.t_ns > self.newest_ns if self.started else np.ones(len(block.t_ns), dtype=np.bool_)
        if not self.started and len(block.t_ns):
            self.oldest_ns = int(block.t_ns[0])
            self.started = True
        self._t_ns = np.concatenate([self._t_ns, block.t_ns[fresh]])
        self._samples = np.concatenate([self._samples, block.samples[fresh]])
        if len(self._t_ns):
            self.newest_ns = int(self._t_ns[-1])
        self.flags |= block.flags & Flags.SATURATED
        return int(len(fresh) - np.count_nonzero(fresh))

    def at(self, t_ns: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Return float32[n, channels] at these times, NaN where the stream has nothing near."""
        result = np.full((len(t_ns), self._samples.shape[1]), np.nan, dtype=np.float32)
        if len(self._t_ns) == 0:
            return result
        after = np.searchsorted(self._t_ns, t_ns, side="left")
        exact = (after < len(self._t_ns)) & (self._t_ns[np.minimum(after, len(self._t_ns) - 1)] == t_ns)
        result[exact] = self._samples[after[exact]]
        inside = ~exact & (after > 0) & ((after < len(self._t_ns)) | self._hold)
        before = after[inside] - 1
        if self._hold:
            near = t_ns[inside] - self._t_ns[before] <= self._reach_ns
            result[np.flatnonzero(inside)[near]] = self._samples[before[near]]
        else:
            self._interpolate(t_ns, result, np.flatnonzero(inside), before)
        return result

    def _interpolate(
        self,
        t_ns: npt.NDArray[np.int64],
        result: npt.NDArray[np.float32],
        rows: npt.NDArray[np.intp],
        before: npt.NDArray[np.intp],
    ) -> None:
        left, right = self._t_ns[before], self._t_ns[before + 1]
        near = right - left <= self._reach_ns
        rows, before, left, right = rows[near], before[near], left[near], right[near]
        weight = ((t_ns[rows] - left) / (right - left))[:, None]
        first, second = self._samples[before].astype(np.float64), self._samples[before + 1].astype(np.float64)
        result[rows] = first + weight * (second - first)

    def forget_before(self, t_ns: int) -> None:
        """Keep only what later grid points may need: from the last sample before `t_ns` on."""
        keep = max(0, int(np.searchsorted(self._t_ns, t_ns, side="right")) - 1)
        self._t_ns, self._samples = self._t_ns[keep:], self._samples[keep:]
        self.flags = Flags.NONE
