"""Extrema: the smallest and the largest sample."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from edge_runtime.features.kernels.base import PlainKernel
from edge_runtime.features.kernels.batch import WindowBatch

__all__ = ["Max", "Min"]


class Min(PlainKernel):
    """The smallest sample."""

    kernel: Literal["min"] = "min"

    def compute(self, batch: WindowBatch, out: npt.NDArray[np.float64]) -> None:
        """Write the minima."""
        np.minimum.reduce(batch.values, axis=-1, out=out)


class Max(PlainKernel):
    """The largest sample."""

    kernel: Literal["max"] = "max"

    def compute(self, batch: WindowBatch, out: npt.NDArray[np.float64]) -> None:
        """Write the maxima."""
        np.maximum.reduce(batch.values, axis=-1, out=out)
