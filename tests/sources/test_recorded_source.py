from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest

from edge_runtime.errors import DataError
from edge_runtime.sources import RecordedSource
from edge_runtime.stream import Block, Flags, Recording, sample_times, save_recording


def recording(count: int = 20) -> Recording:
    samples = np.arange(count * 3, dtype=np.float32).reshape(count, 3)
    return Recording(sample_times(0, count, rate_hz=10.0, start_ns=10**18), samples, ("x", "y", "z"), 10.0)


def play(source: RecordedSource) -> list[Block]:
    async def collect() -> list[Block]:
        return [block async for block in source.blocks()]

    return anyio.run(collect)


def test_it_plays_the_very_samples_without_a_copy() -> None:
    whole = recording()
    blocks = play(RecordedSource(whole, block_size=6))
    assert [len(block.t_ns) for block in blocks] == [6, 6, 6, 2]
    np.testing.assert_array_equal(np.concatenate([block.samples for block in blocks]), whole.samples)
    assert all(np.shares_memory(block.samples, whole.samples) for block in blocks)


def test_every_playing_is_the_same() -> None:
    source = RecordedSource(recording(), block_size=7)
    first, second = play(source), play(source)
    assert [block.sequence for block in first] == [block.sequence for block in second] == [0, 1, 2]
    np.testing.assert_array_equal(first[1].samples, second[1].samples)


def test_it_plays_a_file_and_the_channels_asked_for(tmp_path: Path) -> None:
    save_recording(recording(), tmp_path / "r.npz")
    source = RecordedSource(tmp_path / "r.npz", channels=["z", "x"], block_size=20)
    assert source.channels == ("z", "x")
    np.testing.assert_array_equal(play(source)[0].samples, recording().samples[:, [2, 0]])


def test_a_nan_is_flagged_and_not_an_error() -> None:
    whole = recording()
    whole.samples[8, 1] = np.nan
    assert [block.flags for block in play(RecordedSource(whole, block_size=10))] == [Flags.NOT_FINITE, Flags.NONE]


def test_a_nan_in_a_channel_that_is_not_asked_for_does_not_matter() -> None:
    whole = recording()
    whole.samples[8, 1] = np.nan
    assert play(RecordedSource(whole, channels=["x", "z"], block_size=20))[0].flags == Flags.NONE


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"channels": ["x", "w"]}, "no channel w; it has x, y, z"),
        ({"block_size": 0}, "block_size is 0; it must be 1 or more"),
        ({"pace": 0.0}, "the pace is 0.0; it must be 'max', or a factor of real time above 0"),
        ({"pace": "slow"}, "the pace is 'slow'"),
        ({"pace": float("nan")}, "the pace is nan"),
    ],
)
def test_what_cannot_be_is_refused_when_the_source_is_made(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        RecordedSource(recording(), **options)


def test_a_missing_file_is_refused_when_the_source_is_made(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.npz: cannot be read"):
        RecordedSource(tmp_path / "none.npz")
