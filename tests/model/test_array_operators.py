"""What operators on arrays cannot be asked for: one line that names the operator and what is wrong with it."""

from __future__ import annotations

import numpy as np
import pytest

from edge_runtime.errors import ModelError
from edge_runtime.model import Activation, GraphBuilder, OpKind
from edge_runtime.model.graph import (
    ArgOptions,
    BatchMatMulOptions,
    GeluOptions,
    IndexType,
    L2NormOptions,
    MirrorMode,
    MirrorPadOptions,
    ReducerOptions,
)

OUTPUT = {"scale": 0.5, "zero_point": 3}
LOWEST = {"scale": 1.0, "zero_point": -128}
LOG = {"scale": 1 / 16, "zero_point": 127}
UNIT = {"scale": 1 / 128, "zero_point": 0}
REFLECT = MirrorPadOptions(MirrorMode.REFLECT)


def numbers(*values):
    return np.array(values, np.int32)


def refused(kind, given, wanted, *constants, options=None, source=None, output=None):
    builder = GraphBuilder("refused")
    inputs = [builder.input(given, **(source or OUTPUT)), *(builder.constant(data) for data in constants)]
    y = builder.operate(kind, inputs, builder.activation(wanted, **(output or OUTPUT)), options=options)
    with pytest.raises(ModelError) as caught:
        builder.graph(y)
    assert f"operator 0 ({kind.value})" in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("kind", "given", "wanted", "asked", "options", "message"),
    [
        (OpKind.MIRROR_PAD, (3,), (6,), [[3, 0]], REFLECT, "which has not so much"),
        (OpKind.TILE, (2, 3), (2, 3), [0, 1], None, "repeats [2, 3] [0, 1] times"),
        (OpKind.TILE, (2, 3), (2, 3), [1], None, "repeats [2, 3] [1] times"),
        (OpKind.BROADCAST_TO, (2, 3), (4, 3), [4, 3], None, "inputs of shapes [2, 3] and [4, 3]"),
        (OpKind.BROADCAST_TO, (2, 3), (1, 3), [1, 3], None, "it must be [2, 3]"),
        (OpKind.REVERSE_V2, (2, 3), (2, 3), [0, 1], None, "names 2 dimensions"),
        (OpKind.REVERSE_V2, (2, 3), (2, 3), [2], None, "names dimension 2 of 2"),
        (OpKind.REDUCE_MAX, (2, 3), (2,), [0], ReducerOptions(), "it must be [3]"),
        (OpKind.ARG_MAX, (2, 3), (2,), [1], ArgOptions(IndexType.INT32), "the option output_type says int32"),
        (OpKind.ARG_MIN, (2, 3), (2,), [0, 1], ArgOptions(IndexType.INT32), "names 2 dimensions"),
    ],
)
def test_movements_and_reductions(kind, given, wanted, asked, options, message):
    assert message in refused(kind, given, wanted, np.array(asked, np.int32), options=options)


@pytest.mark.parametrize(
    ("kind", "source", "output", "options", "message"),
    [
        (OpKind.EXP, {"scale": 1.0, "zero_point": 0}, {"scale": 1e-3, "zero_point": 0}, None, "stands for up to 127"),
        (OpKind.GELU, {"scale": 1e12, "zero_point": 0}, {"scale": 1e12, "zero_point": 0}, GeluOptions(), "too much"),
        (OpKind.ABS, {"scale": 1e10, "zero_point": 0}, {"scale": 1e-3, "zero_point": 0}, None, "out of proportion"),
        (OpKind.RSQRT, OUTPUT, OUTPUT, None, "it must be -128, as TFLite stops at roots of negative numbers"),
        (OpKind.RSQRT, LOWEST, {"scale": 1e4, "zero_point": 0}, None, "a factor of 0.0001 is out of range"),
        (OpKind.LOG_SOFTMAX, {"scale": 2.0**-26, "zero_point": 0}, LOG, None, "aborts unless it is above 2**-26"),
        (OpKind.LOG_SOFTMAX, OUTPUT, OUTPUT, None, "LOG_SOFTMAX gives 1/16 and 127"),
        (OpKind.L2_NORMALIZATION, OUTPUT, OUTPUT, L2NormOptions(), "L2_NORMALIZATION gives 1/128 and 0"),
        (OpKind.L2_NORMALIZATION, OUTPUT, UNIT, L2NormOptions(Activation.RELU), "has fused activation RELU"),
    ],
)
def test_functions_of_values_and_rows(kind, source, output, options, message):
    assert message in refused(kind, (2, 3), (2, 3), options=options, source=source, output=output)


def test_rows_too_long_to_be_summed():
    options = L2NormOptions()
    message = refused(OpKind.L2_NORMALIZATION, (1, 33_026), (1, 33_026), options=options, output=UNIT)
    assert "has rows of 33026; 33025 is the most" in message


@pytest.mark.parametrize(
    ("one", "other", "wanted", "options", "message"),
    [
        ((2, 3), (4, 5), (2, 5), BatchMatMulOptions(), "it must have 3 rows"),
        ((2, 3), (3, 5), (5, 2), BatchMatMulOptions(), "it must be [2, 5]"),
        (
            (4, 3, 2),
            (1, 3, 5),
            (4, 2, 5),
            BatchMatMulOptions(adj_x=True),
            "has option adj_x and batches of [4] and [1]",
        ),
        ((4, 2, 3), (3, 3, 5), (4, 2, 5), BatchMatMulOptions(), "inputs of shapes [4] and [3]"),
        ((3,), (3, 5), (5,), BatchMatMulOptions(), "it needs 2 to 5 dimensions"),
    ],
)
def test_products(one, other, wanted, options, message):
    builder = GraphBuilder("refused")
    inputs = [builder.input(shape, **OUTPUT) for shape in (one, other)]
    y = builder.operate(OpKind.BATCH_MATMUL, inputs, builder.activation(wanted, **OUTPUT), options=options)
    with pytest.raises(ModelError) as caught:
        builder.graph(y)
    assert "operator 0 (BATCH_MATMUL)" in str(caught.value)
    assert message in str(caught.value)


@pytest.mark.parametrize("kind", [OpKind.SQUARED_DIFFERENCE, OpKind.ADD])
def test_scales_that_tflite_cannot_multiply(kind):
    builder = GraphBuilder("refused")
    inputs = [builder.input((2,), scale=0.1, zero_point=0) for _ in range(2)]
    y = builder.binary(kind, *inputs, scale=3.3e35, zero_point=0)
    with pytest.raises(ModelError, match=r"out of proportion: .* too large to be multiplied"):
        builder.graph(y)


def test_squared_differences_too_small_for_their_scale():
    builder = GraphBuilder("refused")
    inputs = [builder.input((2,), scale=100.0, zero_point=0) for _ in range(2)]
    y = builder.operate(OpKind.SQUARED_DIFFERENCE, inputs, builder.activation((2,), **OUTPUT))
    with pytest.raises(ModelError, match=r"operator 0 \(SQUARED_DIFFERENCE\) has scales out of proportion"):
        builder.graph(y)
