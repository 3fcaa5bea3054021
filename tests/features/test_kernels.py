"""Every kernel against an independent formula, and the contract that all kernels keep."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal, stats

from edge_runtime.errors import ConfigError
from edge_runtime.features.kernels import (
    Autocorrelation,
    BandPower,
    Centroid,
    Crest,
    Crossings,
    Energy,
    Flatness,
    Kernel,
    Kurtosis,
    LogMel,
    Max,
    Mean,
    Mfcc,
    Min,
    Needs,
    PaneTree,
    Peaks,
    PeakToPeak,
    Quantile,
    Raw,
    Rms,
    Rolloff,
    Skewness,
    Slope,
    Std,
    WaveletEnergy,
    WindowBatch,
    compute_kernel,
)

RATE_HZ = 50.0


def crossings_of(level: Callable[[list[float]], float]) -> Callable[[np.ndarray], float]:
    """Count crossings one sample after another, as their definition reads."""

    def count(x: np.ndarray[Any, Any]) -> float:
        sides = [value >= level(x.tolist()) for value in x.tolist()]
        return float(sum(a != b for a, b in itertools.pairwise(sides)))

    return count


def periodogram(x: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    frequency, power = signal.periodogram(x.astype(np.float64), RATE_HZ, detrend="constant", scaling="spectrum")
    return frequency[1:], power[1:]


def scipy_band(low: float, high: float) -> Callable[[np.ndarray], float]:
    def power(x: np.ndarray[Any, Any]) -> float:
        frequency, density = periodogram(x)
        inside = (frequency >= low) & ((frequency < high) | (high == RATE_HZ / 2))
        return float(density[inside].sum())

    return power


def scipy_rolloff(x: np.ndarray[Any, Any]) -> float:
    frequency, power = periodogram(x)
    return float(frequency[np.searchsorted(np.cumsum(power), 0.85 * power.sum())])


def scipy_peaks(x: np.ndarray[Any, Any]) -> list[float]:
    frequency, power = periodogram(x)
    found, _ = signal.find_peaks(np.concatenate([[-1.0], power, [-1.0]]))
    found = found - 1
    highest = found[np.argsort(-power[found], kind="stable")[:3]]
    return [value for at in highest for value in (frequency[at], power[at])]


def direct_autocorrelation(x: np.ndarray[Any, Any]) -> list[float]:
    centred = x.astype(np.float64) - x.astype(np.float64).mean()
    r = np.correlate(centred, centred, "full")[len(x) - 1 :] / (centred @ centred)
    peaks = [k for k in range(1, len(x) // 2 + 1) if r[k - 1] < r[k] >= r[k + 1]]
    best = max(peaks, key=lambda k: r[k])
    return [float(r[best]), best / RATE_HZ]


def haar_energies(x: np.ndarray[Any, Any]) -> list[float]:
    """Haar's transform of two levels by its definition, for lengths that are multiples of four."""
    approximation, details = x.astype(np.float64), []
    for _ in range(2):
        even, odd = approximation[::2], approximation[1::2]
        details.insert(0, float((((even - odd) / np.sqrt(2)) ** 2).sum()))
        approximation = (even + odd) / np.sqrt(2)
    return [float((approximation**2).sum()), *details]


def in_doubles(formula: Callable[[np.ndarray], float]) -> Callable[[np.ndarray], float]:
    return lambda x: float(formula(x.astype(np.float64)))


