"""Crossings: how often the signal passes a level."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from edge_runtime.features.kernels.base import PlainKernel
from edge_runtime.features.kernels.batch import WindowBatch

__all__ = ["Crossings"]


class Crossings(PlainKernel):
    """How many neighbouring samples lie on different sides of a level.

    Parameters
    ----------
    about
        The level: the window's ``"mean"``, or ``"zero"``. A sample at the level counts as above it.
    """

    kernel: Literal["crossings"] = "crossings"
    about: Literal["mean", "zero"] = "mean"

    @property
    def label(self) -> str:
        """``crossings`` about the mean, ``zero_crossings`` about zero."""
        return "crossings" if self.about == "mean" else "zero_crossings"

    def compute(self, batch: WindowBatch, out: npt.NDArray[np.float64]) -> None:
        """Write the counts."""
        above = (batch.centred if self.about == "mean" else batch.values) >= 0
        out[...] = np.count_nonzero(above[..., 1:] != above[..., :-1], axis=-1)
