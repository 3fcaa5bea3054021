"""Band power: how much of a signal's variance lies between two frequencies."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field, model_validator
from typing_extensions import Self

from edge_runtime.errors import ConfigError
from edge_runtime.features.kernels.base import Compute, Kernel
from edge_runtime.features.kernels.batch import WindowBatch
from edge_runtime.features.kernels.merge import Array

__all__ = ["BandPower"]


class BandPower(Kernel):
    """The power between two frequencies, in the square of the samples' unit; all bands together give the variance.

    It adds up bins of the periodogram that `WindowBatch.power` defines.

    Parameters
    ----------
    low_hz, high_hz
        The bins from `low_hz` up to, but not at, `high_hz`, so that neighbouring bands share no bin; a band
        that ends at Nyquist's frequency includes it.
    """

    kernel: Literal["band_power"] = "band_power"
    low_hz: float = Field(ge=0, allow_inf_nan=False)
    high_hz: float = Field(gt=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _has_width(self) -> Self:
        if self.high_hz <= self.low_hz:
            raise ValueError(f"high_hz ({self.high_hz:g}) should be above low_hz ({self.low_hz:g})")
        return self

    @property
    def label(self) -> str:
        """For example ``band_power_0.5_3``."""
        return f"{self.kernel}_{self.low_hz:g}_{self.high_hz:g}"

    def prepare(self, *, length: int, rate_hz: float) -> Compute:
        """Return the function for these windows.

        Raises
        ------
        ConfigError
            If the band goes beyond half the rate, or lies between two bins.
        """
        if self.high_hz > rate_hz / 2:
            raise ConfigError(f"{self.label}: high_hz is beyond {rate_hz / 2:g} Hz, half of the rate of {rate_hz:g} Hz")
        frequency = np.arange(1, length // 2 + 1) * rate_hz / length
        below_end = (frequency < self.high_hz) | (self.high_hz == rate_hz / 2)
        bins = np.flatnonzero((frequency >= self.low_hz) & below_end)
        if len(bins) == 0:
            raise ConfigError(
                f"{self.label}: no frequency of a window of {length} samples lies in it; they are "
                f"{rate_hz / length:g} Hz apart: widen the band or the window"
            )
        first, end = int(bins[0]), int(bins[-1]) + 1

        def compute(batch: WindowBatch, out: Array) -> None:
            np.add.reduce(batch.power[..., first:end], axis=-1, out=out[..., 0])

        return compute
