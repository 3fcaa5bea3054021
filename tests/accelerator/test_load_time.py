from __future__ import annotations

import pytest

from edge_runtime.accelerator import OverlayAccelerator
from edge_runtime.accelerator.bus import SimulatedUartBus
from edge_runtime.accelerator.load_time import serial_load_s
from edge_runtime.compiler import OverlayParameters, compile_model
from support.boards import serial_board
from support.networks import dense_network

SMALL = OverlayParameters(
    k_lanes=8, oc_lanes=8, requant_lanes=4, act_bytes=4096, weight_rows=64, param_channels=64, descriptors=16
)


def test_the_load_time_is_that_of_the_characters_on_the_line(monkeypatch):
    program = compile_model(dense_network([60, 40, 5], seed=2), SMALL, name="network")
    sent = []
    with SimulatedUartBus(serial_board(SMALL)) as bus, OverlayAccelerator(bus) as overlay:
        send = bus._line.write
        monkeypatch.setattr(bus._line, "write", lambda characters: (sent.append(len(characters)), send(characters)))
        overlay.load(program)
    # a frame's number changes its check, and a byte in a hundred needs an escape
    assert serial_load_s(program, 1_000_000) == pytest.approx(10 * sum(sent) / 1e6, rel=0.01)


def test_twice_the_rate_takes_half_the_time():
    program = compile_model(dense_network([16, 4]), SMALL, name="network")
    assert serial_load_s(program, 1_000_000) == pytest.approx(3 * serial_load_s(program, 3_000_000))
