"""Inferences as jobs of the burst master, over the simulated overlay and its memory."""

from __future__ import annotations

import numpy as np
import pytest

from edge_runtime.accelerator import OverlayAccelerator
from edge_runtime.accelerator.bus import VerilatorBus
from edge_runtime.compiler import compile_model
from edge_runtime.errors import AcceleratorError
from edge_runtime.model import Interpreter
from support.networks import Builder, dense_network
from support.overlays import SMALL

WIDE = dense_network([160, 32, 32, 32, 8], seed=3)


@pytest.fixture
def bus():
    return VerilatorBus(SMALL)


@pytest.fixture
def overlay(bus):
    with OverlayAccelerator(bus) as opened:
        yield opened


def draw(count, length=160):
    return [np.random.default_rng(seed).integers(-128, 128, (1, length)).astype(np.int8) for seed in range(count)]


def compiled(model):
    return compile_model(model, SMALL, name="network")


@pytest.mark.parametrize("memory_seed", [1, 2, 3])
def test_whatever_memory_does_bits_and_engine_cycles_are_the_same(memory_seed):
    program = compiled(WIDE)
    reference = Interpreter(program.graph, program.rounding)
    with OverlayAccelerator(VerilatorBus(SMALL, memory_seed=memory_seed)) as overlay:
        overlay.load(program)
        for values, inference in zip(draw(12), overlay.infer_stream([one] for one in draw(12)), strict=True):
            assert np.array_equal(inference.outputs[0], reference.run([values])[0])
            assert inference.cycles == program.cycles


def test_transfers_are_counted(overlay):
    program = compiled(WIDE)
    overlay.load(program)
    alone = overlay.infer([draw(1)[0]])
    assert alone.cycles == program.cycles
    assert alone.job_cycles == alone.period_cycles > program.cycles + 160 // 4
    periods = [inference.period_cycles for inference in overlay.infer_stream([one] for one in draw(10))][1:]
    assert overlay.streams
    # one end may be acknowledged later than another, but not all of them
    assert sum(periods) > len(periods) * program.cycles


def test_nothing_else_is_asked_during_a_stream(overlay):
    overlay.load(compiled(WIDE))
    stream = overlay.infer_stream([one] for one in draw(4))
    next(stream)
    with pytest.raises(AcceleratorError, match="a stream of inferences is under way"):
        overlay.infer([draw(1)[0]])
    assert len(list(stream)) == 3
    overlay.infer([draw(1)[0]])


def test_memory_that_is_not_there_is_an_error_and_the_next_inference_is_right(overlay, bus):
    program = compiled(WIDE)
    overlay.load(program)
    (values,) = draw(1)
    expected = overlay.infer([values]).outputs[0]
    mapped = dict(bus._mapped)
    for address in mapped:
        bus.unmap(address)
    with pytest.raises(AcceleratorError, match="memory did not give the overlay its input"):
        overlay.infer([values])
    for address, block in mapped.items():
        bus.map(address, block)
    assert np.array_equal(overlay.infer([values]).outputs[0], expected)


def test_a_network_with_the_cpu_in_its_middle_runs_as_several_jobs(overlay):
    model = Builder((1, 12), seed=4).dense(9).softmax().dense(6).reshape((2, 3)).dense(4).softmax().model()
    program = compiled(model)
    assert sum(part.on_overlay for part in program.parts) == 2
    overlay.load(program)
    assert not overlay.streams
    reference = Interpreter(program.graph, program.rounding)
    for values, inference in zip(draw(3, 12), overlay.infer_stream([one] for one in draw(3, 12)), strict=True):
        assert np.array_equal(inference.outputs[0], reference.run([values])[0])
        assert inference.cycles == program.cycles


def test_memory_is_given_back(overlay, bus):
    for _ in range(3):
        overlay.load(compiled(WIDE))
        overlay.infer([draw(1)[0]])
        assert len(bus._mapped) <= 6
