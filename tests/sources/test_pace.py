from __future__ import annotations

import anyio
import numpy as np
import pytest

from edge_runtime.sources import Pace, RecordedSource
from edge_runtime.sources.pace import Pacer
from edge_runtime.stream import Recording, sample_times


class FakeClock:
    """Stands in for the event loop's clock: sleeping moves it, and nothing really waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.slept: list[float] = []
        monkeypatch.setattr("edge_runtime.sources.pace.anyio.current_time", lambda: self.now)
        monkeypatch.setattr("edge_runtime.sources.pace.anyio.sleep_until", self.sleep_until)

    async def sleep_until(self, deadline: float) -> None:
        self.slept.append(deadline - self.now)
        self.now = deadline


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    return FakeClock(monkeypatch)


def delivered_at(clock: FakeClock, pace: Pace, *, busy_s: float = 0.0) -> list[float]:
    """When each of five blocks of ten samples at 10 Hz comes, with a consumer that takes `busy_s` for each."""
    samples = np.zeros((50, 1), np.float32)
    recording = Recording(sample_times(0, 50, rate_hz=10.0, start_ns=10**18), samples, ("x",), 10.0)
    times: list[float] = []

    async def consume() -> None:
        async for _ in RecordedSource(recording, block_size=10, pace=pace).blocks():
            times.append(clock.now - 100.0)
            clock.now += busy_s

    anyio.run(consume)
    return times


def test_a_block_comes_when_its_last_sample_would_have(clock: FakeClock) -> None:
    assert delivered_at(clock, 1.0) == pytest.approx([0.9, 1.9, 2.9, 3.9, 4.9])


def test_a_factor_makes_it_faster(clock: FakeClock) -> None:
    assert delivered_at(clock, 10.0) == pytest.approx([0.09, 0.19, 0.29, 0.39, 0.49])


def test_max_never_waits(clock: FakeClock) -> None:
    assert delivered_at(clock, "max") == [0.0] * 5
    assert clock.slept == []


def test_a_slow_consumer_does_not_shift_the_deadlines(clock: FakeClock) -> None:
    assert delivered_at(clock, 1.0, busy_s=0.7) == pytest.approx([0.9, 1.9, 2.9, 3.9, 4.9])


def test_who_is_late_catches_up_without_waiting(clock: FakeClock) -> None:
    async def run() -> list[float]:
        pacer = Pacer(1.0)
        times = []
        for due_s in (1, 2, 3, 4):
            await pacer.wait(first_ns=0, due_ns=due_s * 10**9)
            times.append(clock.now - 100.0)
            if due_s == 1:
                clock.now += 2.5
        return times

    assert anyio.run(run) == pytest.approx([1.0, 3.5, 3.5, 4.0])