INDEPENDENT: list[tuple[Kernel, Callable[[np.ndarray], Any]]] = [
    (Mean(), lambda x: math.fsum(x.tolist()) / len(x)),
    (Std(), lambda x: statistics.pstdev(x.tolist())),
    (Rms(), lambda x: math.sqrt(math.fsum(v * v for v in x.tolist()) / len(x))),
    (Energy(), lambda x: math.fsum(v * v for v in x.tolist())),
    (Skewness(), in_doubles(stats.skew)),
    (Kurtosis(), in_doubles(stats.kurtosis)),
    (Slope(), in_doubles(lambda x: np.polynomial.Polynomial.fit(np.arange(len(x)) / RATE_HZ, x, 1).convert().coef[1])),
    (Min(), lambda x: min(x.tolist())),
    (Max(), lambda x: max(x.tolist())),
    (PeakToPeak(), lambda x: max(x.tolist()) - min(x.tolist())),
    (Crest(), lambda x: max(map(abs, x.tolist())) / math.sqrt(math.fsum(v * v for v in x.tolist()) / len(x))),
    (Quantile(), lambda x: statistics.median(x.tolist())),
    (Quantile(share=0.9), in_doubles(lambda x: np.quantile(x, 0.9))),
    (Crossings(), crossings_of(lambda x: math.fsum(x) / len(x))),
    (Crossings(about="zero"), crossings_of(lambda _: 0.0)),
    (Autocorrelation(), direct_autocorrelation),
    (BandPower(low_hz=0.5, high_hz=3), scipy_band(0.5, 3)),
    (BandPower(low_hz=3, high_hz=25), scipy_band(3, 25)),
    (BandPower(low_hz=0, high_hz=25), scipy_band(0, 25)),
    (Centroid(), lambda x: float(np.average(periodogram(x)[0], weights=periodogram(x)[1]))),
    (Rolloff(), scipy_rolloff),
    (Flatness(), lambda x: float(stats.gmean(periodogram(x)[1]) / periodogram(x)[1].mean())),
    (Peaks(), scipy_peaks),
    (WaveletEnergy(wavelet="haar", levels=2), haar_energies),
    (Raw(), lambda x: x.tolist()),
]
NO_FORMULA_HERE: list[Kernel] = [
    LogMel(frame="32 samples", step="16 samples", bands=6),
    Mfcc(frame="32 samples", step="16 samples", bands=8, coefficients=4, low_hz=1, high_hz=20),
    WaveletEnergy(wavelet="db4", levels=2),
]
every_kernel = pytest.mark.parametrize(
    "kernel", [*[kernel for kernel, _ in INDEPENDENT], *NO_FORMULA_HERE], ids=lambda k: k.label
)


def noise(*shape: int, seed: int = 0, offset: float = 0.3) -> np.ndarray[Any, np.dtype[np.float32]]:
    return (np.random.default_rng(seed).normal(size=shape) + offset).astype(np.float32)


@pytest.mark.parametrize(("kernel", "formula"), INDEPENDENT, ids=[kernel.label for kernel, _ in INDEPENDENT])
@pytest.mark.parametrize("length", [40, 100, 256])
@pytest.mark.parametrize("offset", [0.0, 9.81])
def test_a_kernel_agrees_with_its_formula_to_a_float32s_last_bit(
    kernel: Kernel, formula: Callable[[np.ndarray], float], length: int, offset: float
) -> None:
    windows = noise(5, length, 3, offset=offset)
    got = compute_kernel(kernel, windows, rate_hz=RATE_HZ)
    expected = np.array([[formula(windows[n, :, c]) for c in range(3)] for n in range(5)])
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, expected, rtol=2**-23, atol=1e-9)


def in_double(kernel: Kernel, windows: np.ndarray[Any, np.dtype[np.float32]]) -> np.ndarray[Any, Any]:
    """What a kernel computes before it is rounded to float32, which would hide another order of summation."""
    count, length, channels = windows.shape
    batch = WindowBatch(kernel.needs, capacity=count, channels=channels, length=length)
    tree = PaneTree(batch.needs, channels=channels, length=length, hop=length, piece=count * length, batch=count)
    tree.restart(0)
    tree.extend(windows.reshape(-1, channels))
    batch.load(tree.summarise(0, count), count)
    if batch.needs & Needs.SAMPLES:
        batch.load_samples(windows)
    out = np.zeros((count, channels, len(kernel.parts(length=length, rate_hz=RATE_HZ))))
    kernel.prepare(length=length, rate_hz=RATE_HZ)(batch, out)
    return out


def alone(kernel: Kernel, windows: np.ndarray[Any, np.dtype[np.float32]]) -> np.ndarray[Any, Any]:
    """Each channel of each window computed for itself."""
    rows = [[in_double(kernel, window[None, :, [c]])[0, 0] for c in range(window.shape[1])] for window in windows]
    return np.array(rows)


@every_kernel
@given(
    count=st.integers(1, 9),
    channels=st.integers(1, 4),
    length=st.sampled_from([100, 128, 164, 300]),
    seed=st.integers(0, 99),
)
def test_windows_computed_together_give_the_bits_of_each_alone(
    kernel: Kernel, count: int, channels: int, length: int, seed: int
) -> None:
    windows = noise(count, length, channels, seed=seed)
    assert in_double(kernel, windows).tobytes() == alone(kernel, windows).tobytes()


