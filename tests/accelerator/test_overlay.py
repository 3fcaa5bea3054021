"""The RTL, through the driver: bits and cycles over random networks and overlays."""

from __future__ import annotations

import numpy as np
import pytest

from edge_runtime.accelerator.bus import FakeBus, VerilatorBus
from edge_runtime.accelerator.overlay import OverlayAccelerator
from edge_runtime.compiler import OverlayParameters, compile_model
from edge_runtime.errors import AcceleratorError, BusError, DeadlineError, FitError
from edge_runtime.model import Activation, Interpreter, QuantizedHead, Rounding, write_tflite
from support.chains import CONSUMERS, chained_network
from support.networks import Builder, dense_network
from support.overlays import SMALL, TINY

WIDE = OverlayParameters(k_lanes=24, oc_lanes=16, axi_master=True)  # the PYNQ-Z2's
OVERLAYS = {"tiny": TINY, "small": SMALL, "wide": WIDE}


@pytest.fixture(scope="module", params=OVERLAYS)
def overlay(request):
    with OverlayAccelerator(VerilatorBus(OVERLAYS[request.param])) as opened:
        yield opened


@pytest.fixture(scope="module")
def wide():
    with OverlayAccelerator(VerilatorBus(WIDE)) as opened:
        yield opened


def check(overlay, model, rounding=Rounding.DOUBLE, samples=6, seed=0):
    """Compare bits, the run's cycles and each layer's with what they should be."""
    program = compile_model(model, overlay.parameters, name="network", rounding=rounding)
    overlay.load(program)
    reference = Interpreter(program.graph, rounding)
    tensor = program.graph.tensors[program.graph.inputs[0]]
    random = np.random.default_rng(seed)
    for number in range(samples):
        values = random.choice(np.array([-128, 127], np.int8), tensor.shape) if number < 2 else None
        if values is None:
            values = random.integers(-128, 128, tensor.shape).astype(np.int8)
        inference = overlay.infer([values])
        assert np.array_equal(inference.outputs[0], reference.run([values])[0])
        assert inference.cycles == program.cycles
    return program


@pytest.mark.parametrize("seed", range(8))
def test_random_networks_are_exact_in_bits_and_cycles(overlay, seed):
    random = np.random.default_rng(seed)
    builder = Builder((int(random.integers(1, 4)), int(random.integers(1, 60))), seed)
    for _ in range(random.integers(1, 4)):
        activation = Activation(random.choice([a.value for a in Activation]))
        builder.dense(int(random.integers(1, 40)), activation=activation, bias=bool(random.integers(2)))
    check(overlay, builder.model(), seed=seed)


@pytest.mark.parametrize("consumer", CONSUMERS)
def test_what_the_array_hands_to_the_vector_unit_is_exact_in_bits_and_cycles(wide, consumer):
    for seed in range(8):
        program = check(wide, write_tflite(chained_network(consumer, seed)), samples=3, seed=seed)
        assert wide.layer_ends() == {layer.descriptor: layer.ends for layer in program.parts[0].layers}
        assert sum(wide.layer_cycles().values()) <= program.cycles


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("factor", [1.9, 0.9, 0.5, 0.0078125, 1e-4, 1e-8, 1e-12])
def test_every_shift_rounds_as_the_reference_does(overlay, factor, rounding):
    check(overlay, Builder((1, 9), seed=5).dense(11, factor=factor).model(), rounding, samples=12)


@pytest.mark.parametrize("values", [[-128], [127], [-128, 127], [-128, -1]])
def test_extreme_weights_are_exact(overlay, values):
    weights = np.random.default_rng(2).choice(np.array(values, np.int8), (10, 33))
    check(overlay, Builder((1, 33), seed=2).dense(10, weights=weights, factor=1e-3).model(), samples=12)


def test_layers_count_as_predicted(overlay):
    program = check(overlay, dense_network([50, 30, 20, 10], seed=1), samples=1)
    assert overlay.layer_ends() == {layer.descriptor: layer.ends for layer in program.parts[0].layers}


def test_the_cpu_takes_what_the_overlay_does_not(overlay):
    program = check(
        overlay, Builder((1, 12), seed=4).dense(9).softmax().dense(6).reshape((2, 3)).dense(4).softmax().model()
    )
    assert [part.on_overlay for part in program.parts] == [True, False, True, False]


def test_both_banks_of_the_head_take_the_same_cycles(overlay):
    model = dense_network([30, 4], seed=9)  # a network of nothing but its head
    program = compile_model(model, overlay.parameters, name="head")
    overlay.load(program)
    values = np.ones((1, 30), np.int8)
    counts = []
    for seed in range(3):
        weights = np.random.default_rng(seed).integers(-127, 128, (4, 30)).astype(np.int8)
        overlay.load_head(QuantizedHead(weights, np.zeros(4, np.int32), 0.01, 1.0, 0))
        counts.append(overlay.infer([values]).cycles)
    assert counts == [program.cycles] * 3


def test_a_program_for_another_overlay_is_refused():
    program = compile_model(dense_network([8, 4]), SMALL, name="small")
    with OverlayAccelerator(FakeBus(TINY)) as overlay, pytest.raises(FitError, match=f"{SMALL.hash}.*{TINY.hash}"):
        overlay.load(program)


def test_an_engine_that_hangs_is_noticed_and_reset():
    bus = FakeBus(SMALL, hangs=True)
    with OverlayAccelerator(bus, deadline_s=0.01) as overlay:
        overlay.load(compile_model(dense_network([8, 4]), SMALL, name="small"))
        with pytest.raises(DeadlineError, match=r"0\.01 s"):
            overlay.infer([np.zeros((1, 8), np.int8)])


def test_a_bus_without_our_overlay_is_refused():
    bus = FakeBus(SMALL)
    bus.poke("MAGIC", 0xDEADBEEF)
    with pytest.raises(AcceleratorError, match=r"0xdeadbeef.*bitstream"):
        OverlayAccelerator(bus)


def test_another_version_of_the_overlay_is_refused():
    bus = FakeBus(SMALL)
    bus.poke("VERSION", 99)
    with pytest.raises(AcceleratorError, match="version 99"):
        OverlayAccelerator(bus)


def test_a_head_that_is_not_read_back_as_written_does_not_serve():
    bus = FakeBus(SMALL, forgets=True)
    with OverlayAccelerator(bus) as overlay:
        overlay.load(compile_model(dense_network([8, 4]), SMALL, name="small"))
        head = QuantizedHead(np.ones((4, 8), np.int8), np.zeros(4, np.int32), 0.01, 1.0, 0)
        with pytest.raises(BusError, match="weights were not read back"):
            overlay.load_head(head)
        assert bus.peek("HEAD_BANK") == 0


def test_a_damaged_descriptor_stops_the_engine_with_an_error_and_the_next_load_mends_it():
    with OverlayAccelerator(VerilatorBus(SMALL)) as overlay:
        program = compile_model(dense_network([8, 6, 4]), SMALL, name="small")
        overlay.load(program)
        overlay._memories.write_descriptors(1, np.full((1, 16), 0xFF, np.uint32))
        with pytest.raises(AcceleratorError, match="descriptor 1: its operation is unknown"):
            overlay.infer([np.zeros((1, 8), np.int8)])
        check(overlay, dense_network([8, 6, 4]))


def test_every_lane_requantises_when_there_are_as_many_as_channels():
    assert TINY.requant_lanes == TINY.oc_lanes
    with OverlayAccelerator(VerilatorBus(TINY)) as overlay:
        check(overlay, dense_network([3, 20, 20]))
