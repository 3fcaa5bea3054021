"""Band power: how much of a signal's variance lies between two frequencies."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator
from typing_extensions import Self

from edge_runtime.errors import ConfigError
from edge_runtime.features.kernels.base import Compute, Kernel
from edge_runtime.features.kernels.batch import WindowBatch

__all__ = ["BandPower"]


class BandPower(Kernel):
    """The power between two frequencies, in the square of the samples' unit.

    The one-sided periodogram of the samples minus their mean, with a rectangular window: for n samples with
    the discrete Fourier transform X, the bin at ``k * rate / n`` holds ``2 |X[k]|**2 / n**2``, Nyquist's
    bin (k = n / 2) once instead of twice. All bins together give the variance (Parseval's theorem). It is what
    ``scipy.signal.periodogram(..., scaling="spectrum")`` defines.

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
        # Bin 0 is zero, for the mean is gone.
        bins = np.arange(1, length // 2 + 1)
        frequency = bins * rate_hz / length
        below_end = (frequency < self.high_hz) | (self.high_hz == rate_hz / 2)
        bins = bins[(frequency >= self.low_hz) & below_end]
        if len(bins) == 0:
            raise ConfigError(
                f"{self.label}: no frequency of a window of {length} samples lies in it; they are "
                f"{rate_hz / length:g} Hz apart: widen the band or the window"
            )
        return _band(int(bins[0]), int(bins[-1]) + 1, length)


def _band(first: int, last: int, length: int) -> Compute:
    """Return the function that adds up the bins from `first` to before `last`."""
    weight = np.full(last - first, 2.0 / length**2)
    weight[np.arange(first, last) * 2 == length] /= 2

    def compute(batch: WindowBatch, out: npt.NDArray[np.float64]) -> None:
        spectrum = np.fft.rfft(batch.centred, axis=-1)[..., first:last]
        power = batch.scratch[..., : last - first]
        np.square(spectrum.real, out=power)
        power += np.square(spectrum.imag)
        power *= weight
        np.add.reduce(power, axis=-1, out=out)

    return compute
