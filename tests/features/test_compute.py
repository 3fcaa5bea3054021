from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.errors import ConfigError, DataError
from edge_runtime.features import FeatureComputer, FeatureView, FeatureWindow, compute_recording
from edge_runtime.features.kernels import compute_kernel
from edge_runtime.stream import Block, Flags, Recording, sample_times

RATE_HZ = 100.0
CHANNELS = ("x", "y", "z")
KERNELS = ["mean", "std", "rms", "min", "max", "crossings", {"kernel": "crossings", "about": "zero"}]
BAND = {"kernel": "band_power", "low_hz": 0, "high_hz": 50}


def view(window: int = 40, hop: int = 10, **changes: Any) -> FeatureView:
    declared: dict[str, Any] = {
        "name": "v",
        "channels": ["z", "x"],
        "window": f"{window} samples",
        "hop": f"{hop} samples",
        # A single sample has no frequency.
        "kernels": [*KERNELS, BAND] if window > 1 else KERNELS,
    }
    return FeatureView.from_mapping({**declared, **changes})


def recording(count: int, *, seed: int = 0, holes: Sequence[int] = ()) -> Recording:
    samples = np.random.default_rng(seed).normal(size=(count, len(CHANNELS))).astype(np.float32)
    t_ns = sample_times(0, count, rate_hz=RATE_HZ, start_ns=10**18)
    for hole in holes:
        t_ns[hole:] += 10**9
    return Recording(t_ns, samples, CHANNELS, RATE_HZ)


def cut(whole: Recording, sizes: Sequence[int]) -> list[Block]:
    """Cut a recording into blocks of these sizes, over and over, ending at its gaps as sources do."""
    gaps = (np.flatnonzero(np.diff(whole.t_ns) > 1.5e9 / RATE_HZ) + 1).tolist()
    blocks: list[Block] = []
    at = 0
    while at < len(whole):
        stop = min([at + sizes[len(blocks) % len(sizes)], len(whole), *[gap for gap in gaps if gap > at]])
        flags = Flags.GAP if at in gaps else Flags.NONE
        blocks.append(Block(whole.t_ns[at:stop], whole.samples[at:stop], len(blocks), flags))
        at = stop
    return blocks


def online(declared: FeatureView, blocks: Sequence[Block]) -> list[FeatureWindow]:
    computer = FeatureComputer(declared, RATE_HZ, CHANNELS)
    return [window for block in blocks for window in computer.push(block)]


def bits(values: npt.NDArray[np.float32]) -> bytes:
    """All bits, but NaN is NaN: its sign and payload are left to the processor."""
    return np.where(np.isnan(values), np.float32(np.nan), values).tobytes()


def as_data(windows: Sequence[FeatureWindow]) -> list[tuple[int, int, int, bytes, Flags]]:
    return [(w.index, w.start_ns, w.end_ns, bits(w.values), w.flags) for w in windows]


@given(
    count=st.integers(1, 400),
    window=st.integers(1, 70),
    hop=st.integers(1, 90),
    sizes=st.lists(st.integers(1, 130), min_size=1, max_size=6),
    holes=st.lists(st.integers(1, 399), max_size=3),
    nans=st.lists(st.integers(0, 399), max_size=3),
    policies=st.tuples(*[st.sampled_from(["skip", "hold", "mark"])] * 2),
    seed=st.integers(0, 1000),
)
def test_online_equals_offline_bit_for_bit(
    count: int,
    window: int,
    hop: int,
    sizes: list[int],
    holes: list[int],
    nans: list[int],
    policies: tuple[str, str],
    seed: int,
) -> None:
    whole = recording(count, seed=seed, holes=[hole for hole in holes if hole < count])
    for at in nans:
        whole.samples[at % count, at % 3] = np.nan
    declared = view(window, hop, non_finite=policies[0], gap=policies[1])
    assert as_data(online(declared, cut(whole, sizes))) == as_data(compute_recording(declared, whole))


