from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.errors import DataError
from edge_runtime.stream import sample_times


@given(
    rate=st.sampled_from([10.0, 44_100.0, 48_000.0, 1000 / 3, 0.1]),
    cuts=st.lists(st.integers(1, 50), min_size=1, max_size=6),
    start_ns=st.integers(0, 2**62),
)
def test_times_do_not_depend_on_the_blocks_they_come_in(rate: float, cuts: list[int], start_ns: int) -> None:
    whole = sample_times(0, sum(cuts), rate_hz=rate, start_ns=start_ns)
    firsts = np.cumsum([0, *cuts[:-1]]).tolist()
    parts = [sample_times(a, n, rate_hz=rate, start_ns=start_ns) for a, n in zip(firsts, cuts, strict=True)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_times_stay_exact_for_weeks() -> None:
    rate = 44_100
    first = rate * 86_400 * 50
    exact = [round(Fraction(i * 10**9, rate)) for i in range(first, first + 100)]
    got = sample_times(first, 100, rate_hz=float(rate))
    assert np.abs(got - np.array(exact)).max() <= 1


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(DataError, match="must be above 0"):
        sample_times(0, 1, rate_hz=rate)
