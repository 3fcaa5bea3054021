"""Fixed-point arithmetic against a word-for-word account of what the C code does to one number."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.errors import ModelError
from edge_runtime.model import QuantizedMultiplier, Rounding, multiply_by_quantized_multiplier, quantize_multiplier

int32 = st.one_of(st.integers(-(2**31), 2**31 - 1), st.integers(-300, 300), st.sampled_from([-(2**31), 2**31 - 1]))
multipliers = st.one_of(st.integers(2**30, 2**31 - 1), st.sampled_from([0, 2**30, 2**31 - 1]))
shifts = st.integers(-31, 30)


def wrap(number: int) -> int:
    return (number + 2**31) % 2**32 - 2**31


def c_divide(one: int, other: int) -> int:
    return abs(one) // abs(other) * (1 if (one < 0) == (other < 0) else -1)


def c_double(x: int, multiplier: int, shift: int) -> int:
    product = wrap(x << max(shift, 0)) * multiplier
    high = c_divide(product + (1 << 30 if product >= 0 else 1 - (1 << 30)), 1 << 31)
    right = max(-shift, 0)
    mask = (1 << right) - 1
    threshold = (mask >> 1) + (high < 0)
    return (high >> right) + ((high & mask) > threshold)


def c_single(x: int, multiplier: int, shift: int) -> int:
    total = 31 - shift
    return wrap((x * multiplier + (1 << (total - 1))) >> total)


@given(int32, multipliers, shifts)
def test_double_rounding_is_what_the_c_code_does(x, multiplier, shift):
    assert multiply_by_quantized_multiplier(np.array([x], np.int32), multiplier, shift) == [
        c_double(x, multiplier, shift)
    ]


@given(int32, multipliers, shifts)
def test_single_rounding_is_what_the_c_code_does(x, multiplier, shift):
    got = multiply_by_quantized_multiplier(np.array([x], np.int32), multiplier, shift, Rounding.SINGLE)
    assert got == [c_single(x, multiplier, shift)]


def test_the_two_roundings_differ():
    ties = np.array([-10, -6, -2, 2, 6], np.int32)
    quarter = quantize_multiplier(0.25)
    assert multiply_by_quantized_multiplier(ties, *quarter).tolist() == [-3, -2, -1, 1, 2]
    assert multiply_by_quantized_multiplier(ties, *quarter, Rounding.SINGLE).tolist() == [-2, -1, 0, 1, 2]


def test_a_left_shift_wraps_as_in_c():
    assert multiply_by_quantized_multiplier(np.array([2**30 + 1], np.int32), 2**30, 3).tolist() == [4]


@pytest.mark.parametrize("rounding", Rounding)
def test_channels_broadcast(rounding):
    random = np.random.default_rng(1)
    values = random.integers(-(2**31), 2**31, (7, 5)).astype(np.int32)
    multiplier, shift = random.integers(2**30, 2**31, 5).astype(np.int32), np.array([-31, -7, 0, 3, 30], np.int32)
    together = QuantizedMultiplier(multiplier, shift, rounding)(values)
    for channel in range(5):
        alone = multiply_by_quantized_multiplier(values[:, channel], multiplier[channel], shift[channel], rounding)
        assert (together[:, channel] == alone).all()
    assert together.dtype == np.int32


@given(st.floats(2**-31, 2**29))
def test_a_split_factor_is_the_factor_to_31_bits(real):
    multiplier, shift = quantize_multiplier(real)
    assert 2**30 <= multiplier < 2**31
    assert -31 <= shift <= 30
    assert math.isclose(multiplier * 2.0 ** (shift - 31), real, rel_tol=2**-31)


@pytest.mark.parametrize(
    ("real", "split"),
    [
        (0.0, (0, 0)),
        (1.0, (2**30, 1)),
        (0.5, (2**30, 0)),
        (math.nextafter(1.0, 0.0), (2**30, 1)),  # rounds up to 2**31, and so to the next power of two
        (2.0**-32, (2**30, -31)),
        (math.nextafter(2.0**-32, 0.0), (2**30, -31)),  # rounds up before it is found too small
        (2.0**-33, (0, 0)),
        (5e-324, (0, 0)),
        (2.0**29, (2**30, 30)),
    ],
)
def test_splitting_at_the_edges(real, split):
    assert quantize_multiplier(real) == split


@pytest.mark.parametrize("real", [-1.0, math.nan, math.inf, -math.inf, 2.0**30, math.nextafter(2.0**30, 0.0), 1e300])
def test_impossible_factors_are_refused(real):
    with pytest.raises(ModelError, match="requantisation factor"):
        quantize_multiplier(real)
