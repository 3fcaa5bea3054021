from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.daemon.statistics import Durations, Quantiles


def test_nothing_measured_is_zero() -> None:
    assert Durations().quantiles() == Quantiles(0.0, 0.0, 0.0)


def test_quantiles_are_in_milliseconds() -> None:
    durations = Durations()
    for milliseconds in range(1, 102):
        durations.add(milliseconds / 1000)
    assert durations.quantiles() == Quantiles(51.0, 100.0, 101.0)


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=50))
def test_only_the_newest_are_kept(milliseconds: list[int]) -> None:
    durations = Durations(capacity=8)
    for value in milliseconds:
        durations.add(value / 1000)
    assert durations.count == len(milliseconds)
    assert sorted(durations.values_ms()) == pytest.approx(sorted(milliseconds[-8:]), rel=1e-6)
