from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from edge_runtime.errors import ConfigError, DataError
from edge_runtime.features import FeatureComputer, FeatureView, FeatureWindow, compute_recording
from edge_runtime.features.intake import position_of
from edge_runtime.features.kernels import compute_kernel
from edge_runtime.stream import Block, Flags, Recording, sample_times

RATE_HZ = 100.0
PERIOD_NS = 10_000_000
CHANNELS = ("x", "y", "z")
BY_PANES = [
    *["mean", "std", "rms", "energy", "skewness", "kurtosis", "slope", "min", "max", "peak_to_peak", "crest"],
    {"kernel": "crossings", "about": "zero"},
]
RECORDED = 10**18


def by_window(rate_hz: float) -> list[Any]:
    """The kernels that read samples, with filters and bands that end at half the rate."""
    half = rate_hz / 2
    return [
        *["crossings", "quantile", {"kernel": "quantile", "share": 0.9}, "autocorrelation"],
        {"kernel": "band_power", "low_hz": 0, "high_hz": half},
        *["centroid", "rolloff", "flatness", "peaks"],
        {"kernel": "wavelet_energy", "wavelet": "haar", "levels": 2},
        {"kernel": "log_mel", "frame": "8 samples", "step": "4 samples", "bands": 3},
        {"kernel": "mfcc", "frame": "8 samples", "step": "4 samples", "bands": 3, "coefficients": 2, "high_hz": half},
        "raw",
    ]


def view(window: int = 40, hop: int = 10, *, rate_hz: float = RATE_HZ, **changes: Any) -> FeatureView:
    declared: dict[str, Any] = {
        "name": "v",
        "channels": ["z", "x"],
        "window": f"{window} samples",
        "hop": f"{hop} samples",
        # A very short window has no spectrum, and no room for the frames.
        "kernels": [*BY_PANES, *by_window(rate_hz)] if window >= 8 else BY_PANES,
        "rate": f"{rate_hz!r} Hz",
    }
    return FeatureView.from_mapping({**declared, **changes})


def recording(
    count: int, *, seed: int = 0, holes: Sequence[tuple[int, int]] = (), rate_hz: float = RATE_HZ
) -> Recording:
    """Noise; `holes` are (sample, how many are missing before it)."""
    samples = np.random.default_rng(seed).normal(size=(count, len(CHANNELS))).astype(np.float32)
    t_ns = sample_times(0, count, rate_hz=rate_hz, start_ns=RECORDED)
    for at, missing in holes:
        t_ns[at:] += round(missing * 1e9 / rate_hz)
    return Recording(t_ns, samples, CHANNELS, rate_hz)


def cut(whole: Recording, sizes: Sequence[int], *, start: int = 0) -> list[Block]:
    """Cut a recording into blocks of these sizes, over and over, ending at its gaps as sources do."""
    gaps = (np.flatnonzero(np.diff(whole.t_ns) > 1.5e9 / whole.rate_hz) + 1).tolist()
    blocks: list[Block] = []
    at = start
    while at < len(whole):
        stop = min([at + sizes[len(blocks) % len(sizes)], len(whole), *[gap for gap in gaps if gap > at]])
        flags = Flags.GAP if at in gaps and at > start else Flags.NONE
        blocks.append(Block(whole.t_ns[at:stop], whole.samples[at:stop], len(blocks), flags))
        at = stop
    return blocks


def online(declared: FeatureView, blocks: Sequence[Block], *, rate_hz: float = RATE_HZ) -> list[FeatureWindow]:
    computer = FeatureComputer(declared, rate_hz, CHANNELS)
    return [window for block in blocks for window in computer.push(block)]


def bits(values: npt.NDArray[np.float32]) -> bytes:
    """All bits, but NaN is NaN: its sign and payload are left to the processor."""
    return np.where(np.isnan(values), np.float32(np.nan), values).tobytes()


def as_data(windows: Sequence[FeatureWindow]) -> list[tuple[int, int, int, bytes, Flags]]:
    return [(w.index, w.start_ns, w.end_ns, bits(w.values), w.flags) for w in windows]


