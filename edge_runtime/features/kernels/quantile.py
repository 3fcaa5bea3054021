"""Quantiles of a window's samples."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field

from edge_runtime.features.kernels.base import Compute, Kernel
from edge_runtime.features.kernels.batch import WindowBatch
from edge_runtime.features.kernels.merge import Array

__all__ = ["Quantile"]


class Quantile(Kernel):
    """The value below which a share of the samples lies, in the samples' unit.

    Between two samples it is interpolated linearly: definition 7 of Hyndman and Fan, "Sample quantiles in statistical
    packages", The American Statistician 50(4), 1996, which is NumPy's.

    Parameters
    ----------
    share
        From 0 to 1; 0.5 is the median.
    """

    kernel: Literal["quantile"] = "quantile"
    share: float = Field(default=0.5, ge=0, le=1)

    @property
    def label(self) -> str:
        """``median``, or for example ``quantile_0.9``."""
        return "median" if self.share == 0.5 else f"{self.kernel}_{self.share:g}"

    def prepare(self, *, length: int, rate_hz: float) -> Compute:  # noqa: ARG002 - any rate will do
        """Return the function for these windows."""
        place = self.share * (length - 1)
        below = math.floor(place)
        above = min(below + 1, length - 1)
        weight = place - below

        def compute(batch: WindowBatch, out: Array) -> None:
            samples = batch.scratch
            samples[...] = batch.values
            samples.partition((below, above), axis=-1)
            out[..., 0] = samples[..., below]
            if weight:
                out[..., 0] += weight * (samples[..., above] - samples[..., below])

        return compute