@every_kernel
@pytest.mark.parametrize("length", [8188, 8192, 8196, 20_000])
def test_lengths_beyond_numpys_buffers_give_the_same_bits_too(kernel: Kernel, length: int) -> None:
    windows = noise(3, length, 2)
    assert in_double(kernel, windows).tobytes() == alone(kernel, windows).tobytes()


@every_kernel
def test_the_layout_of_the_input_does_not_matter(kernel: Kernel) -> None:
    windows = noise(4, 120, 3)
    fortran = np.asfortranarray(windows)
    overlapping = np.lib.stride_tricks.sliding_window_view(noise(130, 3), 120, axis=0).transpose(0, 2, 1)
    for one, other in ((windows, fortran), (overlapping, np.ascontiguousarray(overlapping))):
        assert in_double(kernel, one).tobytes() == in_double(kernel, other).tobytes()


@every_kernel
def test_a_value_that_is_not_finite_stays_in_its_own_channel_and_window(kernel: Kernel) -> None:
    clean = noise(3, 100, 2)
    for value in (np.nan, np.inf, -np.inf):
        dirty = clean.copy()
        dirty[1, 50, 0] = value
        a, b = (compute_kernel(kernel, x, rate_hz=RATE_HZ) for x in (clean, dirty))
        a[1, 0] = b[1, 0] = 0
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("length", [100, 101])
def test_neighbouring_bands_add_up_to_the_variance(length: int) -> None:
    window = noise(length, 4)
    edges = [0, 1.5, 3, 10, 24.9, 25]
    if length == 101:
        edges[-2:] = [25]
    bands = [BandPower(low_hz=low, high_hz=high) for low, high in itertools.pairwise(edges)]
    total = sum(compute_kernel(band, window, rate_hz=RATE_HZ).astype(np.float64) for band in bands)
    np.testing.assert_allclose(total, window.astype(np.float64).var(axis=0), rtol=1e-6)


def test_a_sine_has_half_its_amplitudes_square_in_its_band() -> None:
    t = np.arange(200) / RATE_HZ
    window = (3 * np.sin(2 * np.pi * 2.0 * t) + 100)[:, None].astype(np.float32)
    assert compute_kernel(BandPower(low_hz=2, high_hz=2.1), window, rate_hz=RATE_HZ) == pytest.approx(4.5, rel=1e-5)
    assert compute_kernel(BandPower(low_hz=2.1, high_hz=9), window, rate_hz=RATE_HZ) == pytest.approx(0, abs=1e-5)


def test_a_sample_at_the_level_counts_as_above_it() -> None:
    window = np.array([[0, -1], [1, 0], [0, -1], [-1, 2]], np.float32)
    assert compute_kernel(Crossings(about="zero"), window, rate_hz=RATE_HZ).tolist() == [1, 3]
    assert compute_kernel(Crossings(), window, rate_hz=RATE_HZ).tolist() == [1, 3]


def test_a_constant_crosses_nothing_and_has_no_deviation() -> None:
    window = np.full((77, 1), 0.1, np.float32)
    for kernel in (Crossings(), Crossings(about="zero"), Std(), BandPower(low_hz=0, high_hz=25)):
        assert compute_kernel(kernel, window, rate_hz=RATE_HZ) == pytest.approx(0, abs=1e-15)


def test_squares_of_the_largest_floats_do_not_overflow_on_the_way() -> None:
    window = np.tile(np.array([[3e38], [-3e38]], np.float32), (20, 1))
    for kernel in (Rms(), Std()):
        assert compute_kernel(kernel, window, rate_hz=RATE_HZ) == pytest.approx(3e38, rel=1e-6)
    assert np.isinf(compute_kernel(BandPower(low_hz=0, high_hz=25), window, rate_hz=RATE_HZ)).all()


@pytest.mark.parametrize(
    ("low", "high", "message"),
    [
        (1, 26, "high_hz is beyond 25 Hz, half of the rate of 50 Hz"),
        (0.6, 0.9, "no frequency of a window of 100 samples lies in it; they are 0.5 Hz apart"),
        (0, 0.4, "no frequency of a window"),
    ],
)
def test_a_band_that_the_window_cannot_show_is_refused(low: float, high: float, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        BandPower(low_hz=low, high_hz=high).prepare(length=100, rate_hz=RATE_HZ)
