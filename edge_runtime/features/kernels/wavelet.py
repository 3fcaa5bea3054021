"""Wavelet energies: how a window's energy is spread over the scales of a wavelet transform."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field

from edge_runtime.errors import ConfigError, ToolError
from edge_runtime.features.kernels.base import Compute, Kernel
from edge_runtime.features.kernels.batch import WindowBatch
from edge_runtime.features.kernels.merge import Array

__all__ = ["WaveletEnergy"]


class WaveletEnergy(Kernel):
    """The sum of the squared coefficients of each scale, in the square of the samples' unit.

    The multilevel discrete wavelet transform of PyWavelets, with the signal continued periodically, so that the
    energies of an orthogonal wavelet add up to the window's own where its length is a multiple of ``2**levels``.

    Parameters
    ----------
    wavelet
        A discrete wavelet's name: ``"haar"``, ``"db4"``, ``"sym5"``.
    levels
        How many times the signal is halved; there is one value for the coarsest approximation, then one for the details
        of each level, from the coarsest to the finest.
    """

    kernel: Literal["wavelet_energy"] = "wavelet_energy"
    wavelet: str = "db4"
    levels: int = Field(default=4, ge=1, le=20)

    @property
    def label(self) -> str:
        """For example ``wavelet_energy_db4``."""
        return f"{self.kernel}_{self.wavelet}"

    def parts(self, *, length: int | None, rate_hz: float | None) -> tuple[str, ...]:  # noqa: ARG002
        """Return ``_a4``, ``_d4``, … ``_d1``."""
        return (f"_a{self.levels}", *[f"_d{level}" for level in range(self.levels, 0, -1)])

    def prepare(self, *, length: int, rate_hz: float) -> Compute:  # noqa: ARG002 - any rate will do
        """Return the function for these windows.

        Raises
        ------
        ConfigError
            If there is no such wavelet, or the window is too short for so many levels.
        ToolError
            If PyWavelets is not installed.
        """
        pywt = _pywavelets()
        if self.wavelet not in pywt.wavelist(kind="discrete"):
            raise ConfigError(
                f"{self.label}: there is no discrete wavelet {self.wavelet!r}; for example haar, db4, sym5"
            )
        wavelet = pywt.Wavelet(self.wavelet)
        most = pywt.dwt_max_level(length, wavelet.dec_len)
        if self.levels > most:
            raise ConfigError(f"{self.label}: {self.levels} levels; a window of {length} samples has room for {most}")

        def compute(batch: WindowBatch, out: Array) -> None:
            scales = pywt.wavedec(batch.values, wavelet, mode="periodization", level=self.levels, axis=-1)
            for position, scale in enumerate(scales):
                np.add.reduce(np.ascontiguousarray(np.square(scale)), axis=-1, out=out[..., position])

        return compute


def _pywavelets() -> Any:
    try:
        import pywt  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ToolError("wavelet_energy needs PyWavelets: pip install 'edge-runtime[features]'") from error
    return pywt
