"""What is written is read back as the same graph."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_runtime.errors import ModelError
from edge_runtime.model import Activation, Graph, GraphBuilder, load_tflite, read_tflite, write_tflite

names = st.text(st.characters(exclude_characters="/\0.", exclude_categories=["Cs"]), min_size=1, max_size=12)
scales = st.floats(2.0**-20, 2.0**20, width=32)
points = st.integers(-128, 127)


@st.composite
def networks(draw) -> Graph:
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    builder = GraphBuilder(draw(names))
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=4)))
    scale = draw(scales)
    if draw(st.booleans()):
        tensor = builder.quantize(builder.float_input(shape), scale=scale, zero_point=draw(points))
    else:
        tensor = builder.input(shape, scale=scale, zero_point=draw(points))
    keep, several = draw(st.booleans()), draw(st.booleans())
    outputs, features = draw(st.integers(1, 5)), shape[-1]
    weight_scales = random.uniform(0.01, 1, outputs if several else 1).astype(np.float32)
    tensor = builder.fully_connected(
        tensor,
        random.integers(-128, 128, (outputs, features)),
        random.integers(-(2**31), 2**31, outputs) if draw(st.booleans()) else None,
        weight_scale=weight_scales.tolist(),
        scale=scale * 3,
        zero_point=draw(points),
        activation=draw(st.sampled_from([Activation.NONE, Activation.RELU])),
        keep_num_dims=keep,
    )
    size = int(np.prod(shape)) // features * outputs
    logits = tensor = builder.reshape(tensor, (size, 1), as_tensor=draw(st.booleans()))
    tensor = builder.softmax(tensor, beta=draw(st.floats(0.5, 2)))
    return builder.graph(builder.dequantize(tensor), logits)


@settings(deadline=None)
@given(networks())
def test_round_trip(graph):
    assert read_tflite(write_tflite(graph), f"{graph.name}.tflite") == graph


def test_round_trip_of_real_models(shared_models):
    read = 0
    for path in sorted(shared_models.rglob("*.tflite")):
        try:
            graph = load_tflite(path)
        except ModelError:
            continue
        assert read_tflite(write_tflite(graph), path.name) == graph
        read += 1
    assert read >= 21


def test_a_written_real_model_gives_the_same_outputs(golden_interpreter, shared_models):
    path = shared_models / "mlperf_ad_autoencoder.tflite"
    original = golden_interpreter(path.read_bytes())
    written = golden_interpreter(write_tflite(load_tflite(path)))
    random = np.random.default_rng(1)
    for _ in range(20):
        inputs = [random.integers(-128, 128, (1, 640)).astype(np.int8)]
        assert (original(inputs)[0] == written(inputs)[0]).all()


def test_graphs_differ_by_what_they_compute():
    def network(bias: int, scale: float = 1.0, zero_point: int = 0) -> Graph:
        builder = GraphBuilder("one")
        x = builder.input((1, 2), scale=scale, zero_point=zero_point)
        return builder.graph(builder.fully_connected(x, [[1, 2]], [bias], weight_scale=1, scale=9, zero_point=0))

    assert network(1) == network(1)
    assert hash(network(1)) == hash(network(1))
    assert network(1) != network(2)
    assert network(1) != network(1, scale=1.5)
    assert network(1) != network(1, zero_point=1)
    assert network(1).tensor(0) != "a tensor"
    assert network(1).tensor(0).quantization != "a quantisation"


@pytest.mark.parametrize("length", [1, 2, 3, 5, 16, 17])
def test_data_is_aligned_as_the_schema_asks(length):
    builder = GraphBuilder("x" * length)
    x = builder.input((1, length), scale=1, zero_point=0)
    marks = np.arange(1, length + 1, dtype=np.int8)[np.newaxis]
    data = write_tflite(builder.graph(builder.fully_connected(x, marks, [77], weight_scale=1, scale=1, zero_point=0)))
    assert data.index(np.array([length], "<u4").tobytes() + marks.tobytes()) % 16 == 12
