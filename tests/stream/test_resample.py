from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.errors import DataError
from edge_runtime.stream import Block, Flags, Resampler, check_block, grid_time

START = 10**18


def line(count: int, rate_hz: float, *, drift: float = 0.0, shift_ns: int = 0, gap: slice | None = None) -> Block:
    """Samples of the straight line 1 per second, taken by a clock that may drift."""
    t_ns = START + shift_ns + np.rint(np.arange(count) * (1e9 / rate_hz) * (1 + drift)).astype(np.int64)
    keep = np.ones(count, bool)
    if gap is not None:
        keep[gap] = False
    values = ((t_ns - START) / 1e9)[:, None].astype(np.float32)
    return Block(t_ns[keep], values[keep], 0)


def cut(block: Block, size: int) -> list[Block]:
    return [
        Block(block.t_ns[at : at + size], block.samples[at : at + size], n)
        for n, at in enumerate(range(0, len(block.t_ns), size))
    ]


def run(resampler: Resampler, pushes: list[tuple[int, Block]]) -> list[Block]:
    blocks = [out for stream, block in pushes for out in resampler.push(stream, block)]
    return blocks + list(resampler.flush())


@given(sizes=st.tuples(st.integers(1, 60), st.integers(1, 60)), drift=st.sampled_from([-1e-4, 0.0, 1e-4]))
def test_two_rates_come_onto_one_grid(sizes: tuple[int, int], drift: float) -> None:
    fast, slow = line(500, 100.0, drift=drift), line(130, 26.0, shift_ns=3_000_000)
    resampler = Resampler([["a"], ["b"]], [100.0, 26.0], 50.0, patience_s=100)
    pushes = [*[(0, block) for block in cut(fast, sizes[0])], *[(1, block) for block in cut(slow, sizes[1])]]
    pushes.sort(key=lambda push: push[1].t_ns[-1])
    blocks = run(resampler, pushes)
    for block in blocks:
        check_block(block, channels=2)
    t_ns = np.concatenate([block.t_ns for block in blocks])
    samples = np.concatenate([block.samples for block in blocks])
    assert [block.sequence for block in blocks] == list(range(len(blocks)))
    assert (np.diff(t_ns) == 20_000_000).all()
    assert (t_ns % 20_000_000 == 0).all()
    good = np.isfinite(samples)
    assert good.mean() > 0.97
    expected = np.broadcast_to(((t_ns - START) / 1e9)[:, None], samples.shape)
    np.testing.assert_allclose(samples[good], expected[good], atol=1e-5)


@given(size=st.integers(1, 80))
def test_the_grid_does_not_depend_on_the_blocks(size: int) -> None:
    whole = line(300, 90.0, drift=5e-5, gap=slice(100, 140))
    one = np.concatenate([b.samples for b in run(Resampler([["a"]], [90.0], 50.0), [(0, whole)])])
    cut_up = [(0, block) for block in cut(whole, size)]
    other = np.concatenate([b.samples for b in run(Resampler([["a"]], [90.0], 50.0), cut_up)])
    assert one.tobytes() == other.tobytes()


def test_what_is_missing_is_nan_and_flagged() -> None:
    blocks = run(Resampler([["a"]], [100.0], 50.0), [(0, line(300, 100.0, gap=slice(100, 140)))])
    samples = np.concatenate([block.samples for block in blocks])[:, 0]
    assert np.flatnonzero(np.isnan(samples)).tolist() == list(range(50, 70))
    assert blocks[0].flags == Flags.NOT_FINITE


def test_a_held_stream_keeps_its_value_until_the_next() -> None:
    slow = Block(START + np.array([0, 1, 2]) * 10**9, np.array([[1], [2], [3]], np.float32), 0)
    resampler = Resampler([["state"]], [1.0], 4.0, hold=[0])
    samples = np.concatenate([block.samples for block in run(resampler, [(0, slow)])])[:, 0]
    assert samples.tolist() == [1, 1, 1, 1, 2, 2, 2, 2, 3]


def test_a_stream_that_stays_away_is_waited_for_only_so_long() -> None:
    resampler = Resampler([["a"], ["b"]], [10.0, 10.0], 10.0, patience_s=2.0)
    both = line(10, 10.0)
    assert len(list(resampler.push(0, both))) == 0
    first = np.concatenate([b.samples for b in resampler.push(1, both)])
    assert np.isfinite(first).all()
    alone = [b for block in cut(line(60, 10.0), 10)[1:] for b in resampler.push(0, block)]
    samples = np.concatenate([b.samples for b in alone])
    assert np.isfinite(samples[:, 0]).all()
    assert np.isnan(samples[:, 1]).all()
    assert alone[-1].t_ns[-1] == START + 3_900_000_000
    list(resampler.push(1, cut(line(60, 10.0), 10)[1]))
    assert resampler.late == 0


def test_samples_that_come_twice_or_out_of_order_are_counted() -> None:
    resampler = Resampler([["a"]], [10.0], 10.0)
    first, second = cut(line(20, 10.0), 10)
    for block in (first, second, first):
        list(resampler.push(0, block))
    assert resampler.late == 10


@given(position=st.integers(0, 10**12), rate=st.sampled_from([10.0, 44_100.0, 104.0, 6_666.6]))
def test_grid_times_rise_evenly(position: int, rate: float) -> None:
    times = [grid_time(position + k, rate) for k in range(3)]
    assert all(abs(b - a - 1e9 / rate) <= 1 for a, b in itertools.pairwise(times))


@pytest.mark.parametrize(("names", "rate"), [([["a"], ["a"]], 10.0), ([["a"], ["b"]], 0.0)])
def test_what_makes_no_sense_is_refused(names: list[list[str]], rate: float) -> None:
    with pytest.raises(DataError):
        Resampler(names, [10.0, 10.0], rate)
