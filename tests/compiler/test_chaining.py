"""Elementwise operators behind the array: taken from there where nobody else reads it, with the same bits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_runtime.accelerator.bus import EmulatedBus
from edge_runtime.accelerator.overlay import OverlayAccelerator
from edge_runtime.compiler import OverlayParameters, compile_model
from edge_runtime.compiler.descriptor import descriptor_fields
from edge_runtime.compiler.report import describe
from edge_runtime.errors import FitError
from edge_runtime.model import Interpreter, OpKind, write_tflite
from support.chains import CONSUMERS, chained_network

WIDE = OverlayParameters(weight_rows=4096)
OVERLAYS = (
    WIDE,
    OverlayParameters(k_lanes=4, oc_lanes=4, requant_lanes=2, vec_lanes=2, weight_rows=8192, packed=False),
    OverlayParameters(k_lanes=8, oc_lanes=24, requant_lanes=8, weight_rows=4096, packed=False),  # three phases
)


def compiled(graph, parameters=WIDE):
    return compile_model(write_tflite(graph), parameters, name="chain")


def chained(program):
    """Return the fields of the chained descriptors."""
    every = [fields_of(program, number) for number in range(len(program.descriptors))]
    return [fields for fields in every if fields["CHAINED"]]


def fields_of(program, descriptor):
    return descriptor_fields(program.descriptors[descriptor].tolist(), program.parameters)


@pytest.mark.parametrize("consumer", CONSUMERS)
def test_the_vector_unit_takes_what_the_array_computes(consumer):
    pairs = [chained(compiled(chained_network(consumer, seed))) for seed in range(12)]
    assert sum(map(bool, pairs)) >= 8
    two = consumer in (OpKind.ADD, OpKind.SUB, OpKind.MUL)
    assert all(one["OPERAND"] == two for pair in pairs for one in pair)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.sampled_from(CONSUMERS), st.integers(0, 2**32 - 1), st.sampled_from(OVERLAYS))
def test_bits_are_the_references(consumer, seed, parameters):
    program = compiled(chained_network(consumer, seed), parameters)
    reference, random = Interpreter(program.graph), np.random.default_rng(seed)
    with OverlayAccelerator(EmulatedBus(parameters)) as overlay:
        overlay.load(program)
        values = random.integers(-128, 128, program.graph.tensor(program.graph.inputs[0]).shape).astype(np.int8)
        np.testing.assert_array_equal(overlay.infer([values]).outputs[0], reference.run([values])[0])


@pytest.mark.parametrize("consumer", CONSUMERS)
def test_what_somebody_else_reads_goes_to_the_memory(consumer):
    assert not any(chained(compiled(chained_network(consumer, seed, keep=True))) for seed in range(6))


def test_an_overlay_whose_lanes_do_not_match_has_no_chains():
    for parameters in (replace(WIDE, requant_lanes=4), replace(WIDE, oc_lanes=32, weight_rows=2048)):
        assert not parameters.chains
        assert not chained(compiled(chained_network(OpKind.ADD, 1), parameters))


def test_a_chain_takes_no_more_memory_and_no_more_descriptors():
    unchained = replace(WIDE, requant_lanes=16)  # not the vector unit's 8
    for seed in range(12):
        graph = chained_network(OpKind.ADD, seed)
        program, apart = compiled(graph), compiled(graph, unchained)
        if chained(program):
            assert program.act_bytes <= apart.act_bytes
            assert len(program.descriptors) == len(apart.descriptors)


def test_sums_work_in_place_but_never_where_the_array_still_reads():
    """What the array reads in windows is read again and again: nothing may be written there meanwhile."""
    in_place = 0
    for seed in range(150):
        graph = chained_network(OpKind.ADD, seed)
        roomy = compiled(graph)
        half = 1 << (roomy.act_bytes - 1).bit_length() - 1
        if not chained(roomy) or half < 256:
            continue
        tight = replace(WIDE, act_bytes=half, row_buffer_bytes=64)
        try:
            program = compiled(graph, tight)
        except FitError:
            continue
        taker, giver = chained(program)
        (part,) = program.parts
        layer = next(layer for layer in part.layers if layer.output and fields_of(program, layer.descriptor)["CHAINED"])
        read = program.graph.operators[layer.operator].inputs[0]
        window = next(buffer for buffer in part.buffers if buffer.tensor == read)
        end = layer.output.address + layer.output.span
        assert end <= window.address or window.address + window.size <= layer.output.address
        in_place += taker["ROW_START"] == giver["OUTPUT"]
    assert in_place


def test_the_report_says_from_where_an_operator_takes_its_inputs():
    program = next(program for seed in range(12) if chained(program := compiled(chained_network(OpKind.ADD, seed))))
    report = describe(program, board="pynq_z2", clock_hz=100_000_000)
    (row,) = [row for row in report.ops if row.op == "ADD"]
    assert row.reason == f"runs on the vector unit, on what operator {row.index - 1} hands over"
    assert (row.index - 1, row.index) in [point.operators for point in report.roofline]