streams = st.fixed_dictionaries(
    {
        "count": st.integers(1, 240),
        "holes": st.lists(st.tuples(st.integers(1, 239), st.integers(1, 300)), max_size=3),
        "nans": st.lists(st.integers(0, 399), max_size=3),
        "seed": st.integers(0, 1000),
        "rate_hz": st.one_of(st.sampled_from([100.0, 1000 / 3, 16_000.0, 44_100.0]), st.floats(50, 1e5)),
    }
)
POLICIES = ["skip", "hold", "mark", "fill"]


def stream(drawn: dict[str, Any]) -> Recording:
    count = drawn["count"]
    holes = [hole for hole in drawn["holes"] if hole[0] < count]
    whole = recording(count, seed=drawn["seed"], holes=holes, rate_hz=drawn["rate_hz"])
    for at in drawn["nans"]:
        whole.samples[at % count, at % 3] = np.nan
    return whole


@settings(max_examples=40, deadline=None)
@given(
    drawn=streams,
    window=st.integers(1, 70),
    hop=st.integers(2, 90),
    sizes=st.lists(st.integers(1, 130), min_size=1, max_size=6),
    policies=st.tuples(*[st.sampled_from(POLICIES)] * 2),
)
def test_online_equals_offline_bit_for_bit(
    drawn: dict[str, Any], window: int, hop: int, sizes: list[int], policies: tuple[str, str]
) -> None:
    whole = stream(drawn)
    rate_hz = whole.rate_hz
    declared = view(window, hop, rate_hz=rate_hz, non_finite=policies[0], gap=policies[1])
    assert as_data(online(declared, cut(whole, sizes), rate_hz=rate_hz)) == as_data(compute_recording(declared, whole))


@settings(max_examples=40, deadline=None)
@given(drawn=streams, window=st.integers(1, 70), hop=st.integers(2, 90), start=st.floats(0, 1))
def test_a_computer_that_starts_later_gives_the_same_windows(
    drawn: dict[str, Any], window: int, hop: int, start: float
) -> None:
    """But for values from before its start that it does not know: here such windows are left out."""
    whole = stream(drawn)
    declared = view(window, hop, rate_hz=whole.rate_hz, non_finite="skip", gap="skip")
    first = int(start * (len(whole) - 1))
    later = as_data(online(declared, cut(whole, [50], start=first), rate_hz=whole.rate_hz))
    everything = as_data(compute_recording(declared, whole))
    assert later == [one for one in everything if one[1] >= whole.t_ns[first]]


