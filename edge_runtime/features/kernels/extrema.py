"""Extrema: the smallest and the largest sample, and what is made of them."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from edge_runtime.features.kernels.base import PlainKernel
from edge_runtime.features.kernels.batch import WindowBatch
from edge_runtime.features.kernels.merge import Array
from edge_runtime.features.kernels.moments import clear_where_zero
from edge_runtime.features.kernels.needs import Needs

__all__ = ["Crest", "Max", "Min", "PeakToPeak"]


class Min(PlainKernel):
    """The smallest sample."""

    reads: ClassVar[Needs] = Needs.EXTREMA
    kernel: Literal["min"] = "min"

    def compute(self, batch: WindowBatch, out: Array) -> None:
        """Write the minima."""
        out[...] = batch.statistics["smallest"]


class Max(PlainKernel):
    """The largest sample."""

    reads: ClassVar[Needs] = Needs.EXTREMA
    kernel: Literal["max"] = "max"

    def compute(self, batch: WindowBatch, out: Array) -> None:
        """Write the maxima."""
        out[...] = batch.statistics["largest"]


class PeakToPeak(PlainKernel):
    """The distance from the smallest sample to the largest."""

    reads: ClassVar[Needs] = Needs.EXTREMA
    kernel: Literal["peak_to_peak"] = "peak_to_peak"

    def compute(self, batch: WindowBatch, out: Array) -> None:
        """Write the distances."""
        np.subtract(batch.statistics["largest"], batch.statistics["smallest"], out=out)


class Crest(PlainKernel):
    """The crest factor: the largest magnitude over the root mean square; 0 for a window of zeros."""

    reads: ClassVar[Needs] = Needs.EXTREMA | Needs.SQUARES
    kernel: Literal["crest"] = "crest"

    def compute(self, batch: WindowBatch, out: Array) -> None:
        """Write the crest factors."""
        np.negative(batch.statistics["smallest"], out=out)
        np.maximum(out, batch.statistics["largest"], out=out)
        np.divide(out, batch.rms, out=out)
        clear_where_zero(out, batch.rms)
