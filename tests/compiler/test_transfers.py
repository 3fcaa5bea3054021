"""What moves as a job, and from when on the next input may come: it changes nothing in the run that is under way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_runtime.compiler import OverlayParameters, compile_model
from edge_runtime.compiler.descriptor import descriptor_fields
from edge_runtime.compiler.emulator import EngineMemories, emulate
from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.compiler.transfers import Region, part_regions, region_around, transfer_cycles
from edge_runtime.model import write_tflite
from support.networks import dense_network
from support.random_networks import random_network

WITHOUT = OverlayParameters(table_pairs=64, weight_rows=4096)
WITH = replace(WITHOUT, axi_master=True)


def both(model, without=WITHOUT):
    return compile_model(model, without, name="n"), compile_model(model, replace(without, axi_master=True), name="n")


def layers_of(program, part):
    """Return the fields of a part's descriptors, in order."""
    rows, index = [], part.entry
    while not rows or not rows[-1]["LAST"]:
        rows.append(descriptor_fields(program.descriptors[index].tolist(), program.parameters))
        index += 1 + rows[-1]["BANKED"]
    return rows


def run(program, part, first_late, overwritten):
    """Return the activations at the end of a run, where something else came into a region before a layer began."""
    memories = memories_of(program)
    ends = part.layers[first_late - 1].descriptor
    last = host_interface().descriptor["LAST"]
    whole = memories.descriptors[ends, last.word]
    memories.descriptors[ends, last.word] |= last.put(1)
    assert emulate(memories, program.parameters, entry=part.entry) is None
    memories.descriptors[ends, last.word] = whole
    if overwritten is not None:
        noise = np.random.default_rng(1).integers(-128, 128, overwritten.length)
        memories.activations[overwritten.offset : overwritten.offset + overwritten.length] = noise
    assert emulate(memories, program.parameters, entry=part.layers[first_late].descriptor) is None
    return np.concatenate([memories.activations[place.address + place.offsets()].reshape(-1) for place in part.outputs])


def memories_of(program):
    """Return memories with a program in them, and any inputs."""
    parameters = program.parameters

    def filled(image, shape):
        memory = np.zeros(shape, image.dtype)
        memory[tuple(map(slice, image.shape))] = image
        return memory

    return EngineMemories(
        activations=np.random.default_rng(0).integers(-128, 128, parameters.act_bytes).astype(np.int8),
        descriptors=filled(program.descriptors, (parameters.descriptors, host_interface().descriptor_words)),
        weight_rows=filled(program.weight_rows, (parameters.weight_rows, parameters.weight_row_bytes)),
        channels=filled(program.channels, (parameters.param_channels, 4)),
        vec_weight_rows=filled(program.vec_weight_rows, (parameters.vec_weight_rows, parameters.vec_weight_row_bytes)),
        vec_channels=filled(program.vec_channels, (parameters.vec_param_channels, 4)),
        tables=filled(program.tables, (parameters.table_pairs, 256, 2)),
    )


def first_late_layer(part, rows):
    """Return the index of the layer that begins when the next input may be fetched; None if there is none."""
    if not part.prefetch:
        return None
    begins = [part.cycles - sum(layer.cycles for layer in part.layers[index:]) for index in range(len(rows))]
    return begins.index(part.prefetch)


def check_prefetch(program) -> int:
    """Check every part; return in how many the next input may be fetched during the run."""
    flagged = 0
    for part in program.parts:
        if not part.on_overlay:
            continue
        rows = layers_of(program, part)
        first_late = first_late_layer(part, rows)
        if first_late is None:
            continue
        flagged += 1
        assert not (rows[first_late]["FUSED"] and rows[first_late]["OPCODE"] == host_interface().opcodes["ARRAY"])
        region = part_regions(part)[0]["INPUT"]
        for place in part.outputs:
            end = place.address + place.span
            assert end <= region.offset or region.offset + region.length <= place.address, "outputs are overwritten"
        assert np.array_equal(run(program, part, first_late, None), run(program, part, first_late, region))
    return flagged


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1))
def test_nothing_lies_where_the_next_input_is_fetched(seed):
    without, program = both(write_tflite(random_network(seed)))
    check_prefetch(program)
    assert program.cycles == without.cycles, "where tensors lie costs no cycle"
    assert not any(part.prefetch for part in without.parts)


def test_the_next_input_may_come_as_soon_as_the_first_layer_has_read_its_own():
    model = dense_network([64, 48, 40, 24, 8])
    _, program = both(model)
    (part,) = [part for part in program.parts if part.on_overlay]
    assert first_late_layer(part, layers_of(program, part)) == 1


def test_the_inputs_place_is_kept_free_where_there_is_room():
    model = dense_network([64] * 6)
    tight = OverlayParameters(act_bytes=512, row_buffer_bytes=64)
    _, roomy = both(model, tight)
    assert check_prefetch(roomy) == 1
    assert roomy.act_bytes == 192, "input, and two that take turns"


def test_one_layer_leaves_no_time_to_fetch():
    _, program = both(dense_network([64, 8]))
    assert check_prefetch(program) == 0


@pytest.mark.parametrize(
    ("spans", "region"),
    [
        ([], Region(0, 0)),
        ([(0, 8)], Region(0, 8)),
        ([(4, 1)], Region(0, 8)),
        ([(12, 5)], Region(8, 16)),
        ([(40, 3), (16, 8)], Region(16, 32)),
    ],
)
def test_regions_are_whole_beats(spans, region):
    assert region_around(spans) == region


def test_outputs_move_as_two_regions_cut_at_the_widest_gap():
    _, program = both(dense_network([64, 48, 40, 24, 8]))
    (part,) = [part for part in program.parts if part.on_overlay]
    regions, where = part_regions(part)
    for place in part.outputs:
        first, length = regions[where[place.tensor]]
        assert first <= place.address
        assert place.address + place.span <= first + length
    assert transfer_cycles(part) == (regions["INPUT"].length // 4, sum(r.length for r in regions.values()) // 4 - 16)
