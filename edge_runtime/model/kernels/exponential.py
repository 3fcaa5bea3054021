"""Exponential and reciprocal of fixed-point numbers, in integers only, with gemmlowp's bits.

Numbers are raw integers: ``Qm.n`` has m integer and n fractional bits beside the sign, 31 together.

Source: gemmlowp, ``fixedpoint/fixedpoint.h``; ``GetReciprocal`` in TensorFlow Lite 2.14,
``lite/kernels/internal/common.h``.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from edge_runtime.model.fixed_point import high_multiply, round_shift_right

__all__ = ["ONE", "exponential", "q31", "reciprocal", "reciprocal_of_one_plus"]

#: The largest Q0.31, which stands for one.
ONE = (1 << 31) - 1

_INPUT_BITS = 26  # exponents are Q5.26
_QUARTER = 1 << (_INPUT_BITS - 2)
_EIGHTH = 1 << 28  # in Q0.31


def q31(real: float) -> int:
    """Return a real number as Q0.31."""
    return round(real * 2.0**31)


_THIRD = q31(1 / 3)
_EXP_OF_MINUS_EIGHTH = q31(math.exp(-1 / 8))
# e**-(2**k) in Q0.31, for the bits of an exponent from a quarter to sixteen
_EXP_OF_MINUS_POWER = {k: q31(math.exp(-(2.0**k))) for k in range(-2, 5)}

# the line 48/17 - 32/17 x (in Q2.29), from which Newton's iteration for 1/x starts, x in [1/2, 1]
_START, _SLOPE = round(48 / 17 * 2**29), round(32 / 17 * 2**29)
_ONE_Q29 = 1 << 29
_NEWTON_STEPS = 3


def exponential(exponents: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return e to the power of numbers that are not positive.

    Parameters
    ----------
    exponents
        Q5.26 as int64, -32 to 0.

    Returns
    -------
    numpy.ndarray
        Q0.31 as int64, 0 to `ONE`.
    """
    # the part below a quarter by a polynomial, less a quarter, so that it is in [-1/4, 0)
    fine = (exponents & (_QUARTER - 1)) - _QUARTER
    result = _exponential_of_fine(fine << (31 - _INPUT_BITS))
    # the rest bit by bit
    coarse = fine - exponents
    for power, factor in _EXP_OF_MINUS_POWER.items():
        bit = coarse & (1 << (_INPUT_BITS + power))
        result = np.where(bit != 0, high_multiply(result, factor), result)
    return np.where(exponents == 0, ONE, result)


def _exponential_of_fine(fine: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return e to the power of Q0.31 numbers in [-1/4, 0): its Taylor series around -1/8, to the fourth power."""
    x = fine + _EIGHTH
    x2 = high_multiply(x, x)
    x3 = high_multiply(x2, x)
    x4 = high_multiply(x2, x2)
    sixths = high_multiply(round_shift_right(x4, 2) + x3, _THIRD)
    series = x + round_shift_right(sixths + x2, 1)
    return _EXP_OF_MINUS_EIGHTH + high_multiply(series, _EXP_OF_MINUS_EIGHTH)


def reciprocal(number: int, integer_bits: int) -> tuple[int, int]:
    """Return one over a positive number.

    Parameters
    ----------
    number
        Raw, 1 to 2**31 - 1.
    integer_bits
        How many of its bits, beside the sign, are integer bits.

    Returns
    -------
    tuple
        A Q0.31 in [1/2, 1], and by how many bits it is yet to be shifted to the right.
    """
    headroom = 32 - number.bit_length()
    return reciprocal_of_one_plus((number << headroom) - (1 << 31)), integer_bits - headroom


def reciprocal_of_one_plus(fraction: int) -> int:
    """Return ``1 / (1 + fraction)``, both in Q0.31, the fraction not negative: three steps of Newton's."""
    half_denominator = (fraction + ONE + 1) >> 1
    estimate = _START - high_multiply(half_denominator, _SLOPE)
    for _ in range(_NEWTON_STEPS):
        error = _ONE_Q29 - high_multiply(half_denominator, estimate)
        estimate += high_multiply(estimate, error) << 2
    return min(estimate << 1, ONE)