@given(window=st.integers(8, 70), hop=st.integers(2, 90), seed=st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_each_window_is_what_the_kernels_give_for_its_samples(window: int, hop: int, seed: int) -> None:
    declared, whole = view(window, hop), recording(200, seed=seed)
    got = compute_recording(declared, whole)
    first = -(-position_of(RECORDED, RATE_HZ) // hop)
    assert [one.index for one in got] == list(range(first, first + len(got)))
    for one in got:
        at = one.index * hop - position_of(RECORDED, RATE_HZ)
        columns = whole.samples[at : at + window][:, [2, 0]]
        alone = [compute_kernel(kernel, columns, rate_hz=RATE_HZ).ravel() for kernel in declared.kernels]
        np.testing.assert_allclose(one.values, np.concatenate(alone), rtol=1e-6, atol=1e-6)
        assert one.flags == Flags.NONE
        assert (one.start_ns, one.end_ns) == (whole.t_ns[at], whole.t_ns[at + window - 1])


@pytest.mark.parametrize(("count", "window", "hop"), [(20_000, 20, 7), (30_000, 9000, 4500), (20_000, 10, 7001)])
def test_long_streams_pass_through_a_small_ring(count: int, window: int, hop: int) -> None:
    declared, whole = view(window, hop, kernels=[*BY_PANES, "crossings", "quantile"]), recording(count)
    in_one = online(declared, cut(whole, [count]))
    assert (
        as_data(in_one)
        == as_data(online(declared, cut(whole, [97, 1000])))
        == as_data(compute_recording(declared, whole))
    )
    assert in_one[-1].index == (position_of(RECORDED, RATE_HZ) + count - window) // hop
    assert FeatureComputer(declared, RATE_HZ, CHANNELS).ring.capacity < 2 * max(window, 4096) + hop


@pytest.mark.parametrize("kernel", BY_PANES, ids=str)
@pytest.mark.parametrize(("window", "hop"), [(4096, 64), (600, 1), (999, 37)])
def test_panes_put_together_are_the_window(kernel: Any, window: int, hop: int) -> None:
    declared, whole = view(window, hop, kernels=[kernel]), recording(window + 5 * hop)
    for one in compute_recording(declared, whole):
        at = one.index * hop - position_of(RECORDED, RATE_HZ)
        columns = whole.samples[at : at + window][:, [2, 0]]
        expected = compute_kernel(declared.kernels[0], columns, rate_hz=RATE_HZ)
        np.testing.assert_allclose(one.values, expected.ravel(), rtol=1e-6, atol=1e-9)


def test_a_large_offset_takes_no_digits_from_the_moments() -> None:
    declared, whole = view(600, 100, kernels=["std", "kurtosis"]), recording(700)
    whole.samples[:] = np.round(whole.samples * 64) / 64 + 2**17
    for one in compute_recording(declared, whole):
        at = one.index * 100 - position_of(RECORDED, RATE_HZ)
        exact = whole.samples[at : at + 600][:, [2, 0]].astype(np.float64) - 2**17
        np.testing.assert_allclose(one.values[:2], exact.std(axis=0), rtol=1e-6)
        np.testing.assert_allclose(one.values[2:], stats.kurtosis(exact), rtol=1e-5)


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
    first = position_of(RECORDED, RATE_HZ) // 10
    del blocks[5]
    computer = FeatureComputer(view(20, 10), RATE_HZ, CHANNELS)
    windows = [window for block in blocks for window in computer.push(block)]
    assert [w.index - first for w in windows] == list(range(9))
    assert [w.index - first for w in windows if w.flags == Flags.GAP] == [4, 5]
    assert (computer.counts.gaps, computer.counts.filled, computer.counts.windows) == (1, 2, 9)


def test_a_gap_moves_the_windows_on_by_what_is_missing() -> None:
    whole = recording(200, holes=[(50, 30)])
    windows = online(view(20, 10, gap="skip"), cut(whole, [7]))
    assert [w.index - windows[0].index for w in windows] == [0, 1, 2, 3, *range(8, 22)]
    assert windows[4].start_ns == whole.t_ns[50]


def test_the_longest_gap_costs_no_more_than_two_windows() -> None:
    century = 100 * 365 * 86_400 * 100
    whole = recording(200, holes=[(100, century)])
    computer = FeatureComputer(view(40, 10, gap="mark", non_finite="mark"), RATE_HZ, CHANNELS)
    windows = [window for block in cut(whole, [7]) for window in computer.push(block)]
    assert len(windows) == 10 + 10
    assert computer.counts.missed == century // 10 - 3
    assert windows[-1].index - windows[0].index == (century + 200 - 40) // 10


def test_a_device_whose_clock_runs_fast_keeps_its_count_through_a_gap() -> None:
    whole = recording(300)
    t_ns = RECORDED + np.arange(300) * (PERIOD_NS * 9 // 10)
    t_ns[250:] += 20 * PERIOD_NS * 9 // 10
    fast = Recording(t_ns, whole.samples, CHANNELS, RATE_HZ)
    computer = FeatureComputer(view(20, 10), RATE_HZ, CHANNELS)
    windows = [window for block in fast.blocks(7) for window in computer.push(block)]
    assert windows[-1].index - windows[0].index == (300 + 18 - 20) // 10


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
    assert len(online(view(20, 10, saturated="skip"), blocks)) == 3


def test_samples_at_a_channels_limits_are_saturated() -> None:
    whole = recording(60)
    whole.samples[25, 2] = 4.0
    windows = online(view(20, 10, limits={"z": [-4.0, 4.0]}), cut(whole, [10]))
    assert [w.flags for w in windows] == [Flags.NONE, Flags.SATURATED, Flags.SATURATED, Flags.NONE, Flags.NONE]


def test_an_empty_block_does_nothing() -> None:
    whole = recording(40)
    empty = Block(whole.t_ns[:0], whole.samples[:0], 0)
    assert online(view(), [empty, *cut(whole, [40])])[0].flags == Flags.NONE


def test_a_block_of_another_width_is_left_out_and_counted() -> None:
    blocks = cut(recording(60), [10])
    blocks[2] = Block(blocks[2].t_ns, blocks[2].samples[:, :2], 2)
    computer = FeatureComputer(view(20, 10, gap="skip"), RATE_HZ, CHANNELS)
    assert len([window for block in blocks for window in computer.push(block)]) == 3
    assert (computer.counts.bad_blocks, computer.counts.gaps) == (1, 1)


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
    mapping = {**view(kernels=["mean"]).as_mapping(), **changes}
    del mapping["rate"]
    declared = FeatureView.from_mapping(mapping)
    with pytest.raises(ConfigError, match=message):
        FeatureComputer(declared, RATE_HZ, CHANNELS)


def test_windows_beyond_the_budget_are_refused_with_what_they_take() -> None:
    declared = view(60_000, 100, kernels=["mean"])
    needed = FeatureComputer(declared, RATE_HZ, CHANNELS).ring.nbytes
    assert FeatureComputer(declared, RATE_HZ, CHANNELS, budget=needed).ring.nbytes == needed
    message = (
        rf"feature view v: a ring .* takes {needed:,} bytes, but the budget is {needed - 1:,}; raise it, or shorten"
    )
    with pytest.raises(ConfigError, match=message):
        FeatureComputer(declared, RATE_HZ, CHANNELS, budget=needed - 1)


def test_a_stream_of_another_rate_than_the_views_is_refused() -> None:
    with pytest.raises(ConfigError, match="feature view v: is made for 100 Hz, but the stream has 50 Hz"):
        FeatureComputer(view(), 50.0, CHANNELS)


def test_a_running_computer_allocates_nothing_that_stays() -> None:
    computer = FeatureComputer(view(1000, 100, kernels=BY_PANES), RATE_HZ, CHANNELS)
    blocks = cut(recording(60_000), [100])
    for block in blocks[:100]:
        computer.push(block)
    tracemalloc.start()
    for block in blocks[100:200]:
        computer.push(block)
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    for block in blocks[200:]:
        computer.push(block)
    after, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # 400 windows went through. What comes and goes is small objects and the interpreter's own views: a window's
    # samples,
    # were they copied, would be 16,000 bytes in float64 alone.
    assert after - before < 2_000
    assert peak - before < 20_000


@settings(max_examples=40, deadline=None)
@given(
    drawn=streams,
    sizes=st.lists(st.integers(1, 30), min_size=1, max_size=4),
    odd=st.dictionaries(st.integers(0, 40), st.sampled_from(["lost", "twice", "too wide", "empty", "saturated"])),
    groups=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    policy=st.sampled_from(POLICIES),
)
def test_blocks_that_come_together_give_what_they_give_one_by_one(
    drawn: dict[str, Any], sizes: list[int], odd: dict[int, str], groups: list[int], policy: str
) -> None:
    blocks: list[Block] = []
    for number, block in enumerate(cut(stream(drawn), sizes)):
        blocks += _made_odd(block, odd.get(number, ""))
    declared = view(20, 7, rate_hz=drawn["rate_hz"], gap=policy, non_finite=policy, saturated=policy)
    one_by_one = FeatureComputer(declared, drawn["rate_hz"], CHANNELS)
    together = FeatureComputer(declared, drawn["rate_hz"], CHANNELS)
    wanted = [window for block in blocks for window in one_by_one.push(block)]
    found: list[FeatureWindow] = []
    at = 0
    while at < len(blocks):
        size = groups[len(found) % len(groups)]
        found += together.push_all(blocks[at : at + size])
        at += size
    assert as_data(found) == as_data(wanted)
    assert together.counts == one_by_one.counts


def _made_odd(block: Block, how: str) -> list[Block]:
    t_ns, samples, number = block.t_ns, block.samples, block.sequence
    made = {
        "lost": [],
        "twice": [block, block],
        "too wide": [Block(t_ns, np.zeros((len(t_ns), 9), np.float32), number, block.flags)],
        "empty": [Block(t_ns[:0], samples[:0], number, block.flags)],
        "saturated": [Block(t_ns, samples, number, block.flags | Flags.SATURATED)],
    }
    return made.get(how, [block])
