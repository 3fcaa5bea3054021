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
from edge_runtime.model import Interpreter, write_tflite
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
)
#: Those that have a unit on the overlay.
LOWERED = ("addition", "concatenation", "convolution", "depthwise", "mean", "multiplication", "pad", "pool", "table")

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
