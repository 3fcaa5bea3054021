"""TFLite's fixed-point arithmetic: a real factor as a 32-bit multiplier and a shift, and how products are rounded.

A factor ``m`` becomes ``multiplier * 2**(shift - 31)`` with a multiplier in [2**30, 2**31). Which rounding
TFLite's reference kernels apply to the product depends on how they were built, so `Rounding` names it, here
and nowhere else.

Source: TensorFlow Lite, ``lite/kernels/internal/quantization_util.cc`` and ``common.h`` (2.14); gemmlowp,
``fixedpoint/fixedpoint.h``.
"""

from __future__ import annotations

import math
from enum import Enum
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import ModelError

__all__ = [
    "QuantizedMultiplier",
    "Rounding",
    "RoundingShift",
    "high_multiply",
    "multiply_by_quantized_multiplier",
    "quantize_multiplier",
    "round_shift_right",
    "split_factor",
]

_FRACTION_BITS = 31
_SMALLEST_SHIFT = -31
_LARGEST_SHIFT = 30


class Rounding(str, Enum):
    """How a 64-bit product is brought back to 32 bits.

    Of a graph's operators the choice concerns FULLY_CONNECTED; int8 QUANTIZE rounds twice in both references.
    """

    #: Twice: to 31 fractional bits (ties up), then by the right shift (ties away from zero).
    #: The reference kernels of tflite-runtime 2.14.
    DOUBLE = "double"
    #: Once (ties up). The reference kernels of ai-edge-litert 2.3.
    SINGLE = "single"


def quantize_multiplier(real: float) -> tuple[int, int]:
    """Split a real factor into TFLite's multiplier and shift.

    Parameters
    ----------
    real
        The factor, as a double; not negative.

    Returns
    -------
    tuple
        The multiplier, 0 or in [2**30, 2**31), and the shift, -31 to 30 (positive is to the left). A factor
        below about 2**-32 becomes (0, 0), as in TFLite.

    Raises
    ------
    ModelError
        If the factor is negative, not finite, or 2**30 and more (TFLite's left shift would be undefined).

    Examples
    --------
    >>> quantize_multiplier(0.75)
    (1610612736, 0)
    >>> quantize_multiplier(2**-40)
    (0, 0)
    """
    if not (math.isfinite(real) and real >= 0):
        raise ModelError(f"a requantisation factor of {real} is not possible; it must be finite and not negative")
    multiplier, shift = split_factor(real)
    if shift > _LARGEST_SHIFT:
        raise ModelError(f"a requantisation factor of {real:g} is out of range; it must be below 2**{_LARGEST_SHIFT}")
    return (0, 0) if shift < _SMALLEST_SHIFT else (multiplier, shift)


def split_factor(real: float) -> tuple[int, int]:
    """Split a positive factor as `quantize_multiplier` does, but whatever its size."""
    fraction, shift = math.frexp(real)
    # fraction * 2**31 is exact, and so is adding a half to it: this is C's round() for positive numbers
    multiplier = math.floor(fraction * 2.0**_FRACTION_BITS + 0.5)
    return (multiplier, shift) if multiplier < 1 << _FRACTION_BITS else (multiplier >> 1, shift + 1)


@overload
def high_multiply(one: int, other: int) -> int: ...
@overload
def high_multiply(one: npt.NDArray[np.int64], other: int | npt.NDArray[np.int64]) -> npt.NDArray[np.int64]: ...
def high_multiply(one: Any, other: Any) -> Any:
    """Return ``one * other / 2**31``, rounded to nearest, ties up: gemmlowp's SaturatingRoundingDoublingHighMul.

    Both are in the range of int32, and not both its minimum; they come as Python's integers or as int64.
    """
    # gemmlowp nudges by the product's sign and then truncates; this floor is the same
    return (one * other + (1 << (_FRACTION_BITS - 1))) >> _FRACTION_BITS


