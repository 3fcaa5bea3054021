from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge_runtime.features import FeatureComputer, FeatureView, FeatureWindow
from edge_runtime.stream import Flags, Recording, sample_times

RATE_HZ = 10.0


def play(
    *, bad_at: tuple[int, ...] = (), gap_at: int | None = None, value: float = np.nan, **policies: Any
) -> tuple[list[FeatureWindow], FeatureComputer]:
    """Ten windows of ten samples, one after the other; `bad_at` are samples of channel x that are not finite."""
    t_ns = sample_times(0, 100, rate_hz=RATE_HZ)
    samples = np.repeat(np.arange(100, dtype=np.float32)[:, None], 2, axis=1)
    samples[list(bad_at), 0] = value
    if gap_at is not None:
        t_ns[gap_at:] += 5 * 10**8
    declared = {"name": "v", "channels": ["x"], "window": "1 s", "hop": "1 s", "kernels": ["max"], **policies}
    computer = FeatureComputer(FeatureView.from_mapping(declared), RATE_HZ, ["x", "y"])
    blocks = Recording(t_ns, samples, ("x", "y"), RATE_HZ).blocks(7)
    return [window for block in blocks for window in computer.push(block)], computer


def counts(computer: FeatureComputer) -> tuple[int, int, int, int]:
    return computer.counts.windows, computer.counts.skipped, computer.counts.held, computer.counts.marked


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_skip_leaves_the_window_out(value: float) -> None:
    windows, computer = play(bad_at=(35, 36), value=value, non_finite="skip")
    assert [window.index for window in windows] == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    assert counts(computer) == (9, 1, 0, 0)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_hold_repeats_the_last_whole_window(value: float) -> None:
    windows, computer = play(bad_at=(35, 45), value=value, non_finite="hold")
    assert [window.values[0] for window in windows] == [9, 19, 29, 29, 29, 59, 69, 79, 89, 99]
    assert [window.flags for window in windows[2:6]] == [Flags.NONE, Flags.NOT_FINITE, Flags.NOT_FINITE, Flags.NONE]
    assert windows[3].start_ns == 3 * 10**9
    assert counts(computer) == (10, 0, 2, 0)


def test_hold_skips_where_there_is_nothing_to_hold_yet() -> None:
    windows, computer = play(bad_at=(3, 13), non_finite="hold")
    assert [window.index for window in windows] == list(range(2, 10))
    assert counts(computer) == (8, 2, 0, 0)


def test_mark_delivers_what_was_computed() -> None:
    windows, computer = play(bad_at=(35,), non_finite="mark")
    assert np.isnan(windows[3].values[0])
    assert windows[3].flags == Flags.NOT_FINITE
    assert counts(computer) == (10, 0, 0, 1)


def test_fill_puts_the_last_good_value_in_the_place_of_bad_ones() -> None:
    windows, computer = play(bad_at=(39, 40, 41), non_finite="fill", kernels=["max", "min"])
    assert [tuple(window.values) for window in windows[3:5]] == [(38, 30), (49, 38)]
    assert windows[3].flags == Flags.NOT_FINITE
    assert (computer.counts.filled, counts(computer)) == (2, (10, 0, 0, 0))


def test_fill_has_zero_before_the_first_good_value() -> None:
    windows, _ = play(bad_at=(0, 1), non_finite="fill", kernels=["min"])
    assert windows[0].values[0] == 0


def test_saturated_samples_are_filled_if_the_view_says_so() -> None:
    windows, computer = play(bad_at=(39,), value=1e9, saturated="fill", limits={"x": [-1e9, 1e9]})
    assert windows[3].values[0] == 38
    assert (windows[3].flags, computer.counts.filled) == (Flags.SATURATED, 1)


def test_missing_samples_are_filled_with_the_last_good_value() -> None:
    windows, computer = play(gap_at=35, kernels=["min", "max", "mean"])
    assert tuple(windows[3].values) == (30, 34, pytest.approx((30 + 31 + 32 + 33 + 34 * 6) / 10))
    assert windows[3].flags == Flags.GAP
    assert (computer.counts.filled, counts(computer)) == (1, (10, 0, 0, 0))


def test_a_marked_window_is_never_held() -> None:
    windows, _ = play(bad_at=(40,), gap_at=35, non_finite="hold", gap="mark")
    assert windows[3].flags == Flags.GAP
    assert np.isnan(windows[3].values[0])
    assert windows[4].values[0] == 29


@pytest.mark.parametrize(("policy", "delivered"), [("skip", 9), ("hold", 10), ("mark", 10), ("fill", 10)])
def test_a_gap_has_a_policy_of_its_own(policy: str, delivered: int) -> None:
    windows, computer = play(gap_at=35, gap=policy, non_finite="mark")
    assert len(windows) == delivered
    assert computer.counts.gaps == 1
    assert sum(Flags.GAP in window.flags for window in windows) == delivered - 9


def test_a_gap_between_two_windows_is_in_neither() -> None:
    t_ns = sample_times(0, 40, rate_hz=RATE_HZ)
    t_ns[20:] += 10**9
    whole = Recording(t_ns, np.zeros((40, 1), np.float32), ("x",), RATE_HZ)
    declared = {"name": "v", "channels": ["x"], "window": "1 s", "hop": "1 s", "kernels": ["max"], "gap": "hold"}
    computer = FeatureComputer(FeatureView.from_mapping(declared), RATE_HZ, ["x"])
    windows = [window for block in whole.blocks(7) for window in computer.push(block)]
    assert [window.index for window in windows] == [0, 1, 3, 4]
    assert all(window.flags == Flags.NONE for window in windows)
    assert (computer.counts.gaps, computer.counts.missed) == (1, 1)


@pytest.mark.parametrize(
    ("non_finite", "gap"), [("skip", "hold"), ("hold", "skip"), ("mark", "skip"), ("skip", "mark"), ("skip", "fill")]
)
def test_of_two_policies_the_stricter_one_holds(non_finite: str, gap: str) -> None:
    windows, computer = play(bad_at=(34,), gap_at=35, non_finite=non_finite, gap=gap)
    assert 3 not in [window.index for window in windows]
    assert counts(computer) == (9, 1, 0, 0)


def test_features_that_overflow_count_as_not_finite() -> None:
    band = {"kernel": "band_power", "low_hz": 0, "high_hz": 5}
    windows, computer = play(bad_at=(35,), value=1e30, non_finite="skip", kernels=[band])
    assert [window.index for window in windows] == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    assert computer.counts.skipped == 1
