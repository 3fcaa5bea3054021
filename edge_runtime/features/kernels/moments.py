"""Moments: mean, standard deviation, root mean square."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from edge_runtime.features.kernels.base import PlainKernel
from edge_runtime.features.kernels.batch import WindowBatch, average

__all__ = ["Mean", "Rms", "Std"]


class Mean(PlainKernel):
    """The mean, in the samples' unit."""

    kernel: Literal["mean"] = "mean"

    def compute(self, batch: WindowBatch, out: npt.NDArray[np.float64]) -> None:
        """Write the means."""
        out[...] = batch.mean


class Std(PlainKernel):
    """The standard deviation of the window's samples (divided by n, not n - 1), in the samples' unit."""

    kernel: Literal["std"] = "std"

    def compute(self, batch: WindowBatch, out: npt.NDArray[np.float64]) -> None:
        """Write the standard deviations, from the distances to the mean."""
        _root_mean_square(batch.centred, batch, out)


class Rms(PlainKernel):
    """The root mean square, in the samples' unit."""

    kernel: Literal["rms"] = "rms"

    def compute(self, batch: WindowBatch, out: npt.NDArray[np.float64]) -> None:
        """Write the root mean squares."""
        _root_mean_square(batch.values, batch, out)


def _root_mean_square(values: npt.NDArray[np.float64], batch: WindowBatch, out: npt.NDArray[np.float64]) -> None:
    squares = np.multiply(values, values, out=batch.scratch)
    average(squares, out=out)
    np.sqrt(out, out=out)
