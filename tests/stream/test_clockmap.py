from __future__ import annotations

import numpy as np
import pytest

from edge_runtime.errors import DataError
from edge_runtime.stream import ClockMap

SECOND = 10**9
LEAST_DELAY = 2_000_000


def observe(*, drift_ppm: float, seconds: int, seed: int = 0, jitter_ns: float = 3e6) -> tuple[ClockMap, int, int]:
    """A device of ten blocks a second, delays of 2 ms and more; returns the map, the last device and true host time."""
    random = np.random.default_rng(seed)
    clock = ClockMap()
    device = truth = 0
    for block in range(10 * seconds):
        device = block * SECOND // 10
        truth = 1_700_000_000 * SECOND + round(device * (1 + drift_ppm * 1e-6))
        clock.observe(device, truth + LEAST_DELAY + round(random.exponential(jitter_ns)))
    return clock, device, truth


@pytest.mark.parametrize("drift_ppm", [-200.0, -20.0, 0.0, 35.0, 300.0])
def test_the_drift_is_found(drift_ppm: float) -> None:
    clock, _, _ = observe(drift_ppm=drift_ppm, seconds=120)
    assert clock.drift_ppm == pytest.approx(drift_ppm, abs=5)


@pytest.mark.parametrize("seed", range(5))
def test_a_time_is_right_but_for_the_least_delay(seed: int) -> None:
    clock, device, truth = observe(drift_ppm=80.0, seconds=100, seed=seed)
    assert abs(clock.host_ns(device) - truth - LEAST_DELAY) < 1_000_000


def test_single_long_delays_do_not_matter() -> None:
    clock, device, truth = observe(drift_ppm=10.0, seconds=60)
    before = clock.host_ns(device)
    clock.observe(device + SECOND, truth + SECOND + 5 * SECOND)
    assert abs(clock.host_ns(device) - before) < 1_000_000


def test_a_wild_drift_is_not_believed() -> None:
    clock = ClockMap(largest_drift=100e-6)
    for second in range(50):
        clock.observe(second * SECOND, second * SECOND * 2)
    assert clock.drift_ppm == pytest.approx(100)


def test_it_begins_anew_after_a_reset() -> None:
    clock, _, _ = observe(drift_ppm=10.0, seconds=10)
    clock.reset()
    assert not clock.ready
    with pytest.raises(DataError, match="observed nothing yet"):
        clock.host_ns(0)
    clock.observe(0, 77)
    assert clock.host_ns(5) == 82


def test_parameters_that_make_no_sense_are_refused() -> None:
    with pytest.raises(DataError, match="clock map: interval_ns is 0"):
        ClockMap(interval_ns=0)
