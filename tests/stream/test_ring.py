from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.errors import DataError, OverrunError
from edge_runtime.stream import Block, Flags, RingBuffer, ring_capacity


def make_block(first: int, count: int, *, channels: int = 2, flags: Flags = Flags.NONE) -> Block:
    """Samples that tell their own index: channel c of sample i is i + c / 4."""
    index = np.arange(first, first + count)
    samples = index[:, None] + np.arange(channels) / 4
    return Block(index.astype(np.int64) * 10, samples.astype(np.float32), 0, flags)


def filled(capacity: int, counts: list[int], *, channels: int = 2) -> RingBuffer:
    ring = RingBuffer(channels, capacity)
    for count in counts:
        ring.append(make_block(ring.end, count, channels=channels))
    return ring


@given(
    capacity=st.integers(1, 40),
    counts=st.lists(st.integers(0, 90), max_size=12),
    channels=st.integers(1, 3),
    data=st.data(),
)
def test_every_window_that_is_there_is_right(
    capacity: int, counts: list[int], channels: int, data: st.DataObject
) -> None:
    ring = filled(capacity, counts, channels=channels)
    total = sum(counts)
    assert (ring.end, ring.start) == (total, max(0, total - capacity))
    if total == 0:
        return
    end = data.draw(st.integers(ring.start + 1, ring.end))
    length = data.draw(st.integers(1, end - ring.start))
    t_ns, samples = ring.window(end, length)
    expected = make_block(end - length, length, channels=channels)
    np.testing.assert_array_equal(t_ns, expected.t_ns)
    np.testing.assert_array_equal(samples, expected.samples)


@given(
    counts=st.lists(st.integers(1, 30), min_size=3, max_size=8),
    length=st.integers(1, 12),
    hop=st.integers(1, 15),
    count=st.integers(1, 4),
)
def test_several_windows_equal_the_single_ones(counts: list[int], length: int, hop: int, count: int) -> None:
    stretch = (count - 1) * hop + length
    ring = filled(stretch, [*counts, stretch])
    first_end = ring.start + length
    several = ring.windows(first_end, length, count=count, hop=hop)
    single = [ring.window(first_end + k * hop, length)[1] for k in range(count)]
    np.testing.assert_array_equal(several, np.stack(single))


def test_nothing_is_copied_and_nothing_can_be_overwritten_by_a_reader() -> None:
    ring = filled(8, [5, 6])
    t_ns, samples = ring.window(11, 7)
    assert np.shares_memory(samples, ring.window(10, 3)[1])
    assert np.shares_memory(samples, ring.windows(10, 4, count=2, hop=1))
    assert samples.flags.c_contiguous
    for view in (t_ns, samples, ring.windows(10, 4, count=2, hop=1)):
        assert not view.flags.owndata
        with pytest.raises(ValueError, match="read-only"):
            view[0] = 0


def test_all_arrays_lie_in_one_allocation() -> None:
    ring = filled(8, [8])
    t_ns, samples = ring.window(8, 8)
    assert t_ns.base is not None
    assert t_ns.base is samples.base
    assert t_ns.flags.aligned
    assert samples.flags.aligned
    assert ring.nbytes == 2 * 8 * (8 + 2 * 4 + 1)


def test_samples_that_are_gone_are_refused_and_counted() -> None:
    ring = filled(8, [10])
    with pytest.raises(OverrunError, match="samples from 1 have been overwritten; the oldest is 2"):
        ring.window(9, 8)
    assert ring.overruns == 1
    ring.window(10, 8)
    assert ring.overruns == 1


def test_samples_to_come_are_refused_and_not_counted() -> None:
    ring = filled(8, [3])
    with pytest.raises(OverrunError, match="samples up to 4 have not come yet; the newest is 2"):
        ring.window(4, 2)
    assert ring.overruns == 0


@pytest.mark.parametrize("length", [0, -1, 9])
def test_a_length_that_cannot_be_is_refused(length: int) -> None:
    with pytest.raises(DataError, match="the ring holds 1 to 8"):
        filled(8, [8]).window(8, length)


def test_a_window_from_before_the_stream_is_refused() -> None:
    with pytest.raises(OverrunError, match="samples from -1"):
        filled(8, [3]).window(3, 4)


@pytest.mark.parametrize(("channels", "capacity"), [(0, 8), (2, 0)])
def test_an_empty_ring_is_refused(channels: int, capacity: int) -> None:
    with pytest.raises(DataError, match="both must be 1 or more"):
        RingBuffer(channels, capacity)


def test_a_block_of_another_width_is_refused() -> None:
    ring = RingBuffer(2, 8)
    with pytest.raises(DataError, match="block 0 has 3 channels; the ring holds 2"):
        ring.append(make_block(0, 4, channels=3))
    assert ring.end == 0


ANY_FLAGS = st.sampled_from([Flags(bits) for bits in range(8)])


def naive_flags(blocks: list[tuple[int, Flags]], start: int, end: int) -> Flags:
    """What a window's flags must be, by their definition, block by block."""
    merged, first = Flags.NONE, 0
    for count, flags in blocks:
        if start <= first < end:
            merged |= flags & Flags.GAP
        if first < end and start < first + count:
            merged |= flags & ~Flags.GAP
        first += count
    return merged


@given(
    blocks=st.lists(
        st.tuples(st.integers(1, 9), st.sampled_from([Flags(n) for n in range(8)])), min_size=1, max_size=9
    ),
    length=st.integers(1, 12),
    hop=st.integers(1, 6),
)
def test_a_window_has_the_flags_of_what_lies_in_it(blocks: list[tuple[int, Flags]], length: int, hop: int) -> None:
    total = sum(count for count, _ in blocks)
    ring = RingBuffer(1, max(total - 3, 12))
    for count, flags in blocks:
        ring.append(make_block(ring.end, count, channels=1, flags=flags))
    count = (total - ring.start - length) // hop + 1
    if count < 1:
        return
    got = ring.window_flags(ring.start + length, length, count=count, hop=hop)
    starts = range(ring.start, ring.start + count * hop, hop)
    assert [Flags(flag) for flag in got.tolist()] == [naive_flags(blocks, s, s + length) for s in starts]


@given(
    windows=st.lists(st.integers(1, 20), min_size=1, max_size=3),
    sizes=st.lists(st.integers(1, 25), min_size=1, max_size=20),
)
def test_the_computed_capacity_is_enough_and_no_larger(windows: list[int], sizes: list[int]) -> None:
    longest, largest = max(windows), max(sizes)
    capacity = ring_capacity(windows, largest_block=largest)
    ring = RingBuffer(1, capacity)
    for size in sizes:
        first_due = max(ring.end + 1, longest)
        ring.append(make_block(ring.end, size, channels=1))
        if first_due <= ring.end:
            ring.window(first_due, longest)
    assert ring.overruns == 0
    tight = filled(capacity, [longest, largest], channels=1)
    assert tight.start == longest + largest - capacity == 1


def test_a_full_ring_allocates_nothing_more() -> None:
    ring = filled(1000, [100] * 15, channels=6)
    block = make_block(0, 100, channels=6)
    tracemalloc.start()
    for _ in range(20):
        ring.append(block)
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    for _ in range(2000):
        ring.append(block)
        ring.window(ring.end, 1000)
        ring.windows(ring.end - 100, 900, count=2, hop=100)
    after, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # The interpreter keeps some freed objects of the views; one copy of a window's 24,000 bytes would show.
    assert after - before < 12_000
    assert peak - before < 16_000