def round_shift_right(values: npt.NDArray[np.int64], exponent: int | npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return ``values / 2**exponent``, rounded to nearest, ties away from zero: gemmlowp's RoundingDivideByPOT.

    Values and result are int64 in the range of int32; exponents are 0 to 31.
    """
    return RoundingShift(exponent)(values)


class RoundingShift:
    """`round_shift_right` by exponents that stay, ready to be applied again and again."""

    def __init__(self, exponent: int | npt.NDArray[np.int64]) -> None:
        self._exponent = np.asarray(exponent, np.int64)
        # half a unit, less one for negative numbers; nothing at all where nothing is shifted
        self._half = np.left_shift(np.int64(1), self._exponent) >> 1
        self._less = None if (self._exponent > 0).all() else np.where(self._exponent > 0, np.int64(-1), np.int64(0))

    def __call__(self, values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the shifted values, int64 in the broadcast shape."""
        less = values >> 63
        if self._less is not None:
            less = less & self._less
        shifted: npt.NDArray[np.int64] = values + self._half
        shifted += less
        shifted >>= self._exponent
        return shifted


class QuantizedMultiplier:
    """``multiplier * 2**(shift - 31)``, ready to be applied again and again.

    Parameters
    ----------
    multiplier, shift
        From `quantize_multiplier`: one for all, or arrays that broadcast against the values (one per channel).
    rounding
        Which of TFLite's two roundings.
    """

    def __init__(
        self,
        multiplier: int | npt.NDArray[np.int32],
        shift: int | npt.NDArray[np.int32],
        rounding: Rounding = Rounding.DOUBLE,
    ) -> None:
        shifts = np.asarray(shift, np.int64)
        self._multiplier = np.asarray(multiplier, np.int64)
        self._left = np.maximum(shifts, 0).astype(np.int32) if (shifts > 0).any() else None
        self._right = RoundingShift(np.maximum(-shifts, 0))
        self._total = _FRACTION_BITS - shifts
        self._below = np.int64(1) << (self._total - 1)
        self._apply = self._round_once if rounding is Rounding.SINGLE else self._round_twice

    def __call__(self, values: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Return the products of int32 `values`, as int32 in the broadcast shape."""
        return self._apply(values)

    def _round_twice(self, values: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        shifted = values if self._left is None else np.left_shift(values, self._left)
        return self._right(high_multiply(shifted.astype(np.int64), self._multiplier)).astype(np.int32)

    def _round_once(self, values: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        product = np.multiply(values, self._multiplier, dtype=np.int64)
        product += self._below
        product >>= self._total
        return product.astype(np.int32)


def multiply_by_quantized_multiplier(
    values: npt.NDArray[np.int32],
    multiplier: int | npt.NDArray[np.int32],
    shift: int | npt.NDArray[np.int32],
    rounding: Rounding = Rounding.DOUBLE,
) -> npt.NDArray[np.int32]:
    """Multiply by ``multiplier * 2**(shift - 31)``, bit for bit as TFLite does.

    Parameters
    ----------
    values
        int32, any shape: accumulators.
    multiplier, shift
        From `quantize_multiplier`: one for all, or arrays that broadcast against `values` (one per channel).
    rounding
        Which of TFLite's two roundings.

    Returns
    -------
    numpy.ndarray
        int32, the broadcast shape. A left shift that overflows wraps, as it does in TFLite on every machine
        that it runs on.

    Examples
    --------
    >>> multiply_by_quantized_multiplier(np.array([-10, 10], np.int32), *quantize_multiplier(0.25))
    array([-3,  3], dtype=int32)
    >>> multiply_by_quantized_multiplier(np.array([-10, 10], np.int32), *quantize_multiplier(0.25), Rounding.SINGLE)
    array([-2,  3], dtype=int32)
    """
    return QuantizedMultiplier(multiplier, shift, rounding)(np.asarray(values, np.int32))
