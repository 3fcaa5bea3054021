"""Features: this project against river's, pandas' and NumPy's ways to the same ten features, in one run on one core.

Six channels at 1 kHz, windows of 1 s, a hop of 0.1 s. What is compared is the same work in the same manner: a stream
in blocks of a hop (river; pandas and NumPy over the newest window), and a whole recording (pandas' rolling windows
with a step, all ten features made of its compiled ones; NumPy window by window). That all of them have the same values
is checked first; river has neither skewness nor kurtosis and is timed without them. Prints one JSON object. Each figure
is the best of several rounds, because the machine may be busy; ratios compare best with best.
"""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from river import stats, utils

from edge_runtime.features import FeatureComputer, FeatureView, compute_recording
from edge_runtime.stream import Block, Recording, sample_times

CHANNELS = tuple("abcdef")
RATE_HZ, WINDOW, HOP = 1000.0, 1000, 100
KERNELS = ["mean", "std", "rms", "energy", "skewness", "kurtosis", "min", "max", "peak_to_peak", "crest"]
SAMPLES = 60_000
ROUNDS = 5


def signal(count: int) -> np.ndarray:
    """Return float32[count, 6] of sines with noise."""
    random = np.random.default_rng(0)
    t = np.arange(count)[:, None] / RATE_HZ
    waves = np.sin(2 * np.pi * t * np.array([3, 17, 29.5, 50, 121, 240]))
    return (waves + 0.1 * random.standard_normal((count, len(CHANNELS)))).astype(np.float32)


def blocks(samples: np.ndarray, size: int = HOP) -> list[Block]:
    """Cut samples into a stream's blocks."""
    t_ns = sample_times(0, len(samples), rate_hz=RATE_HZ)
    return [
        Block(t_ns[at : at + size], samples[at : at + size], number)
        for number, at in enumerate(range(0, len(samples), size))
    ]


def view(window: str = "1 s", kernels: Sequence[object] = KERNELS) -> FeatureView:
    """Return the view that is measured."""
    declared = {"name": "bench", "channels": list(CHANNELS), "hop": "100 ms", "kernels": list(kernels)}
    return FeatureView.from_mapping({**declared, "window": window})


def best(work: Callable[[], float], rounds: int = ROUNDS) -> float:
    """Return the least of what several rounds say."""
    return min(work() for _ in range(rounds))


def per_hop(declared: FeatureView, *, warm: int, hops: int = 400) -> np.ndarray:
    """Return the seconds that each hop took, in steady state."""
    stream = blocks(signal((warm + hops) * HOP))
    computer = FeatureComputer(declared, RATE_HZ, CHANNELS)
    for block in stream[:warm]:
        computer.push(block)
    seconds = np.zeros(hops)
    for number, block in enumerate(stream[warm:]):
        started = time.perf_counter()
        computer.push(block)
        seconds[number] = time.perf_counter() - started
    return seconds


def with_river(samples: np.ndarray) -> float:
    """Update river's rolling statistics sample by sample, read them every hop, and return the seconds for all of it.

    River has no rolling skewness or kurtosis; those two are left out here, which is in river's favour.
    """

    def rolling() -> list[object]:
        squares = utils.Rolling(stats.Mean(), WINDOW)
        return [
            utils.Rolling(stats.Mean(), WINDOW),
            utils.Rolling(stats.Var(ddof=0), WINDOW),
            squares,
            stats.RollingMin(WINDOW),
            stats.RollingMax(WINDOW),
            stats.RollingPeakToPeak(WINDOW),
        ]

    started = time.perf_counter()
    for column in samples.T.tolist():
        mean, variance, squares, low, high, peak = rolling()
        for number, value in enumerate(column, start=1):
            mean.update(value)
            variance.update(value)
            squares.update(value * value)
            low.update(value)
            high.update(value)
            peak.update(value)
            if number >= WINDOW and number % HOP == 0:
                root = squares.get() ** 0.5
                _ = (mean.get(), variance.get() ** 0.5, root, squares.get() * WINDOW, peak.get())
                _ = max(-low.get(), high.get()) / root
    return time.perf_counter() - started


def in_order(*features: np.ndarray) -> np.ndarray:
    """Put the ten features of windows beside each other, in the view's order."""
    return np.concatenate([np.asarray(one) for one in features], axis=-1)


def with_pandas(samples: np.ndarray) -> np.ndarray:
    """Compute the ten features of all windows by pandas' rolling windows with a step."""
    frame = pd.DataFrame(samples.astype(np.float64), columns=list(CHANNELS))
    rolling = frame.rolling(WINDOW, step=HOP)
    square = (frame * frame).rolling(WINDOW, step=HOP).mean()
    low, high, root = rolling.min(), rolling.max(), square**0.5
    mean, std, skewness, kurtosis = rolling.mean(), rolling.std(ddof=0), rolling.skew(), rolling.kurt()
    crest = np.maximum(-low, high) / root
    return in_order(mean, std, root, square * WINDOW, skewness, kurtosis, low, high, high - low, crest)


