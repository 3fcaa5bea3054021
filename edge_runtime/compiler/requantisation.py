"""From accumulators to int8: the channel parameters and descriptor fields that an output is finished with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.model.fixed_point import Rounding

__all__ = ["Requantisation", "channel_words", "identity", "with_bias"]

_LOWEST, _HIGHEST = -128, 127


@dataclass(frozen=True)
class Requantisation:
    """What becomes of each output channel's sums of products of raw int8 inputs.

    Parameters
    ----------
    bias
        int32[channels], added first (modulo 2**32).
    multipliers, shifts
        int32[channels] each; positive shifts are to the left.
    rounding
        Of the product.
    zero_point, lowest, highest
        Added to the rounded product, and the limits of the result, all as int8.
    """

    bias: npt.NDArray[np.int32]
    multipliers: npt.NDArray[np.int32]
    shifts: npt.NDArray[np.int32]
    rounding: Rounding = Rounding.DOUBLE
    zero_point: int = 0
    lowest: int = _LOWEST
    highest: int = _HIGHEST

    @property
    def channels(self) -> int:
        """Number of channels."""
        return len(self.bias)

    @property
    def fields(self) -> dict[str, int]:
        """The descriptor fields that hold for all channels."""
        return {
            "SINGLE_ROUNDING": int(self.rounding is Rounding.SINGLE),
            "ZERO_POINT": self.zero_point,
            "CLAMP_MIN": self.lowest,
            "CLAMP_MAX": self.highest,
        }


def channel_words(requantisation: Requantisation, tile: int) -> tuple[npt.NDArray[np.uint32], bool]:
    """Return the parameter window's four words of each channel, padded to whole tiles of `tile` channels.

    Where all channels are the same, one tile is enough: then the second result is true, for PARAM_HOLD.
    """
    channels = requantisation.channels
    words = np.zeros((-(-channels // tile) * tile, 4), np.uint32)
    words[:channels, 0] = requantisation.bias.astype(np.int64) & 0xFFFFFFFF
    words[:channels, 1] = requantisation.multipliers
    words[:channels, 2] = np.maximum(requantisation.shifts, 0) | np.maximum(-requantisation.shifts, 0) << 8
    if (words[:channels] == words[0]).all():
        return np.repeat(words[:1], tile, axis=0), True
    return words, False


def identity(channels: int, *, lowest: int = _LOWEST, highest: int = _HIGHEST) -> Requantisation:
    """Return what leaves int8 sums as they are, but for the limits."""
    return with_bias(np.zeros(channels, np.int32), 1 << 30, 1, lowest=lowest, highest=highest)


def with_bias(
    bias: npt.NDArray[np.int32],
    multiplier: int,
    shift: int,
    *,
    rounding: Rounding = Rounding.DOUBLE,
    zero_point: int = 0,
    lowest: int = _LOWEST,
    highest: int = _HIGHEST,
) -> Requantisation:
    """Return the same factor for all channels."""
    multipliers, shifts = (np.full(len(bias), value, np.int32) for value in (multiplier, shift))
    return Requantisation(bias, multipliers, shifts, rounding, zero_point, lowest, highest)
