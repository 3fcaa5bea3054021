from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.errors import DataError
from edge_runtime.stream import Flags, Recording, Span, check_block, concatenate_cases, sample_times


def recording(count: int = 20, *, channels: tuple[str, ...] = ("x", "y"), **changes: Any) -> Recording:
    fields: dict[str, Any] = {
        "t_ns": sample_times(0, count, rate_hz=10.0),
        "samples": np.arange(count * len(channels), dtype=np.float32).reshape(count, -1),
        "channels": channels,
        "rate_hz": 10.0,
    }
    return Recording(**{**fields, **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"t_ns": np.array([1, 2, 2], np.int64)}, r"time 2 \(2 ns\) does not come after time 1"),
        ({"t_ns": np.arange(20, dtype=np.float64)}, r"times are float64\[20\]; they must be int64\[n\]"),
        (
            {"samples": np.zeros((20, 3), np.float32)},
            r"float32\[20, 3\]; they must be float32\[20, 2\], .* x, y",
        ),
        ({"samples": np.zeros((20, 2))}, r"samples are float64"),
        ({"channels": ("x", "x")}, "the channel 'x' is there twice"),
        ({"channels": (), "samples": np.zeros((20, 0), np.float32)}, "there is no channel"),
        ({"rate_hz": 0.0}, "the rate is 0.0 Hz; it must be above 0"),
        ({"spans": (Span(5, 5, "a"),)}, "span 'a': its end, 5 ns, is not after its start, 5 ns"),
        ({"spans": (Span(0, 5, "a"), Span(4, 9, "b"))}, "span 'b': it starts at 4 ns, before 'a' ends at 5 ns"),
    ],
)
def test_what_is_not_a_recording_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        recording(**changes)


def test_channels_are_selected_by_name_in_the_order_asked_for() -> None:
    whole = recording(channels=("x", "y", "z"))
    part = whole.select(["z", "x"])
    assert part.channels == ("z", "x")
    np.testing.assert_array_equal(part.samples, whole.samples[:, [2, 0]])
    assert whole.select(whole.channels) is whole


def test_a_missing_channel_is_named_with_those_there() -> None:
    with pytest.raises(DataError, match="no channel w; it has x, y"):
        recording().select(["x", "w"])
    with pytest.raises(DataError, match="no channels v, w; it has x, y"):
        recording().select(["v", "w"])


def test_a_label_holds_from_its_start_up_to_its_end() -> None:
    spans = (Span(100, 200, "a"), Span(200, 300, "b"), Span(400, 500, "c"))
    labelled = recording(spans=spans)
    assert labelled.label_between(100, 199) == "a"
    assert labelled.label_between(200, 200) == "b"
    assert labelled.label_between(450, 499) == "c"
    for start, end in ((100, 200), (150, 250), (300, 310), (250, 310), (0, 50), (99, 120), (499, 500)):
        assert labelled.label_between(start, end) is None


@given(count=st.integers(1, 60), block_size=st.integers(1, 70), holes=st.sets(st.integers(1, 59), max_size=5))
def test_blocks_give_back_the_recording_and_end_at_every_gap(count: int, block_size: int, holes: set[int]) -> None:
    t_ns = sample_times(0, count, rate_hz=10.0)
    for hole in holes:
        t_ns[hole:] += 200_000_000
    whole = recording(count, t_ns=t_ns)
    blocks = list(whole.blocks(block_size))
    for position, block in enumerate(blocks):
        check_block(block, channels=2)
        assert block.sequence == position
        assert len(block.t_ns) <= block_size
    np.testing.assert_array_equal(np.concatenate([block.samples for block in blocks]), whole.samples)
    np.testing.assert_array_equal(np.concatenate([block.t_ns for block in blocks]), t_ns)
    after_gaps = {int(block.t_ns[0]) for block in blocks if Flags.GAP in block.flags}
    assert after_gaps == {int(t_ns[hole]) for hole in holes if hole < count}


def test_blocks_are_views_that_cannot_be_written_to() -> None:
    whole = recording()
    for block in whole.blocks(6):
        assert np.shares_memory(block.samples, whole.samples)
        assert np.shares_memory(block.t_ns, whole.t_ns)
        assert not block.samples.flags.writeable
        assert not block.t_ns.flags.writeable
    assert whole.samples.flags.writeable


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_block_with_a_value_that_is_not_finite_is_flagged(value: float) -> None:
    whole = recording()
    whole.samples[7, 1] = value
    assert [block.flags for block in whole.blocks(5)] == [Flags.NONE, Flags.NOT_FINITE, Flags.NONE, Flags.NONE]


@pytest.mark.parametrize("block_size", [0, -3])
def test_blocks_without_size_are_refused(block_size: int) -> None:
    with pytest.raises(DataError, match="it must be 1 or more"):
        next(recording().blocks(block_size))


def test_one_missing_sample_is_a_gap() -> None:
    t_ns = sample_times(0, 20, rate_hz=10.0)
    t_ns[6:] += 100_000_000
    blocks = list(recording(t_ns=t_ns).blocks(10))
    assert [(len(block.t_ns), block.flags) for block in blocks] == [(6, Flags.NONE), (10, Flags.GAP), (4, Flags.NONE)]


def test_jitter_is_no_gap() -> None:
    t_ns = sample_times(0, 20, rate_hz=10.0)
    t_ns[1::2] += 40_000_000
    assert all(block.flags == Flags.NONE for block in recording(t_ns=t_ns).blocks(4))


def test_cases_follow_each_other_without_a_pause() -> None:
    cases = np.arange(3 * 4 * 2, dtype=np.float32).reshape(3, 4, 2)
    whole = concatenate_cases(cases, ["a", "b", "a"], channels=["x", "y"], rate_hz=10.0, start_ns=1_000)
    np.testing.assert_array_equal(whole.t_ns, 1_000 + 100_000_000 * np.arange(12))
    np.testing.assert_array_equal(whole.samples[4:8], cases[1])
    assert whole.spans[1] == Span(400_001_000, 800_001_000, "b")
    assert whole.spans[2].end_ns == 1_200_001_000
    assert whole.label_between(int(whole.t_ns[8]), int(whole.t_ns[11])) == "a"
    assert whole.label_between(int(whole.t_ns[7]), int(whole.t_ns[8])) is None
    assert np.shares_memory(whole.samples, cases)
    assert whole.duration_s == pytest.approx(1.1)
    assert len(whole) == 12


@pytest.mark.parametrize("shape", [(3, 4), (2, 4, 2), (0, 4, 2)])
def test_cases_without_one_label_each_are_refused(shape: tuple[int, ...]) -> None:
    labels = ["a"] * 3 if shape[0] else []
    with pytest.raises(DataError, match="with one label each"):
        concatenate_cases(np.zeros(shape, np.float32), labels, channels=["x", "y"], rate_hz=10.0)
