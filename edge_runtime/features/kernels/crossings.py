"""Crossings: how often the signal passes a level."""

from __future__ import annotations

from typing import Literal

import numpy as np

from edge_runtime.features.kernels.base import PlainKernel
from edge_runtime.features.kernels.batch import WindowBatch
from edge_runtime.features.kernels.merge import Array
from edge_runtime.features.kernels.needs import Needs

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

    @property
    def needs(self) -> Needs:
        """Passing zero can be counted piece by piece; passing the window's mean takes the whole window."""
        return Needs.SAMPLES if self.about == "mean" else Needs.CROSSINGS

    def compute(self, batch: WindowBatch, out: Array) -> None:
        """Write the counts."""
        if self.about == "zero":
            out[...] = batch.statistics["crossings"]
            return
        above = batch.centred >= 0
        out[...] = np.count_nonzero(above[..., 1:] != above[..., :-1], axis=-1)
