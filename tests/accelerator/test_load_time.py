from __future__ import annotations

import numpy as np
import pytest

from edge_runtime.accelerator import OverlayAccelerator
from edge_runtime.accelerator.bus import SimulatedUartBus
from edge_runtime.accelerator.load_time import serial_times
from edge_runtime.compiler import OverlayParameters, compile_model
from support.boards import serial_board
from support.networks import dense_network

FLAG = b"\x7e"
SMALL = OverlayParameters(
    k_lanes=8, oc_lanes=8, requant_lanes=4, act_bytes=4096, weight_rows=64, param_channels=64, descriptors=16
)


def said_once(chunks):
    """Return how many characters the frames have, those apart that are said again on a busy machine."""
    frames = {frame for frame in b"".join(chunks).split(FLAG) if frame}
    return sum(len(frame) + 2 * len(FLAG) for frame in frames)


def test_the_load_time_is_that_of_the_characters_on_the_line(monkeypatch):
    program = compile_model(dense_network([60, 40, 5], seed=2), SMALL, name="network")
    sent = []
    with SimulatedUartBus(serial_board(SMALL)) as bus, OverlayAccelerator(bus) as overlay:
        send = bus._line.write
        monkeypatch.setattr(bus._line, "write", lambda characters: (sent.append(characters), send(characters)))
        overlay.load(program)
    # a frame's number changes its check, and a byte in a hundred needs an escape
    assert serial_times(program, 1_000_000).load_s == pytest.approx(10 * said_once(sent) / 1e6, rel=0.01)


def test_twice_the_rate_takes_half_the_time():
    program = compile_model(dense_network([16, 4]), SMALL, name="network")
    slow, fast = (serial_times(program, baud) for baud in (1_000_000, 3_000_000))
    assert slow.load_s == pytest.approx(3 * fast.load_s, abs=1e-5)
    assert slow.inference_s == pytest.approx(3 * fast.inference_s, abs=1e-5)


def test_an_inferences_time_is_that_of_the_characters_both_ways(monkeypatch):
    program = compile_model(dense_network([60, 40, 5], seed=2), SMALL, name="network")
    sent, received = [], []
    with SimulatedUartBus(serial_board(SMALL)) as bus, OverlayAccelerator(bus) as overlay:
        overlay.load(program)
        send, receive = bus._line.write, bus._line.read

        def read(deadline_s):
            received.append(receive(deadline_s))
            return received[-1]

        monkeypatch.setattr(bus._line, "write", lambda characters: (sent.append(characters), send(characters)))
        monkeypatch.setattr(bus._line, "read", read)
        overlay.infer([np.zeros((1, 60), np.int8)])
    # but for escapes and a notice of the interrupt
    assert serial_times(program, 1_000_000).inference_s == pytest.approx(
        10 * (said_once(sent) + said_once(received)) / 1e6, rel=0.1
    )
