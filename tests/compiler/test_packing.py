"""Packed weights are held against plain products, with the multiplier's arithmetic done here bit by bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edge_runtime.compiler.packing import pack_lanes, unpack_rows
from edge_runtime.compiler.parameters import OverlayParameters

PACKED = OverlayParameters(
    k_lanes=8, oc_lanes=4, requant_lanes=2, act_bytes=1024, row_buffer_bytes=64, weight_rows=64, packed=True
)
PLAIN = OverlayParameters(
    k_lanes=8, oc_lanes=4, requant_lanes=2, act_bytes=1024, row_buffer_bytes=64, weight_rows=64, packed=False
)

EXTREMES = st.sampled_from([-128, -127, -1, 0, 1, 127])
SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 20))
WEIGHTS = SHAPES.flatmap(
    lambda shape: (
        hnp.arrays(np.int8, shape, elements=EXTREMES) | hnp.arrays(np.int8, shape, elements=st.integers(-128, 127))
    )
)


def pack_weights(weights: np.ndarray, parameters: OverlayParameters) -> np.ndarray:
    """The rows of weights [outputs, inputs], step after step of inputs."""
    outputs, inputs = weights.shape
    tiles, steps = -(-outputs // parameters.oc_lanes), -(-inputs // parameters.k_lanes)
    padded = np.zeros((tiles * parameters.oc_lanes, steps * parameters.k_lanes), np.int16)
    padded[:outputs, :inputs] = weights
    shaped = padded.reshape(tiles, parameters.oc_lanes, steps, parameters.k_lanes)
    return pack_lanes(shaped.transpose(0, 2, 3, 1), parameters)


def signed(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def chain(stored: np.ndarray, activations: np.ndarray) -> tuple[int, int]:
    """What four cascaded 25 x 18 multipliers give: bytes uint8[4, 2] (low, high) times int8[4]."""
    total = 0
    for (low, high), activation in zip(stored.tolist(), activations.tolist(), strict=True):
        operand = signed(signed(high, 8) << 17 | signed(low, 8) & 0x1FFFF, 25)
        total += operand * activation
    low_sum = signed(total, 17)
    return low_sum, (total >> 17) + (low_sum < 0)


def multiply(rows: np.ndarray, activations: np.ndarray, parameters: OverlayParameters, outputs: int) -> np.ndarray:
    """The array's sums, from stored rows."""
    tiles, passes, steps, _ = rows.shape
    lanes = np.zeros(steps * parameters.k_lanes, np.int8)
    lanes[: len(activations)] = activations
    sums = np.zeros(tiles * parameters.oc_lanes, np.int64)
    stored = rows.reshape(tiles, passes, steps, parameters.k_lanes // 4, 4, parameters.oc_lanes // 2, 2)
    for tile, one_pass, step, group, pair in np.ndindex(tiles, passes, steps, stored.shape[3], stored.shape[5]):
        first = (step * stored.shape[3] + group) * 4
        low, high = chain(stored[tile, one_pass, step, group, :, pair], lanes[first : first + 4])
        channel = tile * parameters.oc_lanes + 2 * pair
        sums[channel] += low
        sums[channel + 1] += high
    return sums[:outputs]


@given(weights=WEIGHTS, data=st.data())
def test_packed_products_are_exact(weights, data):
    activations = data.draw(
        hnp.arrays(np.int8, weights.shape[1], elements=st.sampled_from([-128, 127]))
        | hnp.arrays(np.int8, weights.shape[1], elements=st.integers(-128, 127))
    )
    expected = weights.astype(np.int64) @ activations
    rows = pack_weights(weights, PACKED)
    assert np.array_equal(multiply(rows, activations, PACKED, len(weights)), expected)


def test_ordinary_weights_take_one_pass():
    weights = np.random.default_rng(0).integers(-127, 128, (40, 100)).astype(np.int8)
    assert pack_weights(weights, PACKED).shape == (10, 1, 13, 32)


@pytest.mark.parametrize(
    ("weights", "passes"),
    [
        ([[-1, 0, 0, 0], [-128, 0, 0, 0]], 2),  # the high operand would need 26 bits
        ([[0, 0, 0, 0], [-128, 0, 0, 0]], 1),
        ([[-128, 0, 0, 0], [5, 0, 0, 0]], 1),
        ([[-128, -128, -128, -128], [0, 0, 0, 0]], 2),  # the low sum would need 18 bits
        ([[127, 127, 127, 127], [0, 0, 0, 0]], 1),
    ],
)
def test_only_what_cannot_be_packed_is_split(weights, passes):
    assert pack_weights(np.array(weights, np.int8), PACKED).shape[1] == passes


def test_unpacked_rows_hold_the_weights_themselves():
    weights = np.random.default_rng(1).integers(-128, 128, (4, 8)).astype(np.int8)
    rows = pack_weights(weights, PLAIN)
    assert rows.shape == (1, 1, 1, 32)
    assert np.array_equal(rows.view(np.int8).reshape(8, 4), weights.T)


@pytest.mark.parametrize("parameters", [PACKED, PLAIN])
@given(data=st.data())
def test_larger_weights_take_two_passes_and_add_up(parameters, data):
    lanes = data.draw(hnp.arrays(np.int16, (1, 1, 8, 4), elements=st.integers(-254, 254)))
    rows = pack_lanes(lanes, parameters)
    assert np.array_equal(unpack_rows(rows, parameters).sum(axis=1), lanes)
