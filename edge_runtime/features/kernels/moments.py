"""Moments: mean, standard deviation, root mean square, energy, skewness, kurtosis, slope."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from edge_runtime.features.kernels.base import Compute, Kernel, PlainKernel
from edge_runtime.features.kernels.batch import WindowBatch
from edge_runtime.features.kernels.merge import Array
from edge_runtime.features.kernels.needs import Needs

__all__ = ["Energy", "Kurtosis", "Mean", "Rms", "Skewness", "Slope", "Std", "mean_square"]


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
        np.divide(batch.statistics["squares"], batch.length, out=out)
        np.sqrt(out, out=out)


class Rms(PlainKernel):
    """The root mean square, in the samples' unit."""

    reads: ClassVar[Needs] = Needs.SQUARES
    kernel: Literal["rms"] = "rms"

    def compute(self, batch: WindowBatch, out: Array) -> None:
        """Write the root mean squares."""
        mean_square(batch, out)
        np.sqrt(out, out=out)


class Energy(PlainKernel):
    """The sum of the squares, in the square of the samples' unit."""

    reads: ClassVar[Needs] = Needs.SQUARES
    kernel: Literal["energy"] = "energy"

    def compute(self, batch: WindowBatch, out: Array) -> None:
        """Write the sums."""
        mean_square(batch, out)
        np.multiply(out, batch.length, out=out)


class Skewness(PlainKernel):
    """The third central moment over the standard deviation's third power; 0 for samples that are all the same.

    Not corrected for bias: the g1 of Joanes and Gill, "Comparing measures of sample skewness and kurtosis",
    The Statistician 47(1), 1998.
    """

    reads: ClassVar[Needs] = Needs.CUBES
    kernel: Literal["skewness"] = "skewness"

    def compute(self, batch: WindowBatch, out: Array) -> None:
        """Write the skewnesses."""
        np.divide(batch.statistics["squares"], batch.length, out=out)
        np.power(out, 1.5, out=batch.spare)
        np.divide(batch.statistics["cubes"], batch.length, out=out)
        _divide(out, batch.spare)


class Kurtosis(PlainKernel):
    """The fourth central moment over the variance's square, less 3; 0 for samples that are all the same.

    Not corrected for bias: the g2 of Joanes and Gill (as `Skewness`).
    """

    reads: ClassVar[Needs] = Needs.FOURTHS
    kernel: Literal["kurtosis"] = "kurtosis"

    def compute(self, batch: WindowBatch, out: Array) -> None:
        """Write the kurtoses."""
        np.divide(batch.statistics["squares"], batch.length, out=out)
        np.multiply(out, out, out=batch.spare)
        np.divide(batch.statistics["fourths"], batch.length, out=out)
        varies = batch.spare != 0
        _divide(out, batch.spare)
        np.subtract(out, 3.0, out=out, where=varies)


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


def mean_square(batch: WindowBatch, out: Array) -> None:
    """Write the mean of the squares to `out`: the variance and the mean's square."""
    np.divide(batch.statistics["squares"], batch.length, out=out)
    np.multiply(batch.mean, batch.mean, out=batch.spare)
    np.add(out, batch.spare, out=out)


def _divide(out: Array, divisor: Array) -> None:
    """Divide in place; 0 where the divisor is 0."""
    np.divide(out, divisor, out=out, where=divisor != 0)
    out[divisor == 0] = 0.0
