"""The windows that kernels work on, several at once, and what the kernels share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge_runtime.features.kernels.merge import Array
from edge_runtime.features.kernels.needs import Needs

__all__ = ["WindowBatch", "batch_size"]

TARGET_VALUES = 32_768
"""A quarter of a megabyte in float64: a batch and its two companions stay in an ordinary second-level cache."""

MOST_WINDOWS = 64


def batch_size(needs: Needs, *, channels: int, length: int) -> int:
    """Return how many windows to compute at once: fewer where their samples are needed than where statistics do."""
    if not needs & Needs.SAMPLES:
        return MOST_WINDOWS
    return min(MOST_WINDOWS, max(1, TARGET_VALUES // (channels * length)))


class WindowBatch:
    """Up to `capacity` windows: their statistics from panes, and their samples if a kernel needs them.

    The layout is what makes results independent of how many windows come together: every reduction runs along
    the last, contiguous axis, one channel of one window at a time, in NumPy's pairwise order, which depends on
    the length alone. There is no cast within a reduction, so NumPy does not cut it into buffers either.

    Parameters
    ----------
    needs
        What the kernels read.
    capacity
        The most windows.
    channels, length
        Each window's size.

    Attributes
    ----------
    statistics
        The windows' statistics by name, each float64[n, channels]: those of `merge.FIELDS` that are needed.
    spare
        float64[n, channels], for a kernel's own use while it runs.
    """

    def __init__(self, needs: Needs, *, capacity: int, channels: int, length: int) -> None:
        self.needs = needs.complete
        self.capacity = capacity
        self._channels = channels
        self.length = length
        shape = (capacity, channels, length)
        with_samples = shape if self.needs & Needs.SAMPLES else (0, 0, 0)
        self._values = np.zeros(with_samples)
        self._centred = np.zeros(with_samples)
        self._scratch = np.zeros(with_samples)
        self._spare = np.zeros((5, channels * capacity))
        self._count = 0
        self._is_centred = False
        self._power: Array | None = None
        self._variance: Array | None = None
        self._std: Array | None = None
        self._mean_square: Array | None = None
        self._rms: Array | None = None
        self._given: dict[str, Array] = {}
        self.statistics: dict[str, Array] = {}

    def load(self, statistics: dict[str, Array], count: int) -> None:
        """Begin with `count` new windows, with their statistics by name, float64[channels, n]."""
        self._is_centred = False
        self._power = None
        self._variance = self._std = self._mean_square = self._rms = None
        if self._count == count and self._given is statistics:
            return
        self._count, self._given = count, statistics
        self.statistics = {name: array.T for name, array in statistics.items()}
        self.spare, *self._room = (row[: self._channels * count].reshape(-1, count).T for row in self._spare)

    def load_samples(self, windows: npt.NDArray[np.float32]) -> None:
        """Take in the windows' samples, float32[n, length, channels]."""
        self.values[...] = windows.transpose(0, 2, 1)

    @property
    def values(self) -> Array:
        """float64[n, channels, length], the samples."""
        return self._values[: self._count]

    @property
    def mean(self) -> Array:
        """float64[n, channels]."""
        return self.statistics["mean"]

    @property
    def variance(self) -> Array:
        """float64[n, channels], the mean of the squared distances to the mean."""
        if self._variance is None:
            self._variance = self._room[0]
            np.divide(self.statistics["squares"], self.length, out=self._variance)
        return self._variance

    @property
    def std(self) -> Array:
        """float64[n, channels], the variance's root."""
        if self._std is None:
            self._std = self._room[1]
            np.sqrt(self.variance, out=self._std)
        return self._std

    @property
    def mean_square(self) -> Array:
        """float64[n, channels], the mean of the squares: the variance and the mean's square."""
        if self._mean_square is None:
            self._mean_square = self._room[2]
            np.multiply(self.mean, self.mean, out=self._mean_square)
            np.add(self._mean_square, self.variance, out=self._mean_square)
        return self._mean_square

    @property
    def rms(self) -> Array:
        """float64[n, channels], the root of the mean of the squares."""
        if self._rms is None:
            self._rms = self._room[3]
            np.sqrt(self.mean_square, out=self._rms)
        return self._rms

    @property
    def centred(self) -> Array:
        """float64[n, channels, length], the samples minus their mean."""
        centred = self._centred[: self._count]
        if not self._is_centred:
            np.subtract(self.values, self.mean[:, :, None], out=centred)
            self._is_centred = True
        return centred

    @property
    def scratch(self) -> Array:
        """float64[n, channels, length], for a kernel's own use while it runs."""
        return self._scratch[: self._count]

    @property
    def power(self) -> Array:
        """float64[n, channels, length // 2], the one-sided periodogram of the samples minus their mean.

        Bin i is at ``(i + 1) * rate / length``, for the mean, bin 0 of the transform, is gone. For the transform X of
        n samples it holds ``2 |X[k]|**2 / n**2``, Nyquist's bin once instead of twice, so that all bins together give
        the variance (Parseval's theorem): what ``scipy.signal.periodogram(..., scaling="spectrum")`` defines.
        """
        if self._power is None:
            spectrum = np.fft.rfft(self.centred, axis=-1)[..., 1:]
            power = np.square(spectrum.real)
            power += np.square(spectrum.imag)
            power *= 2.0 / self.length**2
            if self.length % 2 == 0:
                power[..., -1] /= 2
            self._power = power
        return self._power
