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
        t_ns[gap_at:] += 10**9
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


def test_a_marked_window_is_never_held() -> None:
    windows, _ = play(bad_at=(45,), gap_at=35, non_finite="hold", gap="mark")
    assert windows[3].flags == Flags.GAP
    assert [window.values[0] for window in windows[2:6]] == [29, 39, 29, 59]


@pytest.mark.parametrize(("policy", "delivered"), [("skip", 9), ("hold", 10), ("mark", 10)])
def test_a_gap_has_a_policy_of_its_own(policy: str, delivered: int) -> None:
    windows, computer = play(gap_at=35, gap=policy, non_finite="mark")
    assert len(windows) == delivered
    assert computer.counts.gaps == 1
    assert sum(Flags.GAP in window.flags for window in windows) == delivered - 9


def test_a_gap_between_two_windows_is_in_neither() -> None:
    windows, computer = play(gap_at=40, gap="skip")
    assert len(windows) == 10
    assert computer.counts.gaps == 1


@pytest.mark.parametrize(
    ("non_finite", "gap"), [("skip", "hold"), ("hold", "skip"), ("mark", "skip"), ("skip", "mark")]
)
def test_of_two_policies_the_stricter_one_holds(non_finite: str, gap: str) -> None:
    windows, computer = play(bad_at=(36,), gap_at=35, non_finite=non_finite, gap=gap)
    assert 3 not in [window.index for window in windows]
    assert counts(computer) == (9, 1, 0, 0)


def test_features_that_overflow_count_as_not_finite() -> None:
    band = {"kernel": "band_power", "low_hz": 0, "high_hz": 5}
    windows, computer = play(bad_at=(35,), value=1e30, non_finite="skip", kernels=[band])
    assert [window.index for window in windows] == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    assert computer.counts.skipped == 1
