"""The serial bus: frames, the link's bookkeeping over a scripted line, and a simulated board on a bad cable."""

from __future__ import annotations

import os
import threading
import zlib
from collections import deque
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.accelerator import OverlayAccelerator
from edge_runtime.accelerator.bus import SimulatedUartBus, UartBus
from edge_runtime.accelerator.bus.uart_frames import FrameDecoder, encode_frame
from edge_runtime.accelerator.bus.uart_link import Command, Link, Request, Status
from edge_runtime.accelerator.registers import Registers
from edge_runtime.boards import load_board
from edge_runtime.compiler import compile_model
from edge_runtime.errors import BusError, ConfigError
from edge_runtime.model import Interpreter
from support.boards import serial_board
from support.networks import dense_network
from support.overlays import SMALL_ON_A_CABLE


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=8), st.data())
def test_frames_survive_any_cut(contents, data):
    characters = b"".join(encode_frame(content) for content in contents)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(characters)), max_size=5)))
    decoder, found = FrameDecoder(), []
    for start, end in zip([0, *cuts], [*cuts, len(characters)], strict=True):
        found += decoder.feed(characters[start:end])
    assert found == contents


@given(st.binary(min_size=1, max_size=30), st.data())
def test_a_flipped_bit_never_gives_another_frame(content, data):
    characters = bytearray(encode_frame(content))
    characters[data.draw(st.integers(0, len(characters) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert set(FrameDecoder().feed(bytes(characters))) <= {None, content}


def test_the_check_is_that_of_rfc_1662():
    assert encode_frame(b"123456789") == b"\x7e123456789" + zlib.crc32(b"123456789").to_bytes(4, "little") + b"\x7e"
    assert encode_frame(b"\x7e\x7d")[:5] == b"\x7e\x7d\x5e\x7d\x5d"


class ScriptedBridge:
    """A line with a bridge at its other end that loses, on purpose, what its script says.

    `drop` holds the ordinals of requests that it never gets, `mute` of answers that are lost, `damage` of answers
    that come damaged.
    """

    def __init__(self, *, drop=(), mute=(), damage=(), hello=1, status=Status.OKAY):
        self.words = {}
        self.done = []
        self._frames = FrameDecoder()
        self._out = deque()
        self._drop, self._mute, self._damage = set(drop), set(mute), set(damage)
        self._hello, self._status = hello, status
        self._heard = self._said = 0
        self._expected = None
        self._told = False

    def write(self, characters):
        for content in self._frames.feed(characters):
            self._heard += 1
            if self._heard not in self._drop:
                self._serve(content)

    def read(self, deadline_s):
        return self._out.popleft() if self._out else b""

    def _serve(self, content):
        number, command = content[0], content[1]
        count, address = int.from_bytes(content[2:4], "little"), int.from_bytes(content[4:8], "little")
        if command == Command.HELLO:
            self._expected = number + 1 & 0xFF
            self._answer(number, Status.OKAY, bytes([self._hello, 0, 1, 16]))
            return
        behind = self._expected - number & 0xFF
        if behind > 16:
            if not self._told:
                self._answer(self._expected, Status.REPEAT)
            self._told = True
            return
        if behind == 0:
            self._told = False
            self._expected = number + 1 & 0xFF
            self.done.append(number)
            if command == Command.WRITE:
                for at in range(count):
                    self.words[address + 4 * at] = content[8 + 4 * at : 12 + 4 * at]
        read = range(address, address + 4 * count, 4) if command == Command.READ else ()
        self._answer(number, self._status, b"".join(self.words[at] for at in read))

    def _answer(self, number, status, payload=b""):
        self._said += 1
        if self._said in self._mute:
            return
        characters = bytearray(encode_frame(bytes([number]) + payload + bytes([status])))
        if self._said in self._damage:
            characters[1] ^= 1
        self._out.append(bytes(characters))


def blocks(count):
    return [Request(Command.WRITE, 8 * at, 2, bytes([at, 1, 2, 3] * 2)) for at in range(count)]


def check_blocks(bridge, count):
    assert bridge.words == {4 * at: bytes([at // 2, 1, 2, 3]) for at in range(2 * count)}
    assert len(bridge.done) == count, "each is done once"


LOSSES = {
    "nothing": {},
    "a request": {"drop": [4]},
    "the first and the last request": {"drop": [2, 21]},
    "three requests in a row": {"drop": [5, 6, 7]},
    "an answer": {"mute": [5]},
    "a damaged answer": {"damage": [5]},
    "many answers": {"mute": range(3, 12)},
    "many damaged answers": {"damage": range(3, 9)},
    "some of all": {"drop": [4, 17, 30], "mute": [6, 25], "damage": [9, 10]},
}


@pytest.mark.parametrize("losses", LOSSES.values(), ids=LOSSES)
def test_whatever_is_lost_everything_is_done_once_and_in_order(losses):
    bridge = ScriptedBridge(**losses)
    link = Link(bridge, 1_000_000, patience_s=0.001)
    answers = link.exchange(blocks(20))
    assert [answer.status for answer in answers] == [Status.OKAY] * 20
    check_blocks(bridge, 20)
    assert (link.repeated > 0) == bool(losses)
    (answer,) = link.exchange([Request(Command.READ, 0, 3)])
    assert answer.payload == b"".join(bridge.words[at] for at in (0, 4, 8))


@pytest.mark.parametrize("seed", range(20))
def test_random_losses(seed):
    random = np.random.default_rng(seed)
    losses = {kind: np.flatnonzero(random.random(400) < 0.1) + 2 for kind in ("drop", "mute", "damage")}
    bridge = ScriptedBridge(**losses)
    link = Link(bridge, 1_000_000, patience_s=0.001)
    link.exchange(blocks(40))
    check_blocks(bridge, 40)


def test_numbers_go_round():
    bridge = ScriptedBridge()
    link = Link(bridge, 1_000_000, patience_s=0.001)
    for _ in range(3):
        link.exchange(blocks(100))
    assert len(bridge.done) == 300


def test_a_bridge_of_another_version_is_refused():
    with pytest.raises(BusError, match="version 9 and this release speaks version 1"):
        Link(ScriptedBridge(hello=9), 1_000_000, patience_s=0.001)


def test_a_line_that_loses_everything_is_given_up():
    bridge = ScriptedBridge(damage=range(2, 1000))
    link = Link(bridge, 1_000_000, patience_s=0.001)
    with pytest.raises(BusError, match=r"does not answer|lost"):
        link.exchange(blocks(2))


@pytest.fixture
def terminal():
    master, slave = os.openpty()
    yield master, os.ttyname(slave)
    os.close(master)
    os.close(slave)


def test_a_port_where_nothing_answers(terminal):
    with pytest.raises(BusError, match=rf"{terminal[1]} at 1000000 baud: the serial bridge does not answer"):
        UartBus(terminal[1], 1_000_000, patience_s=0.01)


def test_a_port_where_rubbish_answers(terminal):
    master, port = terminal

    def rubbish():
        while (heard := os.read(master, 100)) != b"\x04":
            os.write(master, heard[::-1] + b"\x00login: \x7e\x7e~~")

    thread = threading.Thread(target=rubbish)
    thread.start()
    with pytest.raises(BusError, match=r"does not answer|is no bridge|lost"):
        UartBus(port, 1_000_000, patience_s=0.01)
    with Path(port).open("wb", buffering=0) as end:
        end.write(b"\x04")
    thread.join()


def test_a_port_that_is_not_there():
    with pytest.raises(BusError, match="serial port /dev/nowhere at 1000000 baud cannot be opened"):
        UartBus("/dev/nowhere", 1_000_000)


def test_only_a_board_with_a_serial_cable_can_be_simulated_so():
    with pytest.raises(ConfigError, match="'pynq_z2' has no serial cable to simulate"):
        SimulatedUartBus(load_board("pynq_z2"))


def test_a_network_runs_over_a_bad_cable_with_the_same_bits():
    """One character in 2,000 is damaged, in each direction: about half of the longest frames."""
    bus = SimulatedUartBus(serial_board(SMALL_ON_A_CABLE), noise=5e-4, seed=1)
    with OverlayAccelerator(bus) as overlay:
        program = compile_model(dense_network([60, 40, 5], seed=2), SMALL_ON_A_CABLE, name="network")
        overlay.load(program)
        reference = Interpreter(program.graph, program.rounding)
        random = np.random.default_rng(3)
        for count in range(1, 11):
            values = random.integers(-128, 128, (1, 60)).astype(np.int8)
            inference = overlay.infer([values])
            assert np.array_equal(inference.outputs[0], reference.run([values])[0])
            assert inference.cycles == program.cycles
            assert Registers(bus).read("RUNS") == count, "a start that was said twice is one start"
        assert bus.repeated > 0


def test_a_reset_stops_the_overlay_and_keeps_its_memories():
    with SimulatedUartBus(serial_board(SMALL_ON_A_CABLE)) as bus:
        registers = Registers(bus)
        registers.write("ENTRY", 3)
        bus.write(0x100000, b"kept")
        bus.reset()
        assert registers.read("ENTRY") == 0
        assert bus.read(0x100000, 4) == b"kept"
