"""The real pynq package over the simulated overlay: what a PYNQ user does, on the board named by the environment."""

from __future__ import annotations

import os

import numpy as np
import pynq
import pytest

from edge_runtime.accelerator import OverlayAccelerator
from edge_runtime.accelerator.bus import FakeBus, SimulatedPynqBus, open_pynq_bus, simulated_device
from edge_runtime.accelerator.bus.pynq import driver_class
from edge_runtime.accelerator.bus.pynq_hwh import CELL, DRIVER_VLNV, render_hwh
from edge_runtime.compiler import compile_model
from edge_runtime.errors import BusError, DeadlineError, ToolError
from edge_runtime.model import Interpreter
from support.boards import with_overlay
from support.networks import dense_network
from support.overlays import SMALL

BOARD = with_overlay(os.environ["EDGE_RUNTIME_TEST_PYNQ"], SMALL)


@pytest.fixture
def bitstream(tmp_path):
    file = tmp_path / "edge_runtime.bit"
    file.touch()
    file.with_suffix(".hwh").write_text(render_hwh(BOARD))
    return file


@pytest.fixture
def device():
    return simulated_device(BOARD, FakeBus(SMALL))


def test_pynq_finds_the_overlay_in_the_hwh(bitstream, device):
    overlay = pynq.Overlay(str(bitstream), device=device)
    entry = overlay.ip_dict[CELL]
    assert (entry["phys_addr"], entry["addr_range"]) == (BOARD.pynq.base_address, 1 << 22)
    assert entry["type"] == DRIVER_VLNV
    assert overlay.is_loaded()


def test_pynq_binds_our_driver_by_its_vlnv(bitstream, device):
    driver = driver_class()
    cell = getattr(pynq.Overlay(str(bitstream), device=device), CELL)
    assert isinstance(cell, driver)
    assert cell.bus.read(0, 4) == cell.mmio.read(0).to_bytes(4, "little") == b"VORE"


def test_pynq_programs_the_clock(bitstream, device):
    register = {"armv7l": 0xF8000170, "aarch64": 0xFF5E00C0}[device.arch]
    device.clocks[register] |= 0x3F << 8  # as slow as it can be
    assert pynq.ps.Clocks.fclk0_mhz < 50
    pynq.Overlay(str(bitstream), device=device)
    assert pynq.ps.Clocks.fclk0_mhz == pytest.approx(BOARD.clock_hz / 1e6, rel=0.01)


def test_a_network_runs_with_the_references_bits():
    program = compile_model(dense_network([60, 40, 5], seed=2), SMALL, name="network")
    reference = Interpreter(program.graph, program.rounding)
    with OverlayAccelerator(SimulatedPynqBus(BOARD)) as overlay:
        overlay.load(program)
        for seed in range(10):
            values = np.random.default_rng(seed).integers(-128, 128, (1, 60)).astype(np.int8)
            inference = overlay.infer([values])
            assert np.array_equal(inference.outputs[0], reference.run([values])[0])
            assert inference.cycles == program.cycles


def test_a_stream_goes_through_pynqs_buffers(monkeypatch):
    program = compile_model(dense_network([160, 40, 24, 5], seed=3), SMALL, name="network")
    reference = Interpreter(program.graph, program.rounding)
    values = [np.random.default_rng(seed).integers(-128, 128, (1, 160)).astype(np.int8) for seed in range(12)]
    taken = []

    def allocate(*arguments, **more):
        taken.append(original(*arguments, **more))
        return taken[-1]

    original = pynq.allocate
    monkeypatch.setattr(pynq, "allocate", allocate)
    with OverlayAccelerator(SimulatedPynqBus(BOARD)) as overlay:
        overlay.load(program)
        assert overlay.streams
        inferences = list(overlay.infer_stream([one] for one in values))
        moved = [buffer for buffer in taken if buffer.any()]
    assert all(np.array_equal(i.outputs[0], reference.run([v])[0]) for v, i in zip(values, inferences, strict=True))
    assert {inference.cycles for inference in inferences} == {program.cycles}
    assert len(moved) >= 4, "inputs and outputs of two jobs"
    assert all(isinstance(buffer, pynq.buffer.PynqBuffer) for buffer in taken)
    # beside the run before it, the next input costs less than one that waits for it
    alone = max(inference.job_cycles for inference in inferences)
    assert 0 < np.mean([inference.period_cycles for inference in inferences[1:]]) < alone


def test_an_engine_that_hangs_meets_the_deadline(bitstream):
    program = compile_model(dense_network([60, 5], seed=2), SMALL, name="network")
    bus = open_pynq_bus(BOARD, bitstream=bitstream, device=simulated_device(BOARD, FakeBus(SMALL, hangs=True)))
    with OverlayAccelerator(bus, deadline_s=0.05) as overlay:
        overlay.load(program)
        with pytest.raises(DeadlineError):
            overlay.infer([np.zeros((1, 60), np.int8)])


def test_a_block_moves_in_one_call(bitstream, device, monkeypatch):
    calls = []
    bus = open_pynq_bus(BOARD, bitstream=bitstream, device=device)
    monkeypatch.setattr(type(device), "write_registers", lambda self, address, data: calls.append(len(data)))
    bus.write(0x100000, bytes(4096))
    assert calls == [4096]


def test_buffers_are_pynqs_own(device):
    buffer = pynq.allocate((3, 5), np.int8, target=device)
    buffer[:] = 7
    buffer.flush()
    assert isinstance(buffer, pynq.buffer.PynqBuffer)
    assert buffer.physical_address % 4096 == 0
    assert pynq.allocate((4,), np.uint32, target=device).physical_address != buffer.physical_address


def test_a_design_without_the_overlay_says_so(bitstream, device):
    hwh = bitstream.with_suffix(".hwh")
    hwh.write_text(hwh.read_text().replace("module_ref", "somebody_elses"))
    with pytest.raises(BusError, match="has no overlay of ours"):
        open_pynq_bus(BOARD, bitstream=bitstream, device=device)


def test_a_missing_bitstream_says_how_to_make_it(tmp_path, device):
    with pytest.raises(ToolError, match=r"build it with bitstreams/\w+/build.tcl"):
        open_pynq_bus(BOARD, bitstream=tmp_path / "none.bit", device=device)