def with_pandas_stream(samples: np.ndarray) -> None:
    """Compute the ten features of the newest window, hop by hop."""
    frame = pd.DataFrame(samples.astype(np.float64), columns=list(CHANNELS))
    for end in range(WINDOW, len(frame) + 1, HOP):
        window = frame.iloc[end - WINDOW : end]
        square = (window * window).mean()
        low, high, root = window.min(), window.max(), square**0.5
        _ = (window.mean(), window.std(ddof=0), square * WINDOW, window.skew(), window.kurt(), high - low)
        _ = np.maximum(-low, high) / root


def with_numpy(samples: np.ndarray) -> np.ndarray:
    """Compute the ten features of each window anew."""
    wide = samples.astype(np.float64)
    return np.stack([numpy_window(wide[end - WINDOW : end]) for end in range(WINDOW, len(wide) + 1, HOP)])


def numpy_window(window: np.ndarray) -> np.ndarray:
    """Compute one window's ten features."""
    mean = window.mean(axis=0)
    distance = window - mean
    squares = distance * distance
    variance = squares.mean(axis=0)
    low, high = window.min(axis=0), window.max(axis=0)
    energy = (window * window).sum(axis=0)
    std, root = np.sqrt(variance), np.sqrt(energy / WINDOW)
    skewness = (squares * distance).mean(axis=0) / variance**1.5
    kurtosis = (squares * squares).mean(axis=0) / variance**2 - 3
    crest = np.maximum(-low, high) / root
    return in_order(mean, std, root, energy, skewness, kurtosis, low, high, high - low, crest)


def with_stream(samples: np.ndarray) -> float:
    """Push the stream's blocks, and return the seconds."""
    computer = FeatureComputer(view(), RATE_HZ, CHANNELS)
    stream = blocks(samples)
    started = time.perf_counter()
    for block in stream:
        computer.push(block)
    return time.perf_counter() - started


def seconds(work: Callable[[], object]) -> float:
    """Return how long something takes, at best."""

    def once() -> float:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started

    return best(once)


def check_values(samples: np.ndarray) -> None:
    """Make sure that all compute the same features.

    Pandas' windows with a step end one sample later, and its skewness and kurtosis are corrected for bias.
    """
    ours = np.stack([window.values for window in compute_recording(view(), as_recording(samples))])
    np.testing.assert_allclose(ours, with_numpy(samples), rtol=1e-4, atol=1e-6)
    expected, n, width = with_numpy(samples[1:]), WINDOW, len(CHANNELS)
    skewness, kurtosis = expected[:, 4 * width : 5 * width], expected[:, 5 * width : 6 * width]
    skewness *= np.sqrt(n * (n - 1)) / (n - 2)
    kurtosis[...] = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * kurtosis + 6)
    np.testing.assert_allclose(with_pandas(samples)[WINDOW // HOP :], expected, rtol=1e-6, atol=1e-9)


def as_recording(samples: np.ndarray) -> Recording:
    """Return the stream as a recording."""
    return Recording(sample_times(0, len(samples), rate_hz=RATE_HZ), samples, CHANNELS, RATE_HZ)


def growth() -> tuple[int, int]:
    """Return by how many bytes memory grows over 500 hops in steady state, and how far it goes up in between."""
    stream = blocks(signal(70_000))
    computer = FeatureComputer(view(), RATE_HZ, CHANNELS)
    for block in stream[:100]:
        computer.push(block)
    tracemalloc.start()
    for block in stream[100:200]:
        computer.push(block)
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    for block in stream[200:]:
        computer.push(block)
    after, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return after - before, peak - before


def main() -> None:
    """Measure, and print."""
    samples = signal(SAMPLES)
    check_values(samples[:3000])
    channel_samples = SAMPLES * len(CHANNELS)
    declared, recording, few = view(), as_recording(samples), samples[:6000]
    part = len(samples) / len(few)
    # Many short rounds: one that nothing disturbed is among them.
    ours = best(lambda: with_stream(few), rounds=8 * ROUNDS) * part
    whole = seconds(lambda: compute_recording(declared, recording))
    river, pandas, numpy = (
        with_river(few) * part,
        seconds(lambda: with_pandas(samples)),
        seconds(lambda: with_numpy(samples)),
    )
    short = best(lambda: float(np.median(per_hop(view("1 s"), warm=100))))
    long = best(lambda: float(np.median(per_hop(view("60 s"), warm=700))))
    p99 = best(lambda: float(np.percentile(per_hop(declared, warm=100), 99)))
    grown, peak = growth()
    with_median = view(kernels=[*KERNELS[:-1], {"kernel": "quantile"}])
    median = best(lambda: float(np.median(per_hop(with_median, warm=100))))
    result = {
        "benchmark": "features",
        "kernels": len(KERNELS),
        "channel_samples_per_s": round(channel_samples / ours),
        "channel_samples_per_s_recording": round(channel_samples / whole),
        "ratio_river": round(river / ours, 1),
        "ratio_pandas": round(pandas / whole, 2),
        "ratio_pandas_stream": round(seconds(lambda: with_pandas_stream(few)) * part / ours, 1),
        "ratio_numpy": round(numpy / whole, 2),
        "ratio_numpy_stream": round(numpy / ours, 2),
        "window_cost_ratio_60s_1s": round(long / short, 3),
        "p99_added_ms": round(p99 * 1e3, 3),
        "steady_growth_bytes": grown,
        "steady_peak_bytes": peak,
        "channel_samples_per_s_with_median": round(HOP * len(CHANNELS) / median),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
