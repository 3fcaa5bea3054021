from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.errors import DataError
from edge_runtime.sources import SyntheticSource


def samples(count: int, **options: Any) -> np.ndarray[Any, np.dtype[np.float32]]:
    blocks = SyntheticSource(["x", "y"], 100.0, **options).generate()
    taken: list[Any] = []
    while sum(map(len, taken)) < count:
        taken.append(next(blocks).samples)
    return np.concatenate(taken)[:count]


@given(seed=st.integers(0, 2**32), sizes=st.tuples(st.integers(1, 64), st.integers(1, 64)))
def test_a_sample_depends_on_the_seed_and_its_index_alone(seed: int, sizes: tuple[int, int]) -> None:
    first, second = (samples(150, seed=seed, block_size=size) for size in sizes)
    np.testing.assert_array_equal(first, second)


def test_seeds_and_channels_differ() -> None:
    a, b = samples(200, seed=1), samples(200, seed=2)
    assert np.abs(np.corrcoef([a[:, 0], a[:, 1], b[:, 0], b[:, 1]]) - np.eye(4)).max() < 0.5


def test_without_a_number_of_blocks_it_is_endless() -> None:
    blocks = SyntheticSource(["x"], 100.0, block_size=4).generate()
    assert [block.sequence for block in itertools.islice(blocks, 5000)][-1] == 4999


def test_noise_has_the_deviation_asked_for() -> None:
    quiet, loud = samples(20_000, noise=0.0), samples(20_000, noise=0.5)
    np.testing.assert_allclose((loud - quiet).std(axis=0), 0.5, rtol=0.03)


def test_the_power_lies_below_a_quarter_of_the_rate_and_in_three_lines() -> None:
    power = np.abs(np.fft.rfft(samples(4096, noise=0.0)[:, 0] * np.hanning(4096))) ** 2
    assert power[1024:].sum() < 1e-3 * power.sum()
    strongest = np.sort(power)[::-1]
    assert strongest[:20].sum() > 0.99 * power.sum()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"block_size": 0}, "block_size must be 1 or more"),
        ({"blocks": -1}, "the others 0 or more"),
        ({"noise": float("nan")}, "noise nan"),
        ({"pace": -1.0}, "the pace is -1.0"),
        ({"rate_hz": 0.0}, "the rate is 0.0 Hz"),
        ({"channels": ["x", "x"]}, "the channel 'x' is there twice"),
        ({"channels": []}, "there is no channel"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        SyntheticSource(**{"channels": ["x"], "rate_hz": 100.0, **options})