@given(window=st.integers(2, 70), hop=st.integers(1, 90), seed=st.integers(0, 1000))
def test_each_window_is_what_the_kernels_give_for_its_samples(window: int, hop: int, seed: int) -> None:
    declared, whole = view(window, hop), recording(300, seed=seed)
    got = compute_recording(declared, whole)
    assert len(got) == max(0, (300 - window) // hop + 1)
    for k, one in enumerate(got):
        part = slice(k * hop, k * hop + window)
        columns = whole.samples[part][:, [2, 0]]
        alone = [compute_kernel(kernel, columns, rate_hz=RATE_HZ) for kernel in declared.kernels]
        assert one.values.tobytes() == np.concatenate(alone).tobytes()
        assert (one.index, one.flags) == (k, Flags.NONE)
        assert (one.start_ns, one.end_ns) == (whole.t_ns[part][0], whole.t_ns[part][-1])


@pytest.mark.parametrize(("count", "window", "hop"), [(30_000, 20, 3), (30_000, 9000, 4500), (20_000, 10, 7001)])
def test_long_streams_pass_through_a_small_ring(count: int, window: int, hop: int) -> None:
    declared, whole = view(window, hop), recording(count)
    in_one = online(declared, cut(whole, [count]))
    assert (
        as_data(in_one)
        == as_data(online(declared, cut(whole, [97, 1000])))
        == as_data(compute_recording(declared, whole))
    )
    assert in_one[-1].index == (count - window) // hop
    assert FeatureComputer(declared, RATE_HZ, CHANNELS).ring.capacity < 2 * max(window, 4096)


def test_normalised_values_are_the_plain_ones_normalised() -> None:
    plain, whole = view(), recording(200)
    raw = np.stack([one.values for one in compute_recording(plain, whole)])
    normalised = plain.with_normalisation(raw.mean(axis=0), raw.std(axis=0) + 1)
    got = np.stack([one.values for one in compute_recording(normalised, whole)])
    assert got.tobytes() == normalised.normalise(raw).tobytes()


def test_values_are_the_receivers_and_read_only() -> None:
    computer, whole = FeatureComputer(view(), RATE_HZ, CHANNELS), recording(400)
    first = computer.push(cut(whole, [100])[0])
    before = [one.values.copy() for one in first]
    for block in cut(whole, [100])[1:]:
        computer.push(block)
    for one, values in zip(first, before, strict=True):
        np.testing.assert_array_equal(one.values, values)
        with pytest.raises(ValueError, match="read-only"):
            one.values[0] = 1


def test_a_jump_in_the_sequence_marks_the_windows_over_it() -> None:
    blocks = cut(recording(100), [10])
    del blocks[5]
    computer = FeatureComputer(view(20, 10), RATE_HZ, CHANNELS)
    windows = [window for block in blocks for window in computer.push(block)]
    assert [w.index for w in windows if w.flags == Flags.GAP] == [4]
    assert all(w.flags == Flags.NONE for w in windows if w.index != 4)
    assert (computer.counts.gaps, computer.counts.marked, computer.counts.windows) == (1, 1, 8)


def test_a_gap_before_a_block_longer_than_the_ring_is_one_gap() -> None:
    whole = recording(20_100, holes=[50])
    windows = online(view(20, 10), cut(whole, [20_100]))
    assert [w.index for w in windows if w.flags == Flags.GAP] == [4]


def test_joining_a_running_source_is_no_gap() -> None:
    blocks = cut(recording(100), [10])[4:]
    assert all(window.flags == Flags.NONE for window in online(view(20, 10), blocks))


def test_a_block_that_was_overtaken_or_comes_twice_is_left_out_and_counted() -> None:
    blocks = cut(recording(100), [10])
    computer = FeatureComputer(view(20, 10), RATE_HZ, CHANNELS)
    late = [*blocks[:3], blocks[2], *blocks[3:6], blocks[1], *blocks[6:]]
    windows = [window for block in late for window in computer.push(block)]
    assert as_data(windows) == as_data(online(view(20, 10), blocks))
    assert (computer.counts.late_blocks, computer.counts.gaps) == (2, 0)


def test_saturation_is_told_and_the_window_is_delivered() -> None:
    blocks = cut(recording(60), [10])
    blocks[2] = Block(blocks[2].t_ns, blocks[2].samples, 2, Flags.SATURATED)
    windows = online(view(20, 10, gap="skip", non_finite="skip"), blocks)
    assert [w.flags for w in windows] == [Flags.NONE, Flags.SATURATED, Flags.SATURATED, Flags.NONE, Flags.NONE]


def test_an_empty_block_does_nothing() -> None:
    whole = recording(40)
    empty = Block(whole.t_ns[:0], whole.samples[:0], 0)
    assert online(view(), [empty, *cut(whole, [40])])[0].flags == Flags.NONE


def test_a_block_of_another_width_is_refused() -> None:
    whole = recording(10)
    with pytest.raises(DataError, match=r"block 3: samples are \[10, 2\]; they must be \[n, 3\]"):
        FeatureComputer(view(), RATE_HZ, CHANNELS).push(Block(whole.t_ns, whole.samples[:, :2], 3))


def test_a_missing_channel_is_named() -> None:
    with pytest.raises(DataError, match="feature view v: the stream: no channel z; it has x, y"):
        FeatureComputer(view(), RATE_HZ, ["x", "y"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"window": "1 ms"}, "feature view v: 0.001 s is less than one sample at 100 Hz"),
        ({"hop": "1 ms"}, "feature view v: 0.001 s is less than one sample at 100 Hz"),
        (
            {"kernels": [{"kernel": "band_power", "low_hz": 1, "high_hz": 60}]},
            "view v: band_power_1_60: high_hz is beyond",
        ),
    ],
)
def test_a_view_that_makes_no_sense_at_the_rate_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        FeatureComputer(FeatureView.from_mapping({**view().model_dump(mode="json"), **changes}), RATE_HZ, CHANNELS)


def test_a_running_computer_keeps_nothing_more() -> None:
    computer = FeatureComputer(view(1000, 100), RATE_HZ, CHANNELS)
    blocks = cut(recording(60_000), [100])
    for block in blocks[:50]:
        computer.push(block)
    tracemalloc.start()
    for block in blocks[50:100]:
        computer.push(block)
    before = tracemalloc.get_traced_memory()[0]
    for block in blocks[100:]:
        computer.push(block)
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    # 500 windows of 1000 samples went through; one of them in float64 is 16,000 bytes.
    assert after - before < 12_000
