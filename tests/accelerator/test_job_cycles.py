"""Jobs take the cycles that are predicted, transfers included, with a memory that is steady."""

from __future__ import annotations

import pytest

from edge_runtime.accelerator import OverlayAccelerator
from edge_runtime.accelerator.bus import VerilatorBus
from edge_runtime.accelerator.samples import sample_inputs
from edge_runtime.compiler import OverlayParameters, compile_model
from edge_runtime.compiler.job_cycles import job_cycles, stream_cycles
from support.networks import dense_network
from support.overlays import SMALL

BOARD = OverlayParameters(axi_master=True)  # pynq_z2's


def counted(program, count=3):
    """Return the cycles of a job alone, and of each that follows another in a stream."""
    with OverlayAccelerator(VerilatorBus(program.parameters, memory_seed=0), deadline_s=120.0) as overlay:
        overlay.load(program)
        inputs = list(sample_inputs(program.graph, count, 0))
        alone = overlay.infer(inputs[0])
        assert alone.cycles == program.cycles
        return alone.job_cycles, {inference.period_cycles for inference in list(overlay.infer_stream(inputs))[1:]}


@pytest.mark.parametrize(
    ("name", "alone", "stream"),
    [
        ("mlperf_ic_resnet8", 36_971, 35_971),
        ("mlperf_kws_dscnn", 9_084, 8_526),
        ("mlperf_vww_mobilenet", 39_185, 31_303),
        ("mlperf_ad_autoencoder", 1_464, 1_196),
    ],
)
def test_the_boards_figures(shared_models, name, alone, stream):
    program = compile_model((shared_models / f"{name}.tflite").read_bytes(), BOARD, name=name)
    (part,) = [part for part in program.parts if part.on_overlay]
    assert (job_cycles(part), stream_cycles(part)) == (alone, stream)
    assert counted(program) == (alone, {stream})


@pytest.mark.parametrize("layers", [[160, 32, 32, 8], [64, 32, 32, 32, 2], [40, 24, 16, 5]], ids=str)
def test_a_stream_of_small_networks(layers):
    program = compile_model(dense_network(layers, seed=1), SMALL, name="network")
    (part,) = [part for part in program.parts if part.on_overlay]
    assert counted(program) == (job_cycles(part), {stream_cycles(part)})


@pytest.mark.parametrize("layers", [[8, 8, 8], [200, 24, 24, 60], [320, 16, 8], [64, 8]], ids=str)
def test_an_input_that_comes_too_late_costs_more_than_the_least(layers):
    program = compile_model(dense_network(layers, seed=1), SMALL, name="network")
    (part,) = [part for part in program.parts if part.on_overlay]
    alone, periods = counted(program, count=6)
    assert alone == job_cycles(part)
    assert min(periods) >= stream_cycles(part) > part.cycles
