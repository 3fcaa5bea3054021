"""One over the square roots of whole numbers, in integers only.

Source: TensorFlow Lite 2.14, ``GetInvSqrtQuantizedMultiplierExp`` in ``lite/kernels/internal/common.h``; gemmlowp,
``fixedpoint/fixedpoint.h``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge_runtime.model.fixed_point import high_multiply

__all__ = ["inverse_square_root"]

_Numbers = npt.NDArray[np.int64]

_LARGEST_RAW = (1 << 31) - 1
_NEWTON_STEPS = 5
#: One and a half as Q3.28, and half the root of two as Q0.31.
_HALF_THREE, _HALF_ROOT = (1 << 28) + (1 << 27), 1518500250


def inverse_square_root(sums: _Numbers) -> tuple[_Numbers, _Numbers]:
    """Return one over the square roots of whole numbers, as multipliers and shifts like those of a factor.

    Parameters
    ----------
    sums
        int64, 0 to 2**31 - 1; 0 counts as 1.

    Returns
    -------
    tuple
        int64 in the same shape: multipliers, and shifts, none of them to the left.
    """
    wide = sums >= 1 << 29
    narrow = np.where(wide, sums >> 2, sums)
    # to 2**27 or more, below 2**29
    pairs = np.where(narrow > 1, (29 - _bit_lengths(narrow)) // 2, 0)
    scaled = narrow << 2 * pairs
    right = 11 + wide - pairs
    root = high_multiply(_newton(scaled >> 1), _HALF_ROOT)
    # what would have to be shifted to the left is
    multipliers = np.where(right < 0, root << np.maximum(-right, 0), root)
    small = sums <= 1
    return np.where(small, _LARGEST_RAW, multipliers), np.where(small, 0, -np.maximum(right, 0))


def _bit_lengths(numbers: _Numbers) -> _Numbers:
    return np.frexp(numbers.astype(np.float64))[1].astype(np.int64)


def _newton(inputs: _Numbers) -> _Numbers:
    """Return the inverse square roots of Q3.28 numbers from 1/4 to 1, as Q3.28."""
    halves = (inputs + 1) >> 1
    x = np.full_like(inputs, 1 << 28)
    for _ in range(_NEWTON_STEPS):
        cube = _shift_left(high_multiply(high_multiply(x, x), x), 6)
        x = _shift_left(high_multiply(x, _HALF_THREE) - high_multiply(halves, cube), 3)
    return x


def _shift_left(numbers: _Numbers, bits: int) -> _Numbers:
    return np.clip(numbers << bits, -_LARGEST_RAW - 1, _LARGEST_RAW)
