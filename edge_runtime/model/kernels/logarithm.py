"""Natural logarithm of fixed-point numbers, in integers only, with TFLite's bits.

A number is split into a power of two and a rest near one, in two ways; the better rest goes into a rational
approximation of its logarithm.

Source: ``log_x_for_x_greater_than_or_equal_to_1_impl`` in TensorFlow Lite 2.14, ``lite/kernels/internal/common.h``.
"""

from __future__ import annotations

import math

import numpy as np

from edge_runtime.model.fixed_point import high_multiply, round_shift_right
from edge_runtime.model.kernels.exponential import ONE, q31, reciprocal_of_one_plus

__all__ = ["logarithm"]

_RESULT_BITS = 5  # Q5.26
_SUM_BITS = _RESULT_BITS + 1  # sums have one integer bit more
_POWER_SHIFT = 31 - _SUM_BITS
_QUARTER = 1 << (29 - _SUM_BITS)  # in Q6.25


_ROOT = math.sqrt(math.sqrt(2.0))
_LOG_2 = q31(math.log(2.0))
_SQRT_HALF = q31(math.sqrt(0.5))
_SQRT_SQRT_HALF = q31(1 / _ROOT)
_ALPHA_N = q31(11 / 240 * _ROOT)
_ALPHA_D = q31(1 / 20 * _ROOT)
_ALPHA_I = q31(2 / _ROOT - _ROOT)
_ALPHA_F = q31(1 / 4 * _ROOT)


def logarithm(number: int, integer_bits: int) -> int:
    """Return the natural logarithm of a number that is at least one.

    Parameters
    ----------
    number
        Raw, up to 2**31 - 1.
    integer_bits
        How many of its bits, beside the sign, are integer bits.

    Returns
    -------
    int
        Q5.26.
    """
    headroom = 32 - number.bit_length()
    rest_a = _shifted(high_multiply(_shifted(number, headroom - 1), _SQRT_HALF), 1)
    power_a = (integer_bits - headroom << _POWER_SHIFT) + _QUARTER
    headroom_b = 31 - high_multiply(number, _SQRT_HALF).bit_length()
    rest_b = _shifted(number, headroom_b)
    power_b = (integer_bits - headroom_b << _POWER_SHIFT) - _QUARTER
    rest, power = min(rest_a, rest_b), max(power_a, power_b)
    total = high_multiply(power, _LOG_2) + _logarithm_of_rest(rest)
    return _shifted(total, _SUM_BITS - _RESULT_BITS)


def _logarithm_of_rest(rest: int) -> int:
    """Return, in Q6.25, the logarithm of a Q0.31 over the fourth root of a half."""
    mean = (rest + _SQRT_SQRT_HALF + 1) // 2
    twice = 2 * (rest - _SQRT_SQRT_HALF)
    square = high_multiply(twice, twice)
    numerator = high_multiply(twice, rest) + high_multiply(high_multiply(twice, square), _ALPHA_N)
    slope = _ALPHA_I + twice + high_multiply(_ALPHA_D, square)
    denominator_less_one = high_multiply(mean, slope) + high_multiply(_ALPHA_F, twice)
    scaled = int(round_shift_right(np.array(numerator), _SUM_BITS))
    return high_multiply(scaled, reciprocal_of_one_plus(denominator_less_one))


def _shifted(value: int, bits: int) -> int:
    return max(-ONE - 1, min(value << bits, ONE))
