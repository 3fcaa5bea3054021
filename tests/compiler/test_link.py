"""Programs moved to another place in the overlay's memories: the same bits in the same cycles."""

from __future__ import annotations

from dataclasses import asdict
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_runtime.accelerator.bus import EmulatedBus
from edge_runtime.accelerator.overlay import OverlayAccelerator
from edge_runtime.compiler import OverlayParameters, Program, compile_model
from edge_runtime.compiler.descriptor import descriptor_fields
from edge_runtime.compiler.link import MemoryMap, extent_of, moved
from edge_runtime.compiler.origin import Origin
from edge_runtime.errors import ModelError
from edge_runtime.model import Interpreter, QuantizedHead, apply_head, write_tflite
from support.networks import dense_network
from support.random_networks import random_network

ROOMY = OverlayParameters(descriptors=256, weight_rows=4096, vec_weight_rows=1024, table_pairs=64)
NAMED = {"WEIGHT_ROW", "PARAM_ROW", "TABLE"}
"""What of a descriptor says where something lies in the memories."""


def random_program(seed: int) -> Program:
    try:
        return compile_model(write_tflite(random_network(seed)), ROOMY, name=f"n{seed}", allow_cpu=True)
    except ModelError:
        return random_program(seed + 1000)


PROGRAMS = [random_program(seed) for seed in range(8)]


def inputs_of(program: Program, random: np.random.Generator) -> list[np.ndarray]:
    shapes = [program.graph.tensor(index).shape for index in program.graph.inputs]
    return [random.integers(-128, 128, shape).astype(np.int8) for shape in shapes]


def test_networks_side_by_side_give_the_references_bits_in_the_foreseen_cycles() -> None:
    random, places = np.random.default_rng(1), MemoryMap(ROOMY)
    assert {layer.unit for program in PROGRAMS for part in program.parts for layer in part.layers} == {
        "array",
        "vector",
    }
    assert any(len(program.tables) for program in PROGRAMS[1:]), "tables are moved too"
    with OverlayAccelerator(EmulatedBus(ROOMY)) as overlay:
        drivers = []
        for number, program in enumerate(PROGRAMS):
            origin = places.place(number, program)
            assert origin is not None
            drivers.append(overlay.neighbour())
            drivers[-1].load(moved(program, origin))
        for _ in range(2):
            for number in random.permutation(len(PROGRAMS)):
                program, driver = PROGRAMS[number], drivers[number]
                inputs = inputs_of(program, random)
                inference = driver.infer(inputs)
                for got, wanted in zip(inference.outputs, Interpreter(program.graph).run(inputs), strict=True):
                    np.testing.assert_array_equal(got, wanted)
                assert inference.cycles == program.cycles
                assert driver.layer_cycles().keys() == {
                    layer.operator for part in program.parts for layer in part.layers
                }


def test_each_head_is_switched_by_itself() -> None:
    programs = [compile_model(dense_network([9, 16, 3], seed=seed), ROOMY, name=f"n{seed}") for seed in range(3)]
    random, places = np.random.default_rng(2), MemoryMap(ROOMY)
    with OverlayAccelerator(EmulatedBus(ROOMY)) as overlay:
        drivers, graphs = [], [program.graph for program in programs]
        for number, program in enumerate(programs):
            drivers.append(overlay.neighbour())
            drivers[-1].load(moved(program, places.place(number, program) or Origin()))
        for number in (1, 1, 0, 1, 2):
            weights = random.integers(-127, 128, (3, 16)).astype(np.int8)
            head = QuantizedHead(weights, random.integers(-99, 99, 3).astype(np.int32), 0.02, 1.5, 3)
            probes = random.integers(-128, 128, (2, 16)).astype(np.int8)
            drivers[number].load_head(head, probes=probes)
            graphs[number] = apply_head(programs[number].graph, head)
            for driver, graph, program in zip(drivers, graphs, programs, strict=True):
                inputs = inputs_of(program, random)
                np.testing.assert_array_equal(driver.infer(inputs).outputs[0], Interpreter(graph).run(inputs)[0])


@pytest.mark.parametrize("program", PROGRAMS[:4])
def test_only_places_are_changed_and_a_way_back_leads_to_the_same_bytes(program: Program) -> None:
    there = moved(program, Origin(3, 5, 16, 7, 24, 2))
    for before, after in zip(program.descriptors, there.descriptors, strict=True):
        old, new = descriptor_fields(before, ROOMY), descriptor_fields(after, ROOMY)
        assert {name for name in old if old[name] != new[name]} <= NAMED
    assert Program.from_bytes(there.to_bytes()).to_bytes() == there.to_bytes()
    assert moved(there, Origin()).to_bytes() == program.to_bytes()
    assert moved(program, Origin()) is program


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 7), st.booleans()), min_size=1, max_size=30))
def test_no_two_lie_in_the_same_place(steps: list[tuple[int, bool]]) -> None:
    parameters = OverlayParameters(descriptors=32, table_pairs=4)
    places, there = MemoryMap(parameters), {}
    for number, leaves in steps:
        if leaves or number in there:
            places.free(number)
            there.pop(number, None)
        elif (origin := places.place(number, PROGRAMS[number])) is not None:
            there[number] = asdict(origin), extent_of(PROGRAMS[number])
        for memory, used in places.used().items():
            spans = sorted((origin[memory], origin[memory] + extent[memory]) for origin, extent in there.values())
            spans = [span for span in spans if span[0] < span[1]]
            assert all(end <= start for (_, end), (start, _) in pairwise(spans))
            assert all(end <= getattr(parameters, memory) for _, end in spans)
            assert used == sum(end - start for start, end in spans)


def test_what_does_not_fit_has_no_place_until_somebody_leaves() -> None:
    wide = [compile_model(dense_network([8] * 12, seed=seed), ROOMY, name="wide") for seed in range(3)]
    places = MemoryMap(OverlayParameters(descriptors=32))
    assert places.place("a", wide[0]) == Origin()
    second = places.place("b", wide[1])
    assert second is not None
    assert second.descriptors == len(wide[0].descriptors)
    assert places.place("c", wide[2]) is None
    places.free("a")
    assert places.place("c", wide[2]) == Origin()
