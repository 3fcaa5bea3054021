"""Features: this project against river's, pandas' and NumPy's ways to the same ten features, in one run on one core.

Six channels at 1 kHz, windows of 1 s, a hop of 0.1 s; blocks of a hop, as a stream brings them. Prints one JSON object.
Each figure is the best of several rounds, because the machine may be busy; ratios compare best with best.
"""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from river import stats, utils

from edge_runtime.features import FeatureComputer, FeatureView
from edge_runtime.stream import Block, sample_times

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


def with_pandas(samples: np.ndarray) -> float:
    """Compute the ten features by pandas' rolling windows with a step, and return the seconds."""
    started = time.perf_counter()
    frame = pd.DataFrame(samples.astype(np.float64), columns=list(CHANNELS))
    rolling = frame.rolling(WINDOW, step=HOP)
    squares = (frame * frame).rolling(WINDOW, step=HOP)
    low, high, root = rolling.min(), rolling.max(), squares.mean() ** 0.5
    _ = (rolling.mean(), rolling.std(ddof=0), squares.sum(), rolling.skew(), rolling.kurt(), high - low)
    _ = np.maximum(-low, high) / root
    return time.perf_counter() - started


def with_numpy(samples: np.ndarray) -> float:
    """Compute the ten features of each window anew, and return the seconds."""
    started = time.perf_counter()
    wide = samples.astype(np.float64)
    for end in range(WINDOW, len(wide) + 1, HOP):
        window = wide[end - WINDOW : end]
        mean = window.mean(axis=0)
        distance = window - mean
        squares = distance * distance
        variance = squares.mean(axis=0)
        low, high = window.min(axis=0), window.max(axis=0)
        energy = (window * window).sum(axis=0)
        root = np.sqrt(energy / WINDOW)
        _ = (np.sqrt(variance), (squares * distance).mean(axis=0) / variance**1.5)
        _ = ((squares * squares).mean(axis=0) / variance**2 - 3, high - low, np.maximum(-low, high) / root)
    return time.perf_counter() - started


def with_this(samples: np.ndarray) -> float:
    """Push the stream's blocks, and return the seconds."""
    computer = FeatureComputer(view(), RATE_HZ, CHANNELS)
    stream = blocks(samples)
    started = time.perf_counter()
    for block in stream:
        computer.push(block)
    return time.perf_counter() - started


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
    channel_samples = SAMPLES * len(CHANNELS)
    with_this(samples)
    ours = best(lambda: with_this(samples))
    few = samples[:6000]
    river = with_river(few) * len(samples) / len(few)
    pandas = best(lambda: with_pandas(samples))
    numpy = best(lambda: with_numpy(samples))
    short = best(lambda: float(np.median(per_hop(view("1 s"), warm=100))))
    long = best(lambda: float(np.median(per_hop(view("60 s"), warm=700))))
    p99 = best(lambda: float(np.percentile(per_hop(view(), warm=100), 99)))
    grown, peak = growth()
    with_median = [*KERNELS[:-1], {"kernel": "quantile"}]
    whole = best(lambda: float(np.median(per_hop(view(kernels=with_median), warm=100))))
    result = {
        "benchmark": "features",
        "kernels": len(KERNELS),
        "channel_samples_per_s": round(channel_samples / ours),
        "ratio_river": round(river / ours, 1),
        "ratio_pandas": round(pandas / ours, 1),
        "ratio_numpy": round(numpy / ours, 1),
        "window_cost_ratio_60s_1s": round(long / short, 3),
        "p99_added_ms": round(p99 * 1e3, 3),
        "steady_growth_bytes": grown,
        "steady_peak_bytes": peak,
        "channel_samples_per_s_with_median": round(HOP * len(CHANNELS) / whole),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
