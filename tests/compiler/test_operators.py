"""Compiler and driver through the functional model of the engine: descriptors say what the network means."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from edge_runtime.accelerator.bus import EmulatedBus
from edge_runtime.accelerator.overlay import OverlayAccelerator
from edge_runtime.compiler import OverlayParameters, compile_model
from edge_runtime.errors import ModelError
from edge_runtime.model import (
    Activation,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    GraphBuilder,
    Interpreter,
    OpKind,
    Padding,
    PoolOptions,
    Quantization,
    write_tflite,
)
from edge_runtime.model.graph import ResizeOptions, TransposeConvOptions
from support.random_decoders import random_decoder
from support.random_networks import random_network
from support.random_operators import MAKERS, network_of

OVERLAYS = (
    OverlayParameters(table_pairs=64),
    OverlayParameters(
        k_lanes=8,
        oc_lanes=8,
        requant_lanes=4,
        act_bytes=16384,
        weight_rows=4096,
        vec_lanes=4,
        table_pairs=64,
        row_buffer_bytes=512,
    ),
    OverlayParameters(
        k_lanes=12, oc_lanes=4, requant_lanes=2, weight_rows=8192, vec_lanes=4, table_pairs=64, packed=False
    ),
    OverlayParameters(k_lanes=48, requant_lanes=16, vec_lanes=16, table_pairs=64, packed=False),
    OverlayParameters(
        k_lanes=4, oc_lanes=4, requant_lanes=2, weight_rows=8192, vec_lanes=2, table_pairs=64, packed=False
    ),
    OverlayParameters(table_pairs=64, axi_master=True),
)
#: Those that have a unit on the overlay.
LOWERED = (
    "addition",
    "concatenation",
    "convolution",
    "depthwise",
    "mean",
    "multiplication",
    "newer_table",
    "pad",
    "pool",
    "prelu",
    "resize_bilinear",
    "resize_nearest",
    "transpose_convolution",
    "table",
)

few = settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def check(graph, seed):
    """Compare bits with the reference's, and the engine's cycles with those that the compiler foresees."""
    parameters = OVERLAYS[seed % len(OVERLAYS)]
    program = compile_model(write_tflite(graph), parameters, name="random", allow_cpu=True)
    reference, random = Interpreter(program.graph), np.random.default_rng(seed)
    with OverlayAccelerator(EmulatedBus(parameters)) as overlay:
        overlay.load(program)
        for values in ([-128, 127], range(-128, 128)):
            shapes = [program.graph.tensor(index).shape for index in program.graph.inputs]
            inputs = [random.choice(np.array(values, np.int8), shape) for shape in shapes]
            inference = overlay.infer(inputs)
            for got, expected in zip(inference.outputs, reference.run(inputs), strict=True):
                np.testing.assert_array_equal(got, expected)
            assert inference.cycles == program.cycles
    return program


@pytest.mark.parametrize("name", LOWERED)
@few
@given(seed=st.integers(0, 2**32 - 1))
def test_random_operators(name, seed):
    try:
        graph = network_of(MAKERS[name], seed, 2)
    except ModelError:
        assume(False)
    check(graph, seed)


@settings(few, max_examples=10)
@given(seed=st.integers(0, 2**32 - 1))
def test_random_networks(seed):
    check(random_network(seed), seed)


@settings(few, max_examples=10)
@given(seed=st.integers(0, 2**32 - 1))
def test_random_decoders(seed):
    check(random_decoder(seed), seed)


def on_overlay(program):
    return [decision.on_overlay for decision in program.decisions]


@pytest.mark.parametrize("overlay", range(len(OVERLAYS)))
@pytest.mark.parametrize("kind", [OpKind.ADD, OpKind.SUB, OpKind.MUL])
@pytest.mark.parametrize("shape", [(1, 4, 5, 6), (1, 1, 1, 6), (1, 4, 5, 1), (1, 4, 1, 6), (6,), (1,)])
def test_operands_of_other_shapes_are_spread(kind, shape, overlay):
    builder = GraphBuilder("spread")
    wide = builder.input((1, 4, 5, 6), scale=0.05, zero_point=-128)
    small = builder.input(shape, scale=0.02, zero_point=9)
    pair = (wide, small) if overlay % 2 else (small, wide)
    scale = 0.1 if kind is OpKind.MUL else 0.06
    program = check(builder.graph(builder.binary(kind, *pair, scale=scale, zero_point=5)), overlay)
    assert on_overlay(program) == [True]


@pytest.mark.parametrize("overlay", range(len(OVERLAYS)))
@pytest.mark.parametrize("kind", [OpKind.ADD, OpKind.SUB, OpKind.MUL])
@pytest.mark.parametrize("zero_point", [-128, 0, 127])
def test_constants_of_a_number_for_each_channel(kind, zero_point, overlay):
    builder, random = GraphBuilder("constant"), np.random.default_rng(overlay)
    x = builder.input((1, 4, 5, 11), scale=0.05, zero_point=7)
    constant = builder.int8_constant(random.integers(-128, 128, (1, 1, 1, 11)), scale=0.02, zero_point=zero_point)
    y = builder.binary(kind, constant, x, scale=0.08, zero_point=5)
    assert on_overlay(check(builder.graph(y), overlay)) == [True]


@pytest.mark.parametrize("overlay", range(len(OVERLAYS)))
def test_factors_of_more_than_twice_an_int8(overlay):
    builder = GraphBuilder("factors")
    x = builder.input((1, 4, 5, 4), scale=0.05, zero_point=7)
    constant = builder.int8_constant(np.array([[127, 126, -128, 0]]), scale=0.02, zero_point=-128)
    y = builder.binary(OpKind.MUL, constant, x, scale=0.3, zero_point=5)
    assert on_overlay(check(builder.graph(y), overlay)) == [True]


@pytest.mark.parametrize("kind", [OpKind.ADD, OpKind.SUB, OpKind.MUL])
def test_a_tensor_with_itself(kind):
    builder = GraphBuilder("itself")
    x = builder.input((1, 4, 5, 6), scale=0.05, zero_point=-20)
    y = builder.binary(kind, x, x, scale=0.12, zero_point=5)
    assert on_overlay(check(builder.graph(y), 0)) == [True]


@pytest.mark.parametrize("kind", [OpKind.QUANTIZE, OpKind.RELU, OpKind.RELU6])
def test_other_scales_take_no_table(kind):
    builder = GraphBuilder("rescaled")
    x = builder.input((1, 16, 16, 1), scale=0.05, zero_point=-20)
    program = check(builder.graph(builder.unary(kind, x, scale=0.031, zero_point=-100)), 0)
    assert len(program.tables) == 0


@pytest.mark.parametrize("alphas", [(1,), (4,)])
def test_a_prelu_with_one_factor_is_a_table(alphas):
    builder = GraphBuilder("prelu")
    x = builder.input((1, 4, 4, 4), scale=0.05, zero_point=-20)
    alpha = builder.int8_constant(np.full(alphas, 31), scale=0.01, zero_point=4)
    y = builder.operate(OpKind.PRELU, [x, alpha], builder.activation((1, 4, 4, 4), scale=0.04, zero_point=3))
    program = check(builder.graph(y), 0)
    assert on_overlay(program) == [True]
    assert len(program.tables) == 1


@pytest.mark.parametrize("overlay", range(len(OVERLAYS)))
@pytest.mark.parametrize("zero_point", [-128, 7, 127])
def test_a_prelu_with_a_factor_for_each_channel(zero_point, overlay):
    builder, random = GraphBuilder("prelu"), np.random.default_rng(overlay)
    x = builder.input((1, 4, 5, 11), scale=0.05, zero_point=zero_point)
    factors = np.concatenate([[-128, 127, 0], random.integers(-128, 128, 8)])
    alpha = builder.int8_constant(factors.reshape(1, 1, 11), scale=0.01, zero_point=int(random.choice([-128, 0, 127])))
    y = builder.operate(OpKind.PRELU, [x, alpha], builder.activation((1, 4, 5, 11), scale=0.04, zero_point=3))
    other = builder.pool(OpKind.MAX_POOL_2D, y, PoolOptions(2, 2, 1, 1, Padding.SAME))
    assert on_overlay(check(builder.graph(builder.concatenation([y, other], 3)), overlay)) == [True] * 3


def test_a_prelu_of_factors_that_vary_otherwise_is_the_cpus():
    builder = GraphBuilder("prelu")
    x = builder.input((1, 4, 4, 4), scale=0.05, zero_point=-20)
    alpha = builder.int8_constant(np.arange(64).reshape(4, 4, 4), scale=0.01, zero_point=4)
    y = builder.operate(OpKind.PRELU, [x, alpha], builder.activation((1, 4, 4, 4), scale=0.04, zero_point=3))
    program = check(builder.graph(y), 0)
    assert on_overlay(program) == [False]
    assert "neither one constant nor one for each channel" in program.decisions[0].reason


@pytest.mark.parametrize("overlay", range(len(OVERLAYS)))
@pytest.mark.parametrize("options", [ResizeOptions(), ResizeOptions(half_pixel_centers=True)])
@pytest.mark.parametrize("factors", [(2, 2), (1, 3), (4, 4)])
def test_pictures_made_larger(factors, options, overlay):
    builder = GraphBuilder("larger")
    x = builder.input((2, 3, 5, 11), scale=0.05, zero_point=-20)
    sides = [3 * factors[0], 5 * factors[1]]
    y = builder.activation((2, *sides, 11), scale=0.05, zero_point=-20)
    builder.operate(
        OpKind.RESIZE_NEAREST_NEIGHBOR, [x, builder.constant(np.array(sides, np.int32))], y, options=options
    )
    other = builder.unary(OpKind.RELU, y, scale=0.05, zero_point=-20)
    assert on_overlay(check(builder.graph(builder.concatenation([y, other], 3)), overlay)) == [True] * 3


@pytest.mark.parametrize("overlay", range(len(OVERLAYS)))
@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("shape", [(3, 5), (1, 4), (2, 2)])
def test_pictures_interpolated(shape, half, overlay):
    builder = GraphBuilder("larger")
    x = builder.input((1, *shape, 11), scale=0.05, zero_point=-20)
    sides = [2 * length for length in shape]
    y = builder.activation((1, *sides, 11), scale=0.05, zero_point=-20)
    inputs = [x, builder.constant(np.array(sides, np.int32))]
    builder.operate(OpKind.RESIZE_BILINEAR, inputs, y, options=ResizeOptions(half_pixel_centers=half))
    other = builder.pool(OpKind.MAX_POOL_2D, y, PoolOptions(2, 2, 1, 1, Padding.SAME))
    assert on_overlay(check(builder.graph(builder.concatenation([y, other], 3)), overlay)) == [True] * 3


@pytest.mark.parametrize("overlay", range(len(OVERLAYS)))
@pytest.mark.parametrize("kind", [OpKind.RESIZE_BILINEAR, OpKind.RESIZE_NEAREST_NEIGHBOR])
def test_a_pixel_repeated(kind, overlay):
    builder = GraphBuilder("pixel")
    x = builder.input((1, 7, 9, 11), scale=0.05, zero_point=-20)
    pixel = builder.pool(OpKind.MAX_POOL_2D, x, PoolOptions(7, 9, 1, 1))
    y = builder.activation((1, 7, 9, 11), scale=0.05, zero_point=-20)
    inputs = [pixel, builder.constant(np.array([7, 9], np.int32))]
    builder.operate(kind, inputs, y, options=ResizeOptions(align_corners=True))
    assert on_overlay(check(builder.graph(builder.concatenation([x, y], 3)), overlay)) == [True] * 3


@pytest.mark.parametrize(
    ("sides", "reason"), [((7, 6), "not to a multiple"), ((15, 15), "would make 25 layers of it"), ((2, 6), "multiple")]
)
def test_pictures_of_other_sizes_are_the_cpus(sides, reason):
    builder = GraphBuilder("larger")
    x = builder.input((1, 3, 3, 2), scale=0.05, zero_point=-20)
    y = builder.activation((1, *sides, 2), scale=0.05, zero_point=-20)
    inputs = [x, builder.constant(np.array(sides, np.int32))]
    builder.operate(OpKind.RESIZE_NEAREST_NEIGHBOR, inputs, y, options=ResizeOptions())
    program = check(builder.graph(y), 0)
    assert on_overlay(program) == [False]
    assert reason in program.decisions[0].reason


@pytest.mark.parametrize("overlay", range(len(OVERLAYS)))
@pytest.mark.parametrize("padding", list(Padding))
@pytest.mark.parametrize(("kernel", "stride"), [(2, 2), (3, 2), (4, 2), (5, 2), (3, 3), (3, 1), (4, 3)])
def test_transposed_convolutions(kernel, stride, padding, overlay):
    builder, random = GraphBuilder("transposed"), np.random.default_rng(overlay)
    x = builder.input((1, 4, 5, 6), scale=0.05, zero_point=-20)
    shape = [length * stride if padding is Padding.SAME else (length - 1) * stride + kernel for length in (4, 5)]
    weights = random.integers(-127, 128, (7, kernel, kernel, 6)).astype(np.int8)
    scales = Quantization(random.uniform(0.001, 0.003, 7).astype(np.float32), np.zeros(7, np.int64))
    inputs = [builder.constant(np.array([1, *shape, 7], np.int32)), builder.constant(weights, scales), x]
    y = builder.activation((1, *shape, 7), scale=0.04, zero_point=3)
    options = TransposeConvOptions(stride, stride, padding, Activation.RELU6)
    builder.operate(OpKind.TRANSPOSE_CONV, inputs, y, options=options)
    other = builder.pool(OpKind.MAX_POOL_2D, y, PoolOptions(2, 2, 1, 1, Padding.SAME))
    assert on_overlay(check(builder.graph(builder.concatenation([y, other], 3)), overlay)) == [True] * 3


@pytest.mark.parametrize(
    ("kernel", "stride", "reason"),
    [(2, 3, "outputs that see nothing of the input"), (5, 5, "would make 25 layers of it")],
)
def test_transposed_convolutions_of_the_cpu(kernel, stride, reason):
    builder = GraphBuilder("transposed")
    x = builder.input((1, 3, 3, 2), scale=0.05, zero_point=-20)
    weights = builder.int8_constant(np.ones((2, kernel, kernel, 2)), scale=0.01, zero_point=0)
    shape = (1, 3 * stride, 3 * stride, 2)
    y = builder.activation(shape, scale=0.04, zero_point=3)
    options = TransposeConvOptions(stride, stride, Padding.SAME)
    builder.operate(
        OpKind.TRANSPOSE_CONV, [builder.constant(np.array(shape, np.int32)), weights, x], y, options=options
    )
    program = check(builder.graph(y), 0)
    assert on_overlay(program) == [False]
    assert reason in program.decisions[0].reason


@pytest.mark.parametrize("overlay", range(len(OVERLAYS)))
@pytest.mark.parametrize("kind", [OpKind.MAXIMUM, OpKind.MINIMUM])
@pytest.mark.parametrize("bound", [-128, 17, 127])
def test_extremes_with_a_number_take_no_table(bound, kind, overlay):
    builder, quantization = GraphBuilder("bounded"), {"scale": 0.05, "zero_point": -20}
    x, constant = builder.input((1, 4, 4, 5), **quantization), builder.int8_constant([bound], **quantization)
    program = check(builder.graph(builder.binary(kind, x, constant, **quantization)), overlay)
    assert on_overlay(program) == [True]
    assert len(program.tables) == 0


def test_a_pool_over_the_lines_of_a_single_line():
    builder = GraphBuilder("line")
    x = builder.input((1, 1, 30, 3), scale=0.05, zero_point=-20)
    y = builder.pool(OpKind.MAX_POOL_2D, x, PoolOptions(3, 3, 2, 2, Padding.SAME))
    assert on_overlay(check(builder.graph(y), 0)) == [True]


def test_inputs_that_are_read_until_the_end_are_not_fetched_early():
    builder, random = GraphBuilder("shuffle"), np.random.default_rng(0)
    x = builder.input((1, 6, 5, 6), scale=0.05, zero_point=3)
    y, quantization = x, {"weight_scale": 0.004, "scale": 0.05, "zero_point": 3}
    depthwise = DepthwiseConv2DOptions(1, 1, 1, 1, Padding.SAME, Activation.NONE, 1)
    y = builder.conv_2d(y, random.integers(-127, 128, (1, 3, 3, 6)), np.zeros(6), depthwise, **quantization)
    pointwise = Conv2DOptions(1, 1, 1, 1, Padding.SAME)
    y = builder.conv_2d(y, random.integers(-127, 128, (6, 1, 1, 6)), np.zeros(6), pointwise, **quantization)
    check(builder.graph(builder.concatenation([x, y], 3)), len(OVERLAYS) - 1)


@pytest.mark.parametrize(
    ("name", "cycles"),
    [
        ("ad_autoencoder", 1_150),
        ("ic_resnet8", 58_000),
        ("kws_dscnn", 16_000),
        ("sww", 5_800),
        ("vww_mobilenet", 50_000),
    ],
)
def test_the_mlperf_networks_are_exact_and_within_their_budgets(shared_models, name, cycles):
    model = (shared_models / f"mlperf_{name}.tflite").read_bytes()
    parameters = OverlayParameters()
    program = compile_model(model, parameters, name=name)
    tensor = program.graph.tensor(program.graph.inputs[0])
    values = np.random.default_rng(0).integers(-128, 128, tensor.shape).astype(tensor.dtype)
    with OverlayAccelerator(EmulatedBus(parameters)) as overlay:
        overlay.load(program)
        inference = overlay.infer([values])
    np.testing.assert_array_equal(inference.outputs[0], Interpreter(program.graph).run([values])[0])
    assert inference.cycles == program.cycles <= cycles


def test_each_layer_can_be_looked_at(shared_models):
    model = (shared_models / "mlperf_kws_dscnn.tflite").read_bytes()
    program = compile_model(model, OverlayParameters(), name="kws")
    inputs = [np.full(program.graph.tensor(index).shape, 77, np.int8) for index in program.graph.inputs]
    expected = Interpreter(program.graph).run_all(inputs)
    with OverlayAccelerator(EmulatedBus(program.parameters)) as overlay:
        overlay.load(program)
        seen = {layer.operator: got for layer, got in overlay.outputs_by_layer(inputs)}
        np.testing.assert_array_equal(overlay.infer(inputs).outputs[0], expected[program.graph.outputs[0]])
    assert list(seen) == [0, 2, 4, 6, 8, 9, 11]  # depthwise layers hand their outputs on
    for operator, got in seen.items():
        tensor = program.graph.operators[operator].outputs[0]
        np.testing.assert_array_equal(got, expected[tensor])
