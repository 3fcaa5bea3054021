from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.errors import DataError
from edge_runtime.features import quantize_features
from edge_runtime.model.graph import Graph, Operator, OpKind, Quantization, Tensor
from edge_runtime.model.writer import write_tflite

HALF = Fraction(1, 2)


def exact(value: float, scale: float, zero_point: int) -> int:
    """TFLite's QUANTIZE for one value, the rounding in exact arithmetic."""
    with np.errstate(over="ignore"):
        quotient = np.float32(value) / np.float32(scale)
    if not np.isfinite(quotient):
        return 127 if quotient > 0 else -128
    steps = Fraction(float(quotient))
    away = int(abs(steps) + HALF)
    return min(max((away if steps >= 0 else -away) + zero_point, -128), 127)


finite = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(
    values=st.lists(finite | st.floats(-300, 300, width=32), min_size=1, max_size=20),
    scale=st.floats(2**-20, 2**10, width=32),
    zero_point=st.integers(-128, 127),
)
def test_it_rounds_as_tflite_does(values: list[float], scale: float, zero_point: int) -> None:
    got = quantize_features(np.array(values, np.float32), scale=scale, zero_point=zero_point)
    assert got.tolist() == [exact(value, scale, zero_point) for value in values]
    assert got.dtype == np.int8


def quantize_network(size: int, scale: float, zero_point: int) -> bytes:
    quantization = Quantization(np.array([scale], np.float32), np.array([zero_point], np.int64))
    tensors = (
        Tensor(0, "values", (1, size), np.dtype(np.float32)),
        Tensor(1, "steps", (1, size), np.dtype(np.int8), quantization),
    )
    return write_tflite(Graph("quantize", tensors, (Operator(0, OpKind.QUANTIZE, (0,), (1,)),), (0,), (1,)))


@pytest.mark.parametrize(("scale", "zero_point"), [(0.1, 3), (1.0, 0), (0.037, -128), (2.5, 127)])
def test_it_gives_the_bits_of_tflites_reference_kernel(scale: float, zero_point: int) -> None:
    tflite = pytest.importorskip("tflite_runtime.interpreter", reason="needs: pip install tflite-runtime==2.14.*")
    random = np.random.default_rng(0)
    near_halves = (np.arange(-140, 140, 0.5) * np.float32(scale)).astype(np.float32)
    spread = (random.uniform(-150, 150, 2000) * scale).astype(np.float32)
    values = np.concatenate(
        [near_halves, np.nextafter(near_halves, np.float32(-9e9)), np.nextafter(near_halves, np.float32(9e9)), spread]
    )
    interpreter = tflite.Interpreter(
        model_content=quantize_network(len(values), scale, zero_point),
        experimental_op_resolver_type=tflite.OpResolverType.BUILTIN_REF,
    )
    interpreter.allocate_tensors()
    interpreter.set_tensor(0, values[None])
    interpreter.invoke()
    got = quantize_features(values, scale=float(np.float32(scale)), zero_point=zero_point)
    np.testing.assert_array_equal(got, interpreter.get_tensor(1)[0])


def test_halves_go_away_from_zero_and_their_neighbours_do_not() -> None:
    halves = np.array([0.5, 1.5, 2.5, -0.5, -1.5, -2.5], np.float32)
    towards_zero = np.nextafter(halves, np.float32(0))
    assert quantize_features(halves, scale=1.0, zero_point=0).tolist() == [1, 2, 3, -1, -2, -3]
    assert quantize_features(towards_zero, scale=1.0, zero_point=0).tolist() == [0, 1, 2, 0, -1, -2]


def test_what_is_not_finite_has_a_place() -> None:
    values = np.array([np.nan, np.inf, -np.inf, 3e38], np.float32)
    assert quantize_features(values, scale=0.5, zero_point=-7).tolist() == [-7, 127, -128, 127]


def test_the_shape_stays() -> None:
    assert quantize_features(np.zeros((4, 1, 3), np.float32), scale=1.0, zero_point=0).shape == (4, 1, 3)


@pytest.mark.parametrize(
    ("scale", "zero_point"), [(0.0, 0), (-1.0, 0), (float("nan"), 0), (float("inf"), 0), (1.0, 128), (1.0, -129)]
)
def test_a_quantisation_that_is_none_is_refused(scale: float, zero_point: int) -> None:
    with pytest.raises(DataError, match="must be above 0, and in -128…127"):
        quantize_features(np.zeros(1, np.float32), scale=scale, zero_point=zero_point)
