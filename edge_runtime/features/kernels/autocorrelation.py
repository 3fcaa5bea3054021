"""Autocorrelation: how much, and after how long, a signal repeats itself."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from edge_runtime.errors import ConfigError
from edge_runtime.features.kernels.base import Compute, Kernel
from edge_runtime.features.kernels.batch import WindowBatch
from edge_runtime.features.kernels.merge import Array
from edge_runtime.features.kernels.needs import Needs
from edge_runtime.features.length import Length, samples_in

__all__ = ["Autocorrelation"]


class Autocorrelation(Kernel):
    """The highest peak of the autocorrelation, and its lag in seconds.

    For the samples c minus their mean, ``r[k] = sum(c[i] * c[i + k]) / sum(c[i]**2)``. A peak is a lag with a value
    above the one before and not below the one after; without any, both values are 0.

    Parameters
    ----------
    shortest, longest
        Between which lags a peak counts; by default from one sample to half of the window.
    """

    reads: ClassVar[Needs] = Needs.SAMPLES | Needs.SQUARES
    kernel: Literal["autocorrelation"] = "autocorrelation"
    shortest: Length = "1 samples"
    longest: Length | None = None

    def parts(self, *, length: int | None, rate_hz: float | None) -> tuple[str, ...]:  # noqa: ARG002
        """Return ``_peak`` and ``_lag``."""
        return ("_peak", "_lag")

    def prepare(self, *, length: int, rate_hz: float) -> Compute:
        """Return the function for these windows.

        Raises
        ------
        ConfigError
            If the lags do not lie within the window.
        """
        first = samples_in(self.shortest, rate_hz)
        last = length // 2 if self.longest is None else samples_in(self.longest, rate_hz)
        if not first <= last < length - 1:
            raise ConfigError(
                f"{self.label}: lags from {first} to {last} samples; they must rise, and be below "
                f"{length - 1}, as the window has {length} samples"
            )
        size = 1 << (2 * length - 1).bit_length()

        def compute(batch: WindowBatch, out: Array) -> None:
            spectrum = np.fft.rfft(batch.centred, n=size, axis=-1)
            power = np.square(spectrum.real)
            power += np.square(spectrum.imag)
            # One lag more on either side tells whether the outermost ones are peaks.
            products = np.fft.irfft(power, n=size, axis=-1)[..., : last + 2]
            inner = products[..., first : last + 1]
            peak = (inner > products[..., first - 1 : last]) & (inner >= products[..., first + 1 : last + 2])
            heights = np.where(peak, inner, -np.inf)
            best = heights.argmax(axis=-1)
            top = np.take_along_axis(heights, best[..., None], axis=-1)[..., 0]
            energy = batch.statistics["squares"]
            there = np.isfinite(top) & (energy > 0)
            out[..., 0] = np.where(there, top, 0.0) / np.where(there, energy, 1.0)
            out[..., 1] = np.where(there, (best + first) / rate_hz, 0.0)

        return compute
