"""The interpreter's own duties: inputs checked, parts run, all tensors kept, nothing aliased."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_runtime.errors import DataError
from edge_runtime.model import (
    Activation,
    GraphBuilder,
    Interpreter,
    OpKind,
    Quantization,
    Rounding,
    read_tflite,
    write_tflite,
)
from edge_runtime.model.graph import SvdfOptions


@pytest.fixture
def chain():
    """0 int8 input [1, 3], 1 weights, 2 bias, 3 hidden [1, 2], 4 shape, 5 reshaped [2], 6 float output."""
    builder = GraphBuilder("chain")
    x = builder.input((1, 3), scale=0.5, zero_point=1)
    y = builder.fully_connected(x, [[1, 2, 3], [-1, 0, 1]], [10, -10], weight_scale=0.5, scale=1, zero_point=2)
    return builder.graph(builder.dequantize(builder.reshape(y, (2,))))


INPUT = np.array([[5, 6, 7]], np.int8)
# (4 + 10 + 18 + 10) / 4 = 10.5 and (-4 + 6 - 10) / 4 = -2, and 2 for the zero point
HIDDEN = [[13, 0]]


def test_run(chain):
    (output,) = Interpreter(chain).run([INPUT])
    assert output.dtype == np.float32
    assert output.tolist() == [11.0, -2.0]


def test_rounding_is_a_choice():
    builder = GraphBuilder("tie")
    x = builder.input((1, 1), scale=1, zero_point=0)
    graph = builder.graph(builder.fully_connected(x, [[1]], None, weight_scale=1, scale=4, zero_point=0))
    ties = [np.array([[-6]], np.int8)]
    assert Interpreter(graph).run(ties)[0] == -2
    assert Interpreter(graph, Rounding.SINGLE).run(ties)[0] == -1


def test_run_all_keeps_every_tensor(chain):
    values = Interpreter(chain).run_all([INPUT])
    assert sorted(values) == [0, 3, 5, 6]
    assert values[3].tolist() == HIDDEN
    assert values[5].tolist() == HIDDEN[0]


def test_evaluate_runs_some_operators(chain):
    values = {3: np.array(HIDDEN, np.int8)}
    Interpreter(chain).evaluate(values, [1])
    assert sorted(values) == [3, 5]
    Interpreter(chain).evaluate(values, [2])
    assert values[6].tolist() == [11.0, -2.0]
    Interpreter(chain).evaluate(values, [])
    assert sorted(values) == [3, 5, 6]


def test_evaluate_needs_the_inputs(chain):
    with pytest.raises(DataError, match=r"operator 2 \(DEQUANTIZE\) reads tensor 5 .* which has no value yet"):
        Interpreter(chain).evaluate({0: INPUT}, [0, 2])


def test_a_constant_may_be_the_input():
    builder = GraphBuilder("constant")
    x = builder.input((1, 3), scale=1, zero_point=0)
    builder.fully_connected(x, [[1, 2, 3]], None, weight_scale=0.5, scale=1, zero_point=0)
    graph = builder.graph(builder.dequantize(1))
    assert Interpreter(graph).run([INPUT])[0].tolist() == [[0.5, 1.0, 1.5]]


def test_outputs_do_not_share_memory_with_inputs():
    builder = GraphBuilder("reshape")
    graph = builder.graph(builder.reshape(builder.input((1, 3), scale=1, zero_point=0), (3,)))
    given = INPUT.copy()
    (output,) = Interpreter(graph).run([given])
    given[:] = 0
    assert output.tolist() == [5, 6, 7]


def test_inputs_need_not_be_contiguous(chain):
    interpreter = Interpreter(chain)
    wide = np.repeat(INPUT, 2, axis=1)[:, ::2]
    assert not wide.flags.c_contiguous
    np.testing.assert_array_equal(interpreter.run([wide])[0], interpreter.run([INPUT])[0])


@pytest.mark.parametrize(
    ("inputs", "match"),
    [
        ([], "chain: 0 inputs were given; the network takes 1"),
        ([INPUT, INPUT], "chain: 2 inputs were given; the network takes 1"),
        ([INPUT[0]], r"chain: input 't0' is int8 \[3\]; it must be int8 \[1, 3\]"),
        ([INPUT.astype(np.int16)], r"input 't0' is int16 \[1, 3\]; it must be int8"),
        ([INPUT.astype(np.float32)], r"input 't0' is float32 \[1, 3\]"),
        ([[[5, 6, 7]]], "input 't0' is a list; give a numpy array"),
    ],
)
def test_wrong_inputs(chain, inputs, match):
    with pytest.raises(DataError, match=match):
        Interpreter(chain).run(inputs)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30, -1e30, 2.0**31])
def test_floats_that_int8_cannot_stand_for(value):
    """TFLite's result for these depends on the processor, so there is no right one."""
    builder = GraphBuilder("quantize")
    graph = builder.graph(builder.quantize(builder.float_input((3,)), scale=1.0, zero_point=0))
    with pytest.raises(DataError, match=r"operator 0 \(QUANTIZE\): element 1 of tensor 0 \('t0'\) is"):
        Interpreter(graph).run([np.array([0, value, 0], np.float32)])


