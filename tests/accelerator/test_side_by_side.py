"""Networks side by side in the memories of a verilated overlay: no reload between them, bits and cycles as foreseen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_runtime.accelerator import OverlayAccelerator, SharedOverlay
from edge_runtime.accelerator.bus import VerilatorBus
from edge_runtime.boards import load_board
from edge_runtime.compiler import Program, compile_model
from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.model import Interpreter, QuantizedHead, apply_head
from support.networks import dense_network
from support.overlays import SMALL

MEMORIES = ("PROGRAM", "WEIGHTS", "PARAMETERS", "VECTOR_WEIGHTS", "VECTOR_PARAMETERS", "TABLES")
REAL = ("mlperf_kws_dscnn", "mlperf_ic_resnet8", "mlperf_vww_mobilenet")
"""They fill 57 of 64 descriptors and 859 of 1,024 weight rows of the PYNQ-Z2's overlay together."""


class WatchedBus(VerilatorBus):
    """Counts the bytes that are written into the memories of programs."""

    written = 0

    def write(self, offset: int, data: bytes) -> None:
        windows = [host_interface().windows[name] for name in MEMORIES]
        if any(window.offset <= offset < window.offset + window.size for window in windows):
            self.written += len(data)
        super().write(offset, data)


def inputs_of(program: Program, random: np.random.Generator) -> list[np.ndarray]:
    shapes = [program.graph.tensor(index).shape for index in program.graph.inputs]
    return [random.integers(-128, 128, shape).astype(np.int8) for shape in shapes]


def wide(seed: int) -> Program:
    """Return a program that takes 7 of the small overlay's 16 descriptors."""
    return compile_model(dense_network([8, 9, 10, 11, 12, 13, 3], seed=seed), SMALL, name=f"wide{seed}")


def random_head(random: np.random.Generator) -> QuantizedHead:
    weights = random.integers(-127, 128, (3, 13)).astype(np.int8)
    return QuantizedHead(weights, random.integers(-99, 99, 3).astype(np.int32), 0.02, 1.5, 3)


class Shed:
    """A shared overlay, and what tells whether it was reloaded."""

    def __init__(self) -> None:
        self.buses: list[WatchedBus] = []
        self.shared = SharedOverlay(self._open)

    def _open(self) -> OverlayAccelerator:
        self.buses.append(WatchedBus(SMALL))
        return OverlayAccelerator(self.buses[-1])

    @property
    def written(self) -> int:
        return sum(bus.written for bus in self.buses)


@pytest.fixture
def shed() -> Shed:
    return Shed()


def test_two_networks_are_loaded_once_and_a_head_update_is_one_s_own(shed: Shed) -> None:
    programs, random = [wide(1), wide(2)], np.random.default_rng(3)
    graphs = [program.graph for program in programs]
    with shed.shared.tenant("one", deadline_s=600) as one, shed.shared.tenant("two", deadline_s=600) as two:
        tenants = [one, two]
        for tenant, program in zip(tenants, programs, strict=True):
            tenant.load(program)
        loaded = shed.written
        assert shed.shared.counts.loaded == ("one", "two")

        def check() -> None:
            for tenant, program, graph in zip(tenants, programs, graphs, strict=True):
                inputs = inputs_of(program, random)
                inference = tenant.infer(inputs)
                assert np.array_equal(inference.outputs[0], Interpreter(graph).run(inputs)[0])
                assert inference.cycles == program.cycles

        for _ in range(10):
            check()
        assert shed.written == loaded, "nothing was reloaded"
        for number in (0, 1, 0, 0):
            head = random_head(random)
            tenants[number].load_head(head, probes=random.integers(-128, 128, (2, 13)).astype(np.int8))
            graphs[number] = apply_head(programs[number].graph, head)
            check()
        assert shed.written - loaded < 0.5 * loaded, "only heads were written"
        assert (shed.shared.counts.swaps, shed.shared.counts.opened) == (0, 1)


def test_one_too_many_takes_the_place_of_whoever_ran_longest_ago_and_leaves_it(shed: Shed) -> None:
    programs, random = [wide(seed) for seed in range(3)], np.random.default_rng(3)
    counts = shed.shared.counts

    graphs = [program.graph for program in programs]

    def check(number: int) -> None:
        inputs = inputs_of(programs[number], random)
        inference = tenants[number].infer(inputs)
        assert np.array_equal(inference.outputs[0], Interpreter(graphs[number]).run(inputs)[0])
        assert inference.cycles == programs[number].cycles

    tenants = [shed.shared.tenant(f"n{number}", deadline_s=600) for number in range(3)]
    for tenant, program in zip(tenants, programs, strict=True):
        tenant.load(program)
    assert (counts.swaps, counts.loaded) == (1, ("n1", "n2"))
    head = random_head(random)
    tenants[1].load_head(head)
    graphs[1] = apply_head(graphs[1], head)
    check(1)
    check(0)
    assert (counts.swaps, counts.loaded) == (2, ("n1", "n0"))
    for number in (1, 0, 1, 0):
        check(number)
    assert counts.swaps == 2
    check(2)
    assert (counts.swaps, counts.tenants["n2"].swaps, counts.loaded) == (3, 2, ("n0", "n2"))
    tenants[0].close()
    check(1)  # with the head that it had learnt
    assert (counts.swaps, counts.loaded) == (3, ("n2", "n1")), "there was room again"
    for tenant in tenants[1:]:
        tenant.close()


def test_another_program_takes_its_tenant_s_own_place(shed: Shed) -> None:
    random = np.random.default_rng(3)
    with shed.shared.tenant("one", deadline_s=600) as one, shed.shared.tenant("two", deadline_s=600) as two:
        for seed in range(4):
            for tenant, program in ((one, wide(seed)), (two, wide(seed + 10))):
                tenant.load(program)
                inputs = inputs_of(program, random)
                assert np.array_equal(tenant.infer(inputs).outputs[0], Interpreter(program.graph).run(inputs)[0])
        assert shed.shared.counts.swaps == 0


@pytest.mark.slow
def test_three_networks_of_other_projects_share_the_pynq_z2_s_overlay(shared_models: Path) -> None:
    parameters = load_board("pynq_z2").overlay
    programs = [compile_model((shared_models / f"{name}.tflite").read_bytes(), parameters, name=name) for name in REAL]
    shared, random = SharedOverlay(lambda: OverlayAccelerator(VerilatorBus(parameters))), np.random.default_rng(3)
    tenants = [shared.tenant(name, deadline_s=60) for name in REAL]
    for tenant, program in zip(tenants, programs, strict=True):
        tenant.load(program)
    for _ in range(2):
        for tenant, program in zip(tenants, programs, strict=True):
            inputs = inputs_of(program, random)
            inference = tenant.infer(inputs)
            assert np.array_equal(inference.outputs[0], Interpreter(program.graph, program.rounding).run(inputs)[0])
            assert inference.cycles == program.cycles
    assert (shared.counts.swaps, shared.counts.loaded) == (0, REAL)
    for tenant in tenants:
        tenant.close()
