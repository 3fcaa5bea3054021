"""What does not fit a memory: the CPU gets those operators that use it, not the whole network."""

from __future__ import annotations

import numpy as np
import pytest

from edge_runtime.compiler import OverlayParameters, compile_model
from edge_runtime.errors import FitError
from edge_runtime.model import Conv2DOptions, GraphBuilder, OpKind, Padding, write_tflite


def residual_network(blocks: int) -> bytes:
    """Convolutions with a sum behind each, every sum with scales of its own."""
    builder, random = GraphBuilder("residual"), np.random.default_rng(0)
    x = builder.input((1, 6, 6, 8), scale=0.1, zero_point=3)
    for block in range(blocks):
        y = builder.conv_2d(
            x,
            random.integers(-127, 128, (8, 3, 3, 8)),
            random.integers(-99, 99, 8),
            Conv2DOptions(1, 1, 1, 1, Padding.SAME),
            weight_scale=0.001,
            scale=0.1 + 0.01 * block,
            zero_point=-4,
        )
        x = builder.binary(OpKind.ADD, x, y, scale=0.2 + 0.01 * block, zero_point=5)
    return write_tflite(builder.graph(x))


def test_too_few_tables_send_sums_to_the_cpu_and_no_convolution():
    model, parameters = residual_network(6), OverlayParameters(table_pairs=4)
    with pytest.raises(FitError, match=r"needs 6 table pairs and the overlay has 4"):
        compile_model(model, parameters, name="residual")
    program = compile_model(model, parameters, name="residual", allow_cpu=True)
    away = [
        program.graph.operators[decision.operator].kind for decision in program.decisions if not decision.on_overlay
    ]
    assert away == [OpKind.ADD, OpKind.ADD]


def test_too_few_weights_send_the_cheapest_operator_to_the_cpu():
    builder, random = GraphBuilder("wide head"), np.random.default_rng(0)
    x = builder.input((1, 16, 16, 8), scale=0.1, zero_point=3)
    y = builder.conv_2d(
        x,
        random.integers(-127, 128, (8, 3, 3, 8)),
        random.integers(-99, 99, 8),
        Conv2DOptions(1, 1, 1, 1, Padding.SAME),
        weight_scale=0.001,
        scale=0.1,
        zero_point=-4,
    )
    y = builder.reshape(y, (1, 2048))
    y = builder.fully_connected(
        y, random.integers(-127, 128, (10, 2048)), None, weight_scale=0.001, scale=0.1, zero_point=0
    )
    program = compile_model(
        write_tflite(builder.graph(y)), OverlayParameters(weight_rows=64), name="wide head", allow_cpu=True
    )
    assert [decision.on_overlay for decision in program.decisions] == [True, False, False]
