"""Every operator against tflite-runtime 2.14's reference kernels, over random shapes, options, scales and extremes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from edge_runtime.errors import ModelError
from edge_runtime.model import Graph, Interpreter, read_tflite, write_tflite
from support.random_operators import MAKERS, network_of, older_scheme

#: Operators in one network: TFLite's interpreter is made once for all of them.
TOGETHER = 6

#: What there never was in uint8.
NEWER = ("lstm", "svdf", "squared_difference", "batch_matmul", "newer_table", "log_softmax")

thorough = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
seeds = st.integers(0, 2**32 - 1)


def inputs_of(graph: Graph, seed: int) -> Iterator[list[np.ndarray]]:
    """All inputs at one end of their range, all at the other, every value in order, and random ones."""
    random = np.random.default_rng(seed)
    tensors = [graph.tensor(index) for index in graph.inputs]
    for value in (-128, 127):
        yield [np.full(tensor.shape, value).astype(tensor.dtype) for tensor in tensors]
    yield [(np.arange(tensor.size) % 256).astype(tensor.dtype).reshape(tensor.shape) for tensor in tensors]
    for _ in range(2):
        yield [random.integers(-128, 128, tensor.shape).astype(tensor.dtype) for tensor in tensors]


def check(golden_interpreter, graph: Graph, seed: int) -> None:
    data = write_tflite(graph)
    read = read_tflite(data, "random")
    run, interpreter = golden_interpreter(data), Interpreter(read)
    for inputs in inputs_of(read, seed):
        for expected, got in zip(run(inputs), interpreter.run(inputs), strict=True):
            assert (expected.shape, expected.dtype) == (got.shape, got.dtype)
            np.testing.assert_array_equal(expected, got)


def draw(name: str, seed: int, count: int = TOGETHER) -> Graph:
    try:
        return network_of(MAKERS[name], seed, count)
    except ModelError as error:
        # the scales are drawn far enough apart that TFLite refuses a few
        assume("too small for the activation's limit" not in str(error))
        raise


@pytest.mark.parametrize("name", MAKERS)
@thorough
@given(seed=seeds)
def test_random_operators(golden_interpreter, name, seed):
    check(golden_interpreter, draw(name, seed), seed)


@pytest.mark.parametrize("name", [name for name in MAKERS if name not in NEWER])
@settings(thorough, max_examples=8)
@given(seed=seeds)
def test_the_older_scheme(golden_interpreter, name, seed):
    graph = older_scheme(draw(name, seed), seed)
    assert {tensor.dtype for tensor in graph.tensors if tensor.unsigned} == {np.dtype(np.int8)}
    check(golden_interpreter, graph, seed)


@pytest.mark.parametrize("name", MAKERS)
def test_the_draws_show_something(name):
    """Outputs that hardly vary would be equal whatever the kernels computed."""
    varied = 0
    for seed in range(12):
        try:
            graph = network_of(MAKERS[name], seed, 1)
        except ModelError:
            continue
        interpreter = Interpreter(graph)
        results = [interpreter.run(inputs) for inputs in inputs_of(graph, seed)]
        varied += max(len(np.unique(np.stack(output))) for output in zip(*results, strict=True)) > 6
    assert varied >= 3
