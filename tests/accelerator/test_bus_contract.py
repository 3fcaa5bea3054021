"""One suite over every bus that there is."""

from __future__ import annotations

import os

import numpy as np
import pytest

from edge_runtime.accelerator.bus import FakeBus, SimulatedPynqBus, SimulatedUartBus, VerilatorBus
from edge_runtime.accelerator.registers import Registers, identify
from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.errors import BusError
from support.boards import serial_board, with_overlay
from support.overlays import SMALL, SMALL_ON_A_CABLE

WINDOWS = {"PROGRAM": 512, "ACTIVATIONS": 4096, "WEIGHTS": 4096}


# In an environment with pynq (see test_pynq.py) the suite runs over pynq alone, on the board that this pynq knows.
PYNQ_BOARD = os.environ.get("EDGE_RUNTIME_TEST_PYNQ")
BUSES = {
    "fake": FakeBus,
    "verilator": VerilatorBus,
    "uart": lambda parameters: SimulatedUartBus(serial_board(parameters)),
}
# What is on the other side: behind a serial cable there is no memory to reach.
OVERLAYS = {"uart": SMALL_ON_A_CABLE}
REACH_MEMORY = {"verilator", "pynq"}
if PYNQ_BOARD:
    BUSES = {"pynq": lambda parameters: SimulatedPynqBus(with_overlay(PYNQ_BOARD, parameters))}


@pytest.fixture(params=BUSES)
def kind(request):
    return request.param


@pytest.fixture
def bus(kind):
    with BUSES[kind](OVERLAYS.get(kind, SMALL)) as opened:
        yield opened


def test_the_hardware_says_what_it_is(kind, bus):
    assert identify(Registers(bus)) == OVERLAYS.get(kind, SMALL)


def test_memory_that_the_overlay_reaches(kind, bus):
    blocks = [bus.allocate(100), bus.allocate(16)]
    assert [block is not None for block in blocks] == [kind in REACH_MEMORY] * 2
    for block in blocks if kind in REACH_MEMORY else ():
        assert block.address % 8 == 0
        assert not block.bytes.any()
        block.bytes[:] = 7
        block.flush()
        block.invalidate()
        block.free()


def test_a_job_moves_memory_to_the_activations_and_back(kind, bus):
    """The run between is of a program that is empty, so it fails: fetch and store come nevertheless."""
    if kind not in REACH_MEMORY:
        assert bus.allocate(8) is None
        return
    registers = Registers(bus)
    source, target = bus.allocate(96), bus.allocate(96)
    source.bytes[:] = np.arange(96)
    source.flush()
    bus.write(host_interface().windows["PROGRAM"].offset, bytes(128))
    registers.write_fields("IRQ_ENABLE", DONE=0)
    registers.write_fields("JOB_IRQ_ENABLE", DONE=1)
    for name, block, offset in (("INPUT", source, 16), ("OUTPUT", target, 24)):
        registers.write_block(f"JOB_{name}_ADDRESS", [block.address & 0xFFFFFFFF, block.address >> 32, offset, 80])
    registers.write_fields("JOB_CONTROL", PUSH=1)
    assert bus.wait_interrupt(5.0)
    target.invalidate()
    assert target.bytes[:72].tolist() == list(range(8, 80))
    assert not target.bytes[80:].any()
    assert registers.read("JOBS_DONE") == 1
    assert registers.read_fields("JOB_STATUS") == {
        "PENDING": 0, "MOVING": 0, "FETCH_ERROR": 0, "STORE_ERROR": 0, "RUN_ERROR": 1,
    }  # fmt: skip


@pytest.mark.parametrize(("window", "size"), WINDOWS.items())
def test_windows_hold_what_was_written(bus, window, size):
    base = host_interface().windows[window].offset
    data = bytes(range(256)) * (size // 256)
    bus.write(base, data)
    assert bus.read(base, size) == data
    bus.write(base + 8, b"abcd")
    assert bus.read(base, 16) == data[:8] + b"abcd" + data[12:16]


def test_nothing_is_moved_by_an_empty_block(bus):
    base = host_interface().windows["ACTIVATIONS"].offset
    bus.write(base, b"")
    assert bus.read(base, 0) == b""


@pytest.mark.parametrize(("offset", "length"), [(2, 4), (0, 3), (-4, 4)])
def test_only_whole_words_move(bus, offset, length):
    with pytest.raises(BusError, match="whole words"):
        bus.read(offset, length)
    with pytest.raises(BusError, match="whole words"):
        bus.write(offset, bytes(length))


def test_an_address_where_nothing_is_is_an_error(bus):
    jobs = host_interface().jobs
    nowhere = jobs.offset + jobs.size
    with pytest.raises(BusError, match="nothing is there"):
        bus.read(nowhere, 4)
    with pytest.raises(BusError, match="nothing is there"):
        bus.write(nowhere, bytes(4))


def test_an_interrupt_that_does_not_come_is_not_waited_for(bus):
    assert not bus.wait_interrupt(0.05)


def test_a_closed_bus_says_so(bus):
    bus.close()
    bus.close()
    with pytest.raises(BusError, match="closed"):
        bus.read(0, 4)
    with pytest.raises(BusError, match="closed"):
        bus.wait_interrupt(0.0)
