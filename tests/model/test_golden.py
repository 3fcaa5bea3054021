"""Every kernel against tflite-runtime 2.14's reference kernels: the same bits, on real and on random networks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_runtime.errors import ModelError
from edge_runtime.model import (
    Activation,
    FullyConnectedOptions,
    GraphBuilder,
    Interpreter,
    channels,
    load_tflite,
    write_tflite,
)
from edge_runtime.model.checks import check_graph

# the golden interpreter is a function: sharing it between examples is fine
thorough = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
int8s = st.integers(-128, 127)
seeds = st.integers(0, 2**32 - 1)

# the MLPerf Tiny networks, others, and the former's single layers
REAL = ["hello_world", "micro_speech", "mnist_depthwise", "mnist_lstm", "mobilenet96_imagenet"]
REAL += [f"mlperf_{name}" for name in ("ad_autoencoder", "ic_resnet8", "kws_dscnn", "sww", "vww_mobilenet")]
LAYERS = {"aww": 13, "resnet": 16, "toycar": 10, "vww": 31}
REAL += [f"layers/{network}_layer{layer}" for network, layers in LAYERS.items() for layer in range(layers)]


def check(golden, graph, inputs) -> None:
    run, interpreter = golden(write_tflite(graph)), Interpreter(graph)
    for given_inputs in inputs:
        same(run(given_inputs), interpreter.run(given_inputs))


def same(expected, got) -> None:
    for one, other in zip(expected, got, strict=True):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        np.testing.assert_array_equal(one, other)


def random_inputs(graph, seed: int, count: int):
    """Random inputs, after the ones where all are at an end of their range."""
    random = np.random.default_rng(seed)
    shapes = [graph.tensor(index).shape for index in graph.inputs]
    for value in (-128, 127):
        yield [np.full(shape, value, np.int8) for shape in shapes]
    for _ in range(count):
        yield [random.integers(-128, 128, shape).astype(np.int8) for shape in shapes]


@pytest.mark.parametrize("name", REAL)
def test_real_models(golden_interpreter, shared_models, name):
    path = shared_models / f"{name}.tflite"
    graph = load_tflite(path)
    run, interpreter = golden_interpreter(path.read_bytes()), Interpreter(graph)
    for inputs in random_inputs(graph, seed=1, count=10):
        same(run(inputs), interpreter.run(inputs))


@st.composite
def dense_networks(draw):
    """One to three FULLY_CONNECTED with everything about them random, extremes included."""
    random = np.random.default_rng(draw(seeds))
    batch = draw(st.integers(1, 3))
    width, scale = draw(st.integers(1, 48)), float(10 ** random.uniform(-4, 1))
    builder = GraphBuilder("dense")
    tensor = builder.input((batch, width), scale=scale, zero_point=draw(int8s))
    for _ in range(draw(st.integers(1, 3))):
        outputs = draw(st.integers(1, 24))
        extreme = draw(st.booleans())
        weights = (
            random.choice([-128, 127], (outputs, width)) if extreme else random.integers(-128, 128, (outputs, width))
        )
        several = draw(st.booleans())
        weight_scale = 10 ** random.uniform(-4, 1, outputs if several else 1)
        spread = 74 * 74 * np.sqrt(width)
        largest = draw(st.sampled_from([None, 1, spread, 2**31 - 1]))
        bias = None if largest is None else random.uniform(-largest, largest, outputs).astype(np.int64)
        new_scale = float(scale * weight_scale.max() * spread / 128 * 10 ** random.uniform(-2, 2))
        tensor = builder.fully_connected(
            tensor,
            weights,
            bias,
            weight_scale=weight_scale.tolist(),
            scale=new_scale,
            zero_point=draw(int8s),
            activation=draw(st.sampled_from(Activation)),
        )
        width, scale = outputs, new_scale
    return builder.graph(tensor)


@thorough
@given(dense_networks(), seeds)
def test_random_dense_networks(golden_interpreter, graph, seed):
    check(golden_interpreter, graph, random_inputs(graph, seed, 5))


@thorough
@given(st.lists(st.integers(1, 5), min_size=1, max_size=3), st.booleans(), seeds)
def test_dense_of_any_rank(golden_interpreter, leading, keep, seed):
    random = np.random.default_rng(seed)
    builder = GraphBuilder("rank")
    x = builder.input((*leading, 6), scale=0.1, zero_point=3)
    y = builder.fully_connected(
        x,
        random.integers(-128, 128, (4, 6)),
        random.integers(-999, 999, 4),
        weight_scale=0.02,
        scale=0.3,
        zero_point=-7,
        keep_num_dims=keep,
    )
    check(golden_interpreter, builder.graph(y), random_inputs(builder.graph(y), seed, 2))


def test_sums_that_pass_24_bits_on_their_way(golden_interpreter):
    """Large products that cancel but for the last bits: float32 would lose those."""
    random = np.random.default_rng(2)
    half = random.integers(100, 128, (3, 2500))
    builder = GraphBuilder("long")
    x = builder.input((1, 5000), scale=1, zero_point=-128)
    y = builder.fully_connected(x, np.hstack([half, -half]), None, weight_scale=1, scale=7, zero_point=0)
    graph = builder.graph(y)
    inputs = []
    for _ in range(10):
        values = random.integers(90, 128, 2500)
        other = values + random.integers(-1, 2, 2500) * (random.random(2500) < 0.002)
        inputs.append([np.hstack([values, other])[np.newaxis].astype(np.int8)])
    assert len({int(value) for given_inputs in inputs for value in Interpreter(graph).run(given_inputs)[0].flat}) > 15
    check(golden_interpreter, graph, inputs)


def test_accumulators_wrap(golden_interpreter):
    builder = GraphBuilder("wrap")
    x = builder.input((1, 4), scale=1, zero_point=0)
    bias = [2**31 - 1, -(2**31), 2**31 - 60000, -(2**31) + 60000]
    y = builder.fully_connected(x, np.full((4, 4), 127), bias, weight_scale=1, scale=2.0**25, zero_point=0)
    graph = builder.graph(y)
    high, low = (Interpreter(graph).run([np.full((1, 4), value, np.int8)])[0].tolist() for value in (127, -128))
    assert high == [[-64, -64, -64, -64]]
    assert low == [[64, 64, 64, 64]]
    check(golden_interpreter, graph, random_inputs(graph, 1, 20))


def on_a_tie(scale: float, weight_scales: np.ndarray, output_scale: float, random) -> np.ndarray:
    """Biases between the accumulators at which the one and the other order of rounding pass a half."""
    early = np.float64(np.float32(scale) * weight_scales) / np.float64(output_scale)
    late = np.float64(np.float32(scale)) * np.float64(weight_scales) / np.float64(output_scale)
    halves = random.integers(-126, 126, len(weight_scales)) + 0.5
    return np.clip(np.rint((halves / early + halves / late) / 2), -(2**31), 2**31 - 1)


@pytest.mark.parametrize("several", [False, True])
def test_the_last_bit_of_the_factor(golden_interpreter, monkeypatch, several):
    """With one weight scale TFLite rounds the product of scales to float32, with several it does not."""
    random = np.random.default_rng(11)
    outputs, differs = 32, 0
    other_order = {False: np.float64, True: np.float32}[several]
    for _ in range(30):
        scale = float(np.float32(10 ** random.uniform(-3, 0)))
        weight_scales = (10 ** random.uniform(-3, 0, outputs if several else 1)).astype(np.float32)
        output_scale = float(np.float32(scale * weight_scales.max() * 2**30.9 / 127))
        builder = GraphBuilder("tie")
        x = builder.input((1, 1), scale=scale, zero_point=0)
        bias = on_a_tie(scale, np.broadcast_to(weight_scales, outputs), output_scale, random)
        y = builder.fully_connected(
            x,
            np.ones((outputs, 1)),
            bias,
            weight_scale=weight_scales.tolist(),
            scale=output_scale,
            zero_point=0,
        )
        graph, zero = builder.graph(y), [np.zeros((1, 1), np.int8)]
        expected = golden_interpreter(write_tflite(graph))(zero)
        same(expected, Interpreter(graph).run(zero))
        with monkeypatch.context() as patch:
            product = np.atleast_1d(np.multiply(np.float32(scale), weight_scales, dtype=other_order)).astype(np.float64)
            patch.setattr(channels, "fully_connected_factors", lambda *_, p=product, s=output_scale: p / s)
            differs += int((Interpreter(graph).run(zero)[0] != expected[0]).sum())
    assert differs > 50, "the other order of rounding must be seen to be wrong, or this shows nothing"


@thorough
@given(
    st.lists(st.integers(1, 6), max_size=2),
    st.one_of(st.integers(1, 300), st.sampled_from([511, 512, 513, 1000, 4095])),
    st.floats(-7.6, 38),
    st.sampled_from([0.01, 0.5, 1.0, 2.0, 7.3]),
    int8s,
    seeds,
)
def test_softmax(golden_interpreter, leading, depth, log_scale, beta, zero_point, seed):
    random = np.random.default_rng(seed)
    builder = GraphBuilder("softmax")
    scale = max(10**log_scale, 2.0**-25 / beta)
    graph = builder.graph(
        builder.softmax(builder.input((*leading, depth), scale=scale, zero_point=zero_point), beta=beta)
    )
    shape = (*leading, depth)
    inputs = [np.full(shape, -128), np.full(shape, 127)]
    inputs += [random.integers(-128, 129 - spread) + random.integers(0, spread, shape) for spread in (1, 3, 30, 256)]
    # most are at the top: in long rows the exponentials add up to more than 512
    inputs.append(np.where(random.random(shape) < 0.95, 127, random.integers(-128, 128, shape)))
    check(golden_interpreter, graph, [[array.astype(np.int8)] for array in inputs])


@thorough
@given(
    st.lists(st.integers(1, 6), max_size=2),
    st.one_of(st.integers(1, 300), st.sampled_from([511, 512, 513, 1000, 4095])),
    st.floats(-7.6, 38),
    int8s,
    seeds,
)
def test_log_softmax(golden_interpreter, leading, depth, log_scale, zero_point, seed):
    random = np.random.default_rng(seed)
    builder = GraphBuilder("log softmax")
    scale = max(10**log_scale, 2.0**-25)
    graph = builder.graph(builder.log_softmax(builder.input((*leading, depth), scale=scale, zero_point=zero_point)))
    shape = (*leading, depth)
    inputs = [np.full(shape, -128), np.full(shape, 127)]
    inputs += [random.integers(-128, 129 - spread) + random.integers(0, spread, shape) for spread in (1, 3, 30, 256)]
    inputs.append(np.where(random.random(shape) < 0.95, 127, random.integers(-128, 128, shape)))
    check(golden_interpreter, graph, [[array.astype(np.int8)] for array in inputs])


@thorough
@given(st.floats(-6, 3), int8s, seeds)
def test_quantize_floats(golden_interpreter, log_scale, zero_point, seed):
    random = np.random.default_rng(seed)
    scale = np.float32(10**log_scale)
    builder = GraphBuilder("quantize")
    graph = builder.graph(builder.quantize(builder.float_input((4, 64)), scale=float(scale), zero_point=zero_point))
    halves = (random.integers(-600, 600, (4, 64)) / 2 * np.float64(scale)).astype(np.float32)
    beside = np.nextafter(halves, random.choice(np.array([-np.inf, np.inf], np.float32), halves.shape))
    far = (random.uniform(-1, 1, (4, 64)) * 2.0**30 * scale).astype(np.float32)
    check(golden_interpreter, graph, [[halves], [beside], [far], [np.full((4, 64), -0.0, np.float32)]])


@thorough
@given(st.floats(-6, 3), st.one_of(st.just(0.0), st.floats(-1, 1), st.floats(-12, 8)), int8s, int8s)
def test_requantize(golden_interpreter, log_scale, log_ratio, zero_point, other_zero_point):
    builder = GraphBuilder("requantize")
    x = builder.input((256,), scale=10**log_scale, zero_point=zero_point)
    graph = builder.graph(builder.quantize(x, scale=10 ** (log_scale - log_ratio), zero_point=other_zero_point))
    check(golden_interpreter, graph, [[np.arange(-128, 128).astype(np.int8)]])


@thorough
@given(st.floats(-37, 36), int8s)
def test_dequantize(golden_interpreter, log_scale, zero_point):
    builder = GraphBuilder("dequantize")
    graph = builder.graph(builder.dequantize(builder.input((16, 16), scale=10**log_scale, zero_point=zero_point)))
    check(golden_interpreter, graph, [[np.arange(-128, 128).astype(np.int8).reshape(16, 16)]])


@pytest.mark.parametrize("as_tensor", [True, False])
def test_reshape(golden_interpreter, as_tensor):
    builder = GraphBuilder("reshape")
    graph = builder.graph(builder.reshape(builder.input((2, 3, 4), scale=1, zero_point=0), (4, 6), as_tensor=as_tensor))
    check(golden_interpreter, graph, random_inputs(graph, 1, 3))


def test_a_network_of_all_operators(golden_interpreter):
    random = np.random.default_rng(4)
    builder = GraphBuilder("all")
    x = builder.quantize(builder.float_input((1, 4, 5)), scale=0.05, zero_point=4)
    x = builder.reshape(x, (1, 20))
    x = builder.fully_connected(
        x,
        random.integers(-128, 128, (9, 20)),
        random.integers(-500, 500, 9),
        weight_scale=0.01,
        scale=0.06,
        zero_point=-100,
        activation=Activation.RELU6,
    )
    x = builder.quantize(x, scale=0.08, zero_point=-3)
    logits = builder.fully_connected(
        x, random.integers(-128, 128, (6, 9)), None, weight_scale=0.01, scale=0.05, zero_point=0
    )
    probabilities = builder.softmax(logits, beta=1.0)
    graph = builder.graph(builder.dequantize(probabilities), logits)
    reals = [[random.normal(0, 2, (1, 4, 5)).astype(np.float32)] for _ in range(50)]
    check(golden_interpreter, graph, reals)


def test_tflite_also_refuses_a_scale_too_small_for_the_activation(golden_interpreter):
    builder = GraphBuilder("tiny")
    x = builder.input((1, 1), scale=1e-5, zero_point=0)
    y = builder.fully_connected(x, [[1]], None, weight_scale=1e-5, scale=1e-9, zero_point=0)
    graph = builder.graph(y)
    clipped = replace(graph.operators[0], options=FullyConnectedOptions(Activation.RELU6))
    graph = replace(graph, operators=(clipped,))
    with pytest.raises(ModelError, match=r"too small for the activation's limit 6"):
        check_graph(graph)
    with pytest.raises(RuntimeError):
        golden_interpreter(write_tflite(graph))
