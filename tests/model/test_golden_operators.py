"""Every operator against tflite-runtime 2.14's reference kernels, over random shapes, options, scales and extremes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from edge_runtime.errors import ModelError
from edge_runtime.model import Graph, Interpreter, read_tflite, write_tflite
from support.random_operators import MAKERS, network_of

#: Operators in one network: TFLite's interpreter is made once for all of them.
TOGETHER = 6

thorough = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def inputs_of(graph: Graph, seed: int) -> Iterator[list[np.ndarray]]:
    """All inputs at one end of their range, all at the other, every value in order, and random ones."""
    random = np.random.default_rng(seed)
    tensors = [graph.tensor(index) for index in graph.inputs]
    for value in (-128, 127):
        yield [np.full(tensor.shape, value, np.int8) for tensor in tensors]
    yield [(np.arange(tensor.size) % 256).astype(np.uint8).view(np.int8).reshape(tensor.shape) for tensor in tensors]
    for _ in range(2):
        yield [random.integers(-128, 128, tensor.shape).astype(np.int8) for tensor in tensors]


@pytest.mark.parametrize("name", MAKERS)
@thorough
@given(seed=st.integers(0, 2**32 - 1))
def test_random_operators(golden_interpreter, name, seed):
    try:
        graph = network_of(MAKERS[name], seed, TOGETHER)
    except ModelError as error:
        # the scales are drawn far enough apart that TFLite refuses a few
        assume("too small for the activation's limit" not in str(error))
        raise
    data = write_tflite(graph)
    run, interpreter = golden_interpreter(data), Interpreter(read_tflite(data, "random"))
    for inputs in inputs_of(graph, seed):
        for expected, got in zip(run(inputs), interpreter.run(inputs), strict=True):
            assert (expected.shape, expected.dtype) == (got.shape, got.dtype)
            np.testing.assert_array_equal(expected, got)
