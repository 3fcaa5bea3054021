"""What happens to samples before windows see them: positions on the time grid, missing ones, limits, good values."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from edge_runtime.features.view import FeatureView
from edge_runtime.stream.block import Block, Flags
from edge_runtime.stream.clock import NS_PER_S

__all__ = ["Intake", "position_of"]


def position_of(t_ns: int, rate_hz: float) -> int:
    """Return the position on the grid of an even rate that begins at the Unix epoch, to the nearest sample."""
    return round(Fraction(t_ns) * Fraction(rate_hz) / NS_PER_S)


class Intake:
    """Makes of a view's channels what the view's policies say, sample by sample, and knows their positions.

    Parameters
    ----------
    view
        Its policies and limits.
    rate_hz
        The stream's rate.
    columns
        Where the view's channels stand among the stream's.
    channels
        How many channels the stream has.

    Attributes
    ----------
    position
        The position of the next sample; None before the first.
    last_ns
        When the newest sample was acquired.
    """

    def __init__(self, view: FeatureView, rate_hz: float, columns: Sequence[int], channels: int) -> None:
        self.position: int | None = None
        self.last_ns = 0
        self._rate_hz = rate_hz
        self._columns = None if list(columns) == list(range(channels)) else list(columns)
        self._fills_gaps = view.gap == "fill"
        self._replaced = Flags.NONE
        if view.non_finite == "fill":
            self._replaced |= Flags.NOT_FINITE
        if view.saturated == "fill":
            self._replaced |= Flags.SATURATED
        self._limits = _limits(view)
        self._good = np.zeros((1, len(view.channels)), dtype=np.float32)

    def missing(self, block: Block) -> int:
        """Return how many samples are missing before a block that has a gap before it.

        The block's time and the last sample's tell it; where the grid of positions agrees to a sample, it decides, so
        that rounding does not add up. A device whose clock runs off its nominal rate does not agree, and then keeps
        its count.
        """
        if self.position is None:
            return 0
        elapsed = Fraction(int(block.t_ns[0]) - self.last_ns) * Fraction(self._rate_hz) / NS_PER_S
        by_time = self.position + max(0, round(elapsed) - 1)
        by_grid = position_of(int(block.t_ns[0]), self._rate_hz)
        chosen = by_grid if abs(by_grid - by_time) <= 1 else by_time
        return max(0, chosen - self.position)

    def start(self, block: Block) -> int:
        """Set the position to that of a block's first sample, and return it."""
        self.position = position_of(int(block.t_ns[0]), self._rate_hz)
        return self.position

    def take(self, block: Block) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8] | None]:
        """Return a block's samples, float32[n, the view's channels], and each sample's flags, if any is flagged."""
        samples = block.samples if self._columns is None else block.samples[:, self._columns]
        bad = ~np.isfinite(samples)
        flags = self._flags(block, samples, bad)
        if flags is None:
            self._good[...] = samples[-1]
        else:
            samples = self._replace(samples, bad, flags)
        self.last_ns = int(block.t_ns[-1])
        self.advance(len(samples))
        return samples, flags

    def filler(self, count: int) -> npt.NDArray[np.float32]:
        """Return what stands for missing samples: float32[count, channels]."""
        if self._fills_gaps:
            return np.repeat(self._good, count, axis=0)
        return np.full((count, self._good.shape[1]), np.nan, dtype=np.float32)

    def advance(self, count: int) -> None:
        """Go on by some positions."""
        self.position = (self.position or 0) + count

    def _flags(
        self, block: Block, samples: npt.NDArray[np.float32], bad: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.uint8] | None:
        of_block = block.flags & Flags.SATURATED if block.flags else Flags.NONE
        beyond = self._beyond(samples)
        if not of_block and beyond is None and not bad.any():
            return None
        flags = np.full(len(samples), np.uint8(of_block), dtype=np.uint8)
        flags[bad.any(axis=1)] |= np.uint8(Flags.NOT_FINITE)
        if beyond is not None:
            flags[beyond.any(axis=1)] |= np.uint8(Flags.SATURATED)
        return flags

    def _beyond(self, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_] | None:
        if self._limits is None:
            return None
        low, high = self._limits
        beyond: npt.NDArray[np.bool_] = (samples <= low) | (samples >= high)
        return beyond if beyond.any() else None

    def _replace(
        self, samples: npt.NDArray[np.float32], bad: npt.NDArray[np.bool_], flags: npt.NDArray[np.uint8]
    ) -> npt.NDArray[np.float32]:
        """Replace what the policies want replaced; good values go on from block to block."""
        replaced = np.zeros_like(bad)
        if Flags.NOT_FINITE in self._replaced:
            replaced |= bad
        if Flags.SATURATED in self._replaced:
            beyond = self._beyond(samples)
            whole = (flags & np.uint8(Flags.SATURATED)) != 0
            replaced |= beyond if beyond is not None else whole[:, None]
        carried = _carry(samples, replaced | bad, self._good)
        self._good[...] = carried[-1]
        return np.where(replaced, carried, samples) if self._replaced else samples


def _limits(view: FeatureView) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]] | None:
    if not view.limits:
        return None
    everywhere = (-np.inf, np.inf)
    pairs = np.array([view.limits.get(name, everywhere) for name in view.channels], dtype=np.float32)
    # Infinity is not finite, which is another flag.
    low = np.where(np.isinf(pairs[:, 0]), np.float32(np.nan), pairs[:, 0])
    high = np.where(np.isinf(pairs[:, 1]), np.float32(np.nan), pairs[:, 1])
    return low, high


def _carry(
    samples: npt.NDArray[np.float32], bad: npt.NDArray[np.bool_], before: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Return the samples with every bad one replaced by its channel's last good one; `before` is the one before."""
    extended = np.concatenate([before, samples])
    last_good = np.where(bad, 0, np.arange(1, len(samples) + 1)[:, None])
    np.maximum.accumulate(last_good, axis=0, out=last_good)
    return np.take_along_axis(extended, last_good, axis=0)
