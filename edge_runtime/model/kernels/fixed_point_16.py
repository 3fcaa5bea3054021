"""Logistic and tanh of 16-bit fixed-point numbers, in integers only, with gemmlowp's bits, as tables.

Numbers are raw integers: ``Qm.n`` has m integer and n fractional bits beside the sign, 15 together.

Source: gemmlowp, ``fixedpoint/fixedpoint.h`` (``logistic``, ``tanh`` and what they lean on, for int16).
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

__all__ = ["logistic_table", "tanh_table"]

_Raw = npt.NDArray[np.int32]

_LOWEST, _HIGHEST = -(1 << 15), (1 << 15) - 1
#: The largest Q0.15, which stands for one.
_ONE = _HIGHEST
_ONE_Q13 = 1 << 13
_NEWTON_STEPS = 3


def _q15(real: float, integer_bits: int = 0) -> int:
    """Return a constant as gemmlowp has it: in 32 bits first, and of those the upper half, rounded."""
    wide = round(real * 2.0 ** (31 - integer_bits))
    return (wide + (1 << 15)) >> 16


_THIRD = _q15(1 / 3)
_EXP_OF_MINUS_EIGHTH = _q15(math.exp(-1 / 8))
_EXP_OF_MINUS_POWER = {power: _q15(math.exp(-(2.0**power))) for power in range(-2, 5)}
# the line 48/17 - 32/17 x, from which Newton's iteration for 1/x starts, x in [1/2, 1]
_START, _SLOPE = _q15(48 / 17, 2), _q15(-32 / 17, 2)


@lru_cache(maxsize=16)
def logistic_table(integer_bits: int) -> npt.NDArray[np.int16]:
    """Return the logistic function of every int16 as Q(integer_bits), by its bits read as unsigned: Q0.15, [65536]."""
    numbers = _every_int16()
    above = _one_over_one_plus(_exponential(-np.abs(numbers), integer_bits))
    found = np.where(numbers > 0, above, _ONE - above)
    return np.where(numbers == 0, 1 << 14, found).astype(np.int16)


@lru_cache(maxsize=16)
def tanh_table(integer_bits: int) -> npt.NDArray[np.int16]:
    """Return tanh of every int16 as Q(integer_bits), by its bits read as unsigned: Q0.15, [65536]."""
    numbers = _every_int16()
    # twice the number is the same integer, with one integer bit more
    below = _exponential(-np.abs(numbers), integer_bits + 1)
    magnitudes = _shift_left(_newton(below) - _ONE_Q13, 2)
    return np.where(numbers == 0, 0, np.where(numbers < 0, -magnitudes, magnitudes)).astype(np.int16)


def _every_int16() -> _Raw:
    return np.arange(1 << 16, dtype=np.uint16).view(np.int16).astype(np.int32)


def _multiply(one: _Raw, other: _Raw | int) -> _Raw:
    """Return gemmlowp's SaturatingRoundingDoublingHighMul; no two minima meet here."""
    return (one * np.int32(other) + (1 << 14)) >> 15 if isinstance(other, int) else (one * other + (1 << 14)) >> 15


def _shift_left(numbers: _Raw, bits: int) -> _Raw:
    return np.clip(numbers << bits, _LOWEST, _HIGHEST)


def _shift_right(numbers: _Raw, bits: int) -> _Raw:
    """Return numbers divided by a power of two, ties away from zero."""
    half = 1 << (bits - 1)
    return (numbers + half - (numbers < 0)) >> bits


def _exponential(exponents: _Raw, integer_bits: int) -> _Raw:
    """Return e to the power of numbers that are not positive, as Q0.15."""
    fraction_bits = 15 - integer_bits
    quarter = 1 << (fraction_bits - 2)
    fine = (exponents & (quarter - 1)) - quarter
    result = _exponential_of_fine(_shift_left(fine, integer_bits))
    rest = fine - exponents
    for power, factor in _EXP_OF_MINUS_POWER.items():
        if integer_bits > power:
            result = np.where(rest & (1 << (fraction_bits + power)), _multiply(result, factor), result)
    if integer_bits > 5:
        result = np.where(exponents < -(1 << (fraction_bits + 5)), 0, result)
    return np.where(exponents == 0, _ONE, result)


def _exponential_of_fine(fine: _Raw) -> _Raw:
    """Return e to the power of Q0.15 numbers in [-1/4, 0): its Taylor series around -1/8, to the fourth power."""
    x = fine + (1 << 12)
    x2 = _multiply(x, x)
    x3 = _multiply(x2, x)
    x4 = _multiply(x2, x2)
    sixths = _multiply(_shift_right(x4, 2) + x3, _THIRD)
    series = x + _shift_right(sixths + x2, 1)
    return np.minimum(_EXP_OF_MINUS_EIGHTH + _multiply(series, _EXP_OF_MINUS_EIGHTH), _HIGHEST)


def _newton(x: _Raw) -> _Raw:
    """Return 2 / (1 + x) as Q2.13, for Q0.15 numbers from 0 to 1."""
    half_denominator = (x + _ONE + 1) >> 1
    estimate = _START + _multiply(half_denominator, _SLOPE)
    for _ in range(_NEWTON_STEPS):
        error = _ONE_Q13 - _multiply(half_denominator, estimate)
        estimate = estimate + _shift_left(_multiply(estimate, error), 2)
    return estimate


def _one_over_one_plus(x: _Raw) -> _Raw:
    return _shift_left(_newton(x), 1)
