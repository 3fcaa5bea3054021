"""The windows that kernels work on, several at once, and what the kernels share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["WindowBatch", "batch_size"]

TARGET_VALUES = 32_768
"""A quarter of a megabyte in float64: a batch and its two companions stay in an ordinary second-level cache."""


def batch_size(*, channels: int, length: int) -> int:
    """Return how many windows to compute at once."""
    return max(1, TARGET_VALUES // (channels * length))


class WindowBatch:
    """Up to `capacity` windows in float64, each channel's samples contiguous; all memory is allocated here, once.

    The layout is what makes results independent of how many windows come together: every reduction runs along
    the last, contiguous axis, one channel of one window at a time, in NumPy's pairwise order, which depends on
    the length alone. There is no cast within a reduction, so NumPy does not cut it into buffers either.

    Parameters
    ----------
    capacity
        The most windows.
    channels, length
        Each window's size.
    """

    def __init__(self, *, capacity: int, channels: int, length: int) -> None:
        self.capacity = capacity
        shape = (capacity, channels, length)
        self._values = np.zeros(shape)
        self._centred = np.zeros(shape)
        self._scratch = np.zeros(shape)
        self._mean = np.zeros(shape[:2])
        self._count = 0
        self._is_centred = False

    def load(self, windows: npt.NDArray[np.float32], columns: Sequence[int]) -> None:
        """Take in `windows`, float32[n, length, any], n up to `capacity`; `columns` are the channels to take."""
        self._count = len(windows)
        self._is_centred = False
        for channel, column in enumerate(columns):
            self._values[: self._count, channel] = windows[:, :, column]
        average(self.values, out=self.mean)

    @property
    def values(self) -> npt.NDArray[np.float64]:
        """float64[n, channels, length], the samples."""
        return self._values[: self._count]

    @property
    def mean(self) -> npt.NDArray[np.float64]:
        """float64[n, channels]; not finite exactly where one of the channel's samples is not."""
        return self._mean[: self._count]

    @property
    def centred(self) -> npt.NDArray[np.float64]:
        """float64[n, channels, length], the samples minus their mean."""
        centred = self._centred[: self._count]
        if not self._is_centred:
            np.subtract(self.values, self.mean[:, :, None], out=centred)
            self._is_centred = True
        return centred

    @property
    def scratch(self) -> npt.NDArray[np.float64]:
        """float64[n, channels, length], for a kernel's own use while it runs."""
        return self._scratch[: self._count]


def average(values: npt.NDArray[np.float64], *, out: npt.NDArray[np.float64]) -> None:
    """Write the mean along the last axis to `out`: NumPy's pairwise sum, divided by the length."""
    np.add.reduce(values, axis=-1, out=out)
    np.divide(out, values.shape[-1], out=out)
