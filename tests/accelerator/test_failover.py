"""What happens when the overlay fails: nothing is lost, the bits stay the same, and it is told."""

from __future__ import annotations

import numpy as np
import pytest

from edge_runtime.accelerator import FailoverAccelerator, OverlayAccelerator
from edge_runtime.accelerator.bus import Bus, EmulatedBus, FakeBus
from edge_runtime.compiler import compile_model
from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.errors import BusError, DataError
from edge_runtime.model import Interpreter
from support.networks import dense_network
from support.overlays import SMALL

PROGRAM = compile_model(dense_network([20, 16, 5], seed=4), SMALL, name="network")
REFERENCE = Interpreter(PROGRAM.graph, PROGRAM.rounding)


class FaultyBus(Bus):
    """A working overlay with a fault that can be switched on: `hangs`, `rubbish` or `dead`."""

    def __init__(self, world):
        if world.fault == "dead":
            raise BusError("nobody answers")
        self._world = world
        self._bus = EmulatedBus(SMALL)
        world.opened += 1

    def read(self, offset, length):
        self._check()
        data = self._bus.read(offset, length)
        return bytes(byte ^ 0x5A for byte in data) if self._world.fault == "rubbish" else data

    def write(self, offset, data):
        self._check()
        self._bus.write(offset, data)

    def wait_interrupt(self, deadline_s):
        self._check()
        return self._world.fault != "hangs" and self._bus.wait_interrupt(deadline_s)

    def close(self):
        self._bus.close()

    def _check(self):
        if self._world.fault == "dead":
            raise BusError("nobody answers")
        if self._world.fault == "once":
            self._world.fault = None
            raise BusError("a hiccup")


class World:
    def __init__(self):
        self.fault = None
        self.opened = 0
        self.now = 0.0
        self.switches = []

    def open(self):
        return OverlayAccelerator(FaultyBus(self), deadline_s=0.05)

    def accelerator(self):
        return FailoverAccelerator(
            self.open, retry_s=5.0, on_switch=lambda *switch: self.switches.append(switch), clock=lambda: self.now
        )


@pytest.fixture
def world():
    return World()


def check(accelerator, seed):
    values = np.random.default_rng(seed).integers(-128, 128, (1, 20)).astype(np.int8)
    inference = accelerator.infer([values])
    assert np.array_equal(inference.outputs[0], REFERENCE.run([values])[0])
    return inference


def test_a_healthy_overlay_serves(world):
    with world.accelerator() as accelerator:
        accelerator.load(PROGRAM)
        for seed in range(5):
            assert check(accelerator, seed).cycles == PROGRAM.cycles
        assert (accelerator.serving, accelerator.failures, world.switches) == ("overlay", 0, [])


@pytest.mark.parametrize("fault", ["hangs", "rubbish", "dead"])
def test_no_inference_is_lost_when_the_overlay_fails_and_it_returns_when_it_can(world, fault):
    with world.accelerator() as accelerator:
        accelerator.load(PROGRAM)
        check(accelerator, 0)
        world.fault = fault
        for seed in range(1, 4):
            assert check(accelerator, seed).cycles == 0
        assert accelerator.serving == "standby"
        world.now = 4.9
        check(accelerator, 5)
        assert accelerator.serving == "standby", "not before its time"
        world.now = 5.1
        check(accelerator, 6)
        assert accelerator.serving == "standby", "it still fails"
        world.fault = None
        world.now = 100.0
        assert check(accelerator, 7).cycles == PROGRAM.cycles
        assert [serving for serving, _ in world.switches] == ["standby", "overlay"]


def test_a_hiccup_is_mended_by_one_reset(world):
    with world.accelerator() as accelerator:
        accelerator.load(PROGRAM)
        world.fault = "once"
        assert check(accelerator, 1).cycles == PROGRAM.cycles
        assert (accelerator.serving, accelerator.failures, accelerator.resets) == ("overlay", 1, 1)
        assert world.switches == []


def test_an_overlay_that_is_not_there_from_the_beginning(world):
    world.fault = "dead"
    with world.accelerator() as accelerator:
        accelerator.load(PROGRAM)
        check(accelerator, 1)
        assert world.switches == [("standby", "nobody answers")]
        world.fault, world.now = None, 6.0
        assert check(accelerator, 2).cycles == PROGRAM.cycles


def test_an_overlay_of_another_version_is_not_used():
    said = []

    def open_it():
        bus = FakeBus(SMALL)
        bus.poke("VERSION", host_interface().version + 1)
        return OverlayAccelerator(bus)

    with FailoverAccelerator(open_it, on_switch=lambda *switch: said.append(switch)) as accelerator:
        accelerator.load(PROGRAM)
        check(accelerator, 1)
    ((serving, why),) = said
    assert serving == "standby"
    assert "host interface version" in why


def test_an_overlay_with_wrong_bits_fails_its_self_test():
    """The fake overlay computes nothing: it counts right, but its outputs are not the reference's."""
    said = []

    def open_it():
        bus = FakeBus(SMALL)
        bus.poke("CYCLES", PROGRAM.cycles)
        return OverlayAccelerator(bus)

    with FailoverAccelerator(open_it, on_switch=lambda *switch: said.append(switch)) as accelerator:
        accelerator.load(PROGRAM)
        check(accelerator, 1)
    assert "fails its self-test" in said[0][1]


def test_a_users_mistake_is_no_failure_of_the_overlay(world):
    with world.accelerator() as accelerator:
        accelerator.load(PROGRAM)
        with pytest.raises(DataError):
            accelerator.infer([np.zeros((1, 3), np.int8)])
        assert (accelerator.failures, accelerator.serving) == (0, "overlay")


def test_waits_between_tries_grow_to_a_minute(world):
    with world.accelerator() as accelerator:
        accelerator.load(PROGRAM)
        world.fault = "dead"
        tries = []
        original = world.open
        accelerator._open_overlay = lambda: (tries.append(world.now), original())[1]
        for second in range(400):
            world.now = float(second)
            check(accelerator, 1)
        gaps = np.diff(tries[1:])
        assert gaps.max() <= 61
        assert gaps[0] >= 9
