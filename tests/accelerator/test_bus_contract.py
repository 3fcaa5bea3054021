"""One suite over every bus that there is."""

from __future__ import annotations

import os
import time

import pytest

from edge_runtime.accelerator.bus import FakeBus, SimulatedPynqBus, SimulatedUartBus, VerilatorBus
from edge_runtime.accelerator.registers import Registers, identify
from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.errors import BusError
from support.boards import serial_board, with_overlay
from support.overlays import SMALL

WINDOWS = {"PROGRAM": 512, "ACTIVATIONS": 4096, "WEIGHTS": 4096}


# In an environment with pynq (see test_pynq.py) the suite runs over pynq alone, on the board that this pynq knows.
PYNQ_BOARD = os.environ.get("EDGE_RUNTIME_TEST_PYNQ")
BUSES = {
    "fake": FakeBus,
    "verilator": VerilatorBus,
    "uart": lambda parameters: SimulatedUartBus(serial_board(parameters)),
}
if PYNQ_BOARD:
    BUSES = {"pynq": lambda parameters: SimulatedPynqBus(with_overlay(PYNQ_BOARD, parameters))}


@pytest.fixture(params=BUSES)
def bus(request):
    with BUSES[request.param](SMALL) as opened:
        yield opened


def test_the_hardware_says_what_it_is(bus):
    assert identify(Registers(bus)) == SMALL


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
    nowhere = host_interface().windows["REGISTERS"].size
    with pytest.raises(BusError, match="nothing is there"):
        bus.read(nowhere, 4)
    with pytest.raises(BusError, match="nothing is there"):
        bus.write(nowhere, bytes(4))


def test_an_interrupt_that_does_not_come_is_not_waited_for(bus):
    began = time.monotonic()
    assert not bus.wait_interrupt(0.05)
    assert time.monotonic() - began < 5


def test_a_closed_bus_says_so(bus):
    bus.close()
    bus.close()
    with pytest.raises(BusError, match="closed"):
        bus.read(0, 4)
    with pytest.raises(BusError, match="closed"):
        bus.wait_interrupt(0.0)