def test_large_floats_saturate():
    builder = GraphBuilder("quantize")
    graph = builder.graph(builder.quantize(builder.float_input((2,)), scale=0.5, zero_point=7))
    assert Interpreter(graph).run([np.array([1e9, -1e9], np.float32)])[0].tolist() == [127, -128]


@pytest.fixture
def running_sum():
    """An SVDF that adds up its last three inputs: 0 int8 input [1, 1], 4 the state."""
    builder = GraphBuilder("sum")
    unit = {"scale": 1, "zero_point": 0}
    one = Quantization(np.ones(1, np.float32), np.zeros(1, np.int64))
    x, features = builder.input((1, 1), **unit), builder.int8_constant([[1]], **unit)
    time = builder.constant(np.ones((1, 3), np.int16), one)
    state = builder.state((1, 3), np.int16, **unit)
    y = builder.activation((1, 1), **unit)
    options = SvdfOptions(1, Activation.RELU)
    return builder.graph(builder.operate(OpKind.SVDF, [x, features, time, -1, state], y, options=options))


def run_through(interpreter: Interpreter, values) -> list[int]:
    return [int(interpreter.run([np.array([[value]], np.int8)])[0][0, 0]) for value in values]


def test_states_are_kept_until_they_are_reset(running_sum):
    interpreter = Interpreter(running_sum)
    assert run_through(interpreter, [1, 10, 20, 30]) == [1, 11, 31, 60]
    interpreter.reset()
    assert run_through(interpreter, [5]) == [5]


def test_each_interpreter_has_states_of_its_own(running_sum):
    one, other = Interpreter(running_sum), Interpreter(running_sum)
    assert run_through(one, [1, 2]) == [1, 3]
    assert run_through(other, [1]) == [1]


def test_a_uint8_network_has_uint8_ends_and_int8_inside():
    builder = GraphBuilder("older")
    x = builder.input((1, 2), scale=1, zero_point=-28)
    y = builder.fully_connected(x, [[1, -2]], [3], weight_scale=1, scale=1, zero_point=-118)
    graph = builder.graph(y)
    tensors = tuple(replace(t, unsigned=t.dtype == np.int8) for t in graph.tensors)
    read = read_tflite(write_tflite(replace(graph, tensors=tensors)), "older")
    assert [read.tensor(index).dtype for index in (*read.inputs, *read.outputs)] == [np.uint8, np.uint8]
    assert (*read.inputs, *read.outputs) == (*graph.inputs, *graph.outputs)
    kinds = [operator.kind for operator in read.operators]
    assert kinds == [OpKind.QUANTIZE, OpKind.FULLY_CONNECTED, OpKind.QUANTIZE]
    assert read.tensor(read.operators[1].inputs[0]).dtype == np.int8
    # (110 - 100) - 2 * (103 - 100) + 3, and 10 for the zero point
    assert Interpreter(read).run([np.array([[110, 103]], np.uint8)])[0].tolist() == [[17]]
    again = read_tflite(write_tflite(read), "older")
    assert [operator.kind for operator in again.operators] == kinds
    assert Interpreter(again).run([np.array([[110, 103]], np.uint8)])[0].tolist() == [[17]]


def test_a_network_may_convert_its_uint8_ends_itself():
    builder = GraphBuilder("ends")
    x = builder.input((3,), scale=1, zero_point=-28)
    graph = builder.graph(builder.quantize(builder.quantize(x, scale=2, zero_point=0), scale=1, zero_point=0))
    ends = {*graph.inputs, *graph.outputs}
    tensors = tuple(replace(t, unsigned=t.index in ends) for t in graph.tensors)
    read = read_tflite(write_tflite(replace(graph, tensors=tensors)), "ends")
    assert [operator.kind for operator in read.operators] == [OpKind.QUANTIZE, OpKind.QUANTIZE]
    assert Interpreter(read).run([np.array([0, 100, 255], np.uint8)])[0].tolist() == [28, 128, 255]
