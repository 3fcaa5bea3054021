"""Moments: mean, standard deviation, root mean square, energy, skewness, kurtosis, slope."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from edge_runtime.features.kernels.base import Compute, Kernel, PlainKernel
from edge_runtime.features.kernels.batch import WindowBatch
from edge_runtime.features.kernels.merge import Array
from edge_runtime.features.kernels.needs import Needs

__all__ = ["Energy", "Kurtosis", "Mean", "Rms", "Skewness", "Slope", "Std", "clear_where_zero"]


class Mean(PlainKernel):
    """The mean, in the samples' unit."""

    reads: ClassVar[Needs] = Needs.MEAN
    kernel: Literal["mean"] = "mean"

    def compute(self, batch: WindowBatch, out: Array) -> None:
        """Write the means."""
        out[...] = batch.mean


class Std(PlainKernel):
    """The standard deviation of the window's samples (divided by n, not n - 1), in the samples' unit."""

    reads: ClassVar[Needs] = Needs.SQUARES
    kernel: Literal["std"] = "std"

    def compute(self, batch: WindowBatch, out: Array) -> None:
        """Write the standard deviations, from the distances to the mean."""
        out[...] = batch.std


class Rms(PlainKernel):
    """The root mean square, in the samples' unit."""

    reads: ClassVar[Needs] = Needs.SQUARES
    kernel: Literal["rms"] = "rms"

    def compute(self, batch: WindowBatch, out: Array) -> None:
        """Write the root mean squares."""
        out[...] = batch.rms


class Energy(PlainKernel):
    """The sum of the squares, in the square of the samples' unit."""

    reads: ClassVar[Needs] = Needs.SQUARES
    kernel: Literal["energy"] = "energy"

    def compute(self, batch: WindowBatch, out: Array) -> None:
        """Write the sums."""
        np.multiply(batch.mean_square, batch.length, out=out)


class Skewness(PlainKernel):
    """The third central moment over the standard deviation's third power; 0 for samples that are all the same.

    Not corrected for bias: the g1 of Joanes and Gill, "Comparing measures of sample skewness and kurtosis",
    The Statistician 47(1), 1998.
    """

    reads: ClassVar[Needs] = Needs.CUBES
    kernel: Literal["skewness"] = "skewness"

    def compute(self, batch: WindowBatch, out: Array) -> None:
        """Write the skewnesses."""
        np.multiply(batch.variance, batch.std, out=batch.spare)
        np.divide(batch.statistics["cubes"], batch.length, out=out)
        np.divide(out, batch.spare, out=out)
        clear_where_zero(out, batch.spare)


class Kurtosis(PlainKernel):
    """The fourth central moment over the variance's square, less 3; 0 for samples that are all the same.

    Not corrected for bias: the g2 of Joanes and Gill (as `Skewness`).
    """

    reads: ClassVar[Needs] = Needs.FOURTHS
    kernel: Literal["kurtosis"] = "kurtosis"

    def compute(self, batch: WindowBatch, out: Array) -> None:
        """Write the kurtoses."""
        np.multiply(batch.variance, batch.variance, out=batch.spare)
        np.divide(batch.statistics["fourths"], batch.length, out=out)
        np.divide(out, batch.spare, out=out)
        np.subtract(out, 3.0, out=out)
        clear_where_zero(out, batch.spare)


class Slope(Kernel):
    """The slope of the straight line that fits best (least squares), in the samples' unit per second."""

    reads: ClassVar[Needs] = Needs.SLOPE
    kernel: Literal["slope"] = "slope"

    def prepare(self, *, length: int, rate_hz: float) -> Compute:
        """Return the function for these windows; a single sample has the slope 0."""
        # The sum of the squared distances to the middle of 0 to length - 1.
        spread = length * (length**2 - 1) / 12 / rate_hz

        def compute(batch: WindowBatch, out: Array) -> None:
            np.divide(batch.statistics["slope"], spread or 1.0, out=out[..., 0])

        return compute


def clear_where_zero(out: Array, divisor: Array) -> None:
    """Write 0 where something was divided by 0; a division with a condition takes many times as long."""
    there_is_none = divisor == 0
    if there_is_none.any():
        out[there_is_none] = 0.0
