"""Speech front ends: log-mel spectra and MFCC, frame by frame over the window.

Their defaults are the front ends that the MLPerf Tiny networks were trained with (mlcommons/tiny): `LogMel` that of
the streaming wake word (``streaming_wakeword/get_dataset.py``, feature type ``lfbe``), `Mfcc` that of keyword spotting
(``keyword_spotting/get_dataset.py``). They were trained in float32 by TensorFlow; here it is float64, rounded at the
end.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from edge_runtime.errors import ConfigError
from edge_runtime.features.kernels.base import Compute, Kernel
from edge_runtime.features.kernels.batch import WindowBatch
from edge_runtime.features.kernels.mel import FilterBank, frame_window, mel_weights
from edge_runtime.features.kernels.merge import Array
from edge_runtime.features.length import Length, samples_in

__all__ = ["LogMel", "Mfcc"]

PRE_EMPHASIS = 1 - 2.0**-5
SMALLEST_POWER = 1e-30
POWER_OFFSET_DB = 52.0
RANGE_DB = 64.0
MFCC_OFFSET = 1e-6


class _Frames(Kernel):
    """A kernel over frames of the window: frame after frame, and within a frame value after value.

    Parameters
    ----------
    frame, step
        A frame's length, and how far each is from the one before.
    bands
        Mel filters.
    """

    kernel: str
    frame: Length
    step: Length
    bands: int = Field(default=40, ge=1, le=512)

    @property
    @abstractmethod
    def per_frame(self) -> int:
        """Values of a frame."""

    def parts(self, *, length: int | None, rate_hz: float | None) -> tuple[str, ...]:
        """Return ``_frame_value`` for each value, both from 0."""
        rate = self.known_rate(rate_hz)
        frames = self._frames(self.known_length(length), rate)
        return tuple(f"_{frame}_{value}" for frame in range(frames) for value in range(self.per_frame))

    def _frames(self, length: int, rate_hz: float) -> int:
        frame, step = samples_in(self.frame, rate_hz), samples_in(self.step, rate_hz)
        if length < frame:
            raise ConfigError(f"{self.label}: a frame has {frame} samples, but the window has {length}; lengthen it")
        return (length - frame) // step + 1

    def _check_band(self, low_hz: float, high_hz: float, rate_hz: float) -> None:
        if not low_hz < high_hz <= rate_hz / 2:
            raise ConfigError(
                f"{self.label}: the filters reach from {low_hz:g} to {high_hz:g} Hz; they must end at or below half of "
                f"the rate, {rate_hz / 2:g} Hz"
            )


class LogMel(_Frames):
    """The logarithm of mel-filtered power, from 0 (-52 dB) to 1 (12 dB): the streaming wake word's front end.

    Pre-emphasis ``x[i] - (1 - 2**-5) * x[i - 1]`` over the window (before it lies 0), a Hamming window a frame,
    power over the frame's length, mel filters from 0 Hz to half the rate, decibels, then ``(dB + 52) / 64`` cut to 0…1.
    Samples are from -1 to 1.
    """

    kernel: Literal["log_mel"] = "log_mel"
    frame: Length = "0.064 s"
    step: Length = "0.032 s"

    @property
    def per_frame(self) -> int:
        """One value a filter."""
        return self.bands

    def prepare(self, *, length: int, rate_hz: float) -> Compute:
        """Return the function for these windows.

        Raises
        ------
        ConfigError
            If the window is shorter than a frame.
        """
        frame, step = samples_in(self.frame, rate_hz), samples_in(self.step, rate_hz)
        frames = self._frames(length, rate_hz)
        size = 1 << (frame - 1).bit_length()
        window = frame_window("hamming", frame)
        weights = mel_weights(bands=self.bands, bins=size // 2 + 1, rate_hz=rate_hz, low_hz=0.0, high_hz=rate_hz / 2)
        filters = FilterBank(weights.T)

        def compute(batch: WindowBatch, out: Array) -> None:
            emphasised = batch.scratch
            emphasised[..., 0] = batch.values[..., 0]
            np.multiply(batch.values[..., :-1], -PRE_EMPHASIS, out=emphasised[..., 1:])
            emphasised[..., 1:] += batch.values[..., 1:]
            spectrum = np.fft.rfft(_framed(emphasised, frame, step, frames) * window, n=size, axis=-1)
            power = np.square(spectrum.real)
            power += np.square(spectrum.imag)
            power /= frame
            mels = filters(np.maximum(power, SMALLEST_POWER))
            decibels = 10 * np.log10(np.maximum(mels, SMALLEST_POWER))
            scaled = np.clip((decibels + POWER_OFFSET_DB) / RANGE_DB, 0.0, 1.0)
            out[...] = scaled.reshape(out.shape)

        return compute


class Mfcc(_Frames):
    """Mel-frequency cepstral coefficients: keyword spotting's front end.

    A periodic Hann window a frame, the spectrum's magnitude, mel filters, ``log(x + 1e-6)``, and the orthonormal
    DCT-II. Samples are from -1 to 1.

    Parameters
    ----------
    coefficients
        How many are kept, from the first on.
    low_hz, high_hz
        Where the filters begin and end.
    """

    kernel: Literal["mfcc"] = "mfcc"
    frame: Length = "0.03 s"
    step: Length = "0.02 s"
    coefficients: int = Field(default=10, ge=1)
    low_hz: float = Field(default=20.0, ge=0, allow_inf_nan=False)
    high_hz: float = Field(default=4000.0, gt=0, allow_inf_nan=False)

    @property
    def per_frame(self) -> int:
        """One value a coefficient."""
        return self.coefficients

    def prepare(self, *, length: int, rate_hz: float) -> Compute:
        """Return the function for these windows.

        Raises
        ------
        ConfigError
            If the window is shorter than a frame, the filters reach too far, or there are fewer of them than
            coefficients.
        """
        self._check_band(self.low_hz, self.high_hz, rate_hz)
        if self.coefficients > self.bands:
            raise ConfigError(
                f"{self.label}: {self.coefficients} coefficients of {self.bands} bands; there are no more"
            )
        frame, step = samples_in(self.frame, rate_hz), samples_in(self.step, rate_hz)
        frames = self._frames(length, rate_hz)
        size = 1 << (frame - 1).bit_length()
        window = frame_window("hann", frame)
        weights = mel_weights(
            bands=self.bands, bins=size // 2 + 1, rate_hz=rate_hz, low_hz=self.low_hz, high_hz=self.high_hz
        )
        filters, cosines = FilterBank(weights.T), FilterBank(_dct(self.bands, self.coefficients))

        def compute(batch: WindowBatch, out: Array) -> None:
            spectrum = np.fft.rfft(_framed(batch.values, frame, step, frames) * window, n=size, axis=-1)
            logarithms = np.log(filters(np.abs(spectrum)) + MFCC_OFFSET)
            out[...] = cosines(logarithms).reshape(out.shape)

        return compute


def _framed(values: Array, frame: int, step: int, frames: int) -> Array:
    """View float64[n, channels, length] as float64[n, channels, frames, frame]."""
    windows, channels, _ = values.shape
    by_window, by_channel, by_sample = values.strides
    return np.lib.stride_tricks.as_strided(
        values,
        shape=(windows, channels, frames, frame),
        strides=(by_window, by_channel, step * by_sample, by_sample),
        writeable=False,
    )


def _dct(bands: int, coefficients: int) -> npt.NDArray[np.float64]:
    """Return the orthonormal DCT-II as float64[coefficients, bands]; as in TensorFlow, all rows are scaled alike."""
    order, band = np.arange(coefficients)[:, None], np.arange(bands)[None]
    matrix: npt.NDArray[np.float64] = np.cos(np.pi * order * (band + 0.5) / bands) * np.sqrt(2 / bands)
    return matrix
