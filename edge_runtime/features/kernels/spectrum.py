"""The shape of the spectrum: where its middle lies, how flat it is, and its highest peaks.

All of them read the periodogram that `WindowBatch.power` defines; a window without any variance gives 0.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from edge_runtime.errors import ConfigError
from edge_runtime.features.kernels.base import Compute, Kernel
from edge_runtime.features.kernels.batch import WindowBatch
from edge_runtime.features.kernels.merge import Array

__all__ = ["Centroid", "Flatness", "Peaks", "Rolloff"]


def _frequencies(label: str, length: int, rate_hz: float) -> Array:
    if length < 2:
        raise ConfigError(f"{label}: a window of one sample has no frequency; lengthen the window")
    frequencies: Array = np.arange(1, length // 2 + 1) * (rate_hz / length)
    return frequencies


class Centroid(Kernel):
    """The mean frequency, each weighted by its power, in hertz."""

    kernel: Literal["centroid"] = "centroid"

    def prepare(self, *, length: int, rate_hz: float) -> Compute:
        """Return the function for these windows.

        Raises
        ------
        ConfigError
            If the window is a single sample.
        """
        frequencies = _frequencies(self.label, length, rate_hz)

        def compute(batch: WindowBatch, out: Array) -> None:
            target, power = out[..., 0], batch.power
            np.add.reduce(power, axis=-1, out=batch.spare)
            np.add.reduce(power * frequencies, axis=-1, out=target)
            np.divide(target, batch.spare, out=target, where=batch.spare != 0)

        return compute


class Rolloff(Kernel):
    """The lowest frequency below and at which a share of the power lies, in hertz.

    Parameters
    ----------
    share
        How much of the power; usually 0.85 or 0.95.
    """

    kernel: Literal["rolloff"] = "rolloff"
    share: float = Field(default=0.85, gt=0, lt=1)

    @property
    def label(self) -> str:
        """For example ``rolloff_0.85``."""
        return f"{self.kernel}_{self.share:g}"

    def prepare(self, *, length: int, rate_hz: float) -> Compute:
        """Return the function for these windows.

        Raises
        ------
        ConfigError
            If the window is a single sample.
        """
        frequencies = _frequencies(self.label, length, rate_hz)

        def compute(batch: WindowBatch, out: Array) -> None:
            growing = np.add.accumulate(batch.power, axis=-1)
            reached = growing >= self.share * growing[..., -1:]
            out[..., 0] = np.where(growing[..., -1] > 0, frequencies[reached.argmax(axis=-1)], 0.0)

        return compute


class Flatness(Kernel):
    """The geometric mean of the power over its arithmetic mean: 1 for white noise in the long run, 0 for a tone.

    A bin without any power counts as the smallest positive double.
    """

    kernel: Literal["flatness"] = "flatness"

    def prepare(self, *, length: int, rate_hz: float) -> Compute:
        """Return the function for these windows.

        Raises
        ------
        ConfigError
            If the window is a single sample.
        """
        bins = len(_frequencies(self.label, length, rate_hz))

        def compute(batch: WindowBatch, out: Array) -> None:
            target, power = out[..., 0], batch.power
            logarithms = np.log(np.maximum(power, np.finfo(np.float64).tiny))
            np.add.reduce(logarithms, axis=-1, out=target)
            np.divide(target, bins, out=target)
            np.exp(target, out=target)
            np.add.reduce(power, axis=-1, out=batch.spare)
            np.divide(batch.spare, bins, out=batch.spare)
            np.divide(target, batch.spare, out=target, where=batch.spare != 0)
            target[batch.spare == 0] = 0.0

        return compute


class Peaks(Kernel):
    """The frequencies (hertz) and powers of the spectrum's highest peaks, the highest first.

    A peak is a bin with more power than the one before and no less than the one after; beyond both ends lies
    nothing. Peaks that are not there have the frequency and the power 0; of equal ones the lowest comes first.

    Parameters
    ----------
    count
        How many.
    """

    kernel: Literal["peaks"] = "peaks"
    count: int = Field(default=3, ge=1, le=64)

    def parts(self, *, length: int | None, rate_hz: float | None) -> tuple[str, ...]:  # noqa: ARG002
        """Return ``_1_hz``, ``_1_power``, ``_2_hz`` and so on."""
        return tuple(f"_{number}_{what}" for number in range(1, self.count + 1) for what in ("hz", "power"))

    def prepare(self, *, length: int, rate_hz: float) -> Compute:
        """Return the function for these windows.

        Raises
        ------
        ConfigError
            If the window is a single sample.
        """
        frequencies = _frequencies(self.label, length, rate_hz)
        count = min(self.count, len(frequencies))

        def compute(batch: WindowBatch, out: Array) -> None:
            heights = np.where(_is_peak(batch.power), batch.power, 0.0)
            highest = np.argsort(-heights, axis=-1, kind="stable")[..., :count]
            found = np.take_along_axis(heights, highest, axis=-1)
            out[...] = 0.0
            out[..., 0 : 2 * count : 2] = np.where(found > 0, frequencies[highest], 0.0)
            out[..., 1 : 2 * count : 2] = found

        return compute


def _is_peak(power: Array) -> npt.NDArray[np.bool_]:
    above_before = np.ones(power.shape, dtype=np.bool_)
    above_before[..., 1:] = power[..., 1:] > power[..., :-1]
    no_less_than_after = np.ones(power.shape, dtype=np.bool_)
    no_less_than_after[..., :-1] = power[..., :-1] >= power[..., 1:]
    return above_before & no_less_than_after
