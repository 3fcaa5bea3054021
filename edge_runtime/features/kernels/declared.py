"""The kernels that a view may declare; a new one joins here."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from edge_runtime.features.kernels.autocorrelation import Autocorrelation
from edge_runtime.features.kernels.band_power import BandPower
from edge_runtime.features.kernels.crossings import Crossings
from edge_runtime.features.kernels.extrema import Crest, Max, Min, PeakToPeak
from edge_runtime.features.kernels.moments import Energy, Kurtosis, Mean, Rms, Skewness, Slope, Std
from edge_runtime.features.kernels.quantile import Quantile
from edge_runtime.features.kernels.raw import Raw
from edge_runtime.features.kernels.spectrum import Centroid, Flatness, Peaks, Rolloff
from edge_runtime.features.kernels.speech import LogMel, Mfcc
from edge_runtime.features.kernels.wavelet import WaveletEnergy

__all__ = ["AnyKernel"]


def _table(value: Any) -> Any:
    """Let a plain name stand for a table with nothing else in it."""
    return {"kernel": value} if isinstance(value, str) else value


_Moments = Mean | Std | Rms | Energy | Skewness | Kurtosis | Slope
_Shape = Min | Max | PeakToPeak | Crest | Quantile | Crossings | Autocorrelation
_Spectrum = BandPower | Centroid | Rolloff | Flatness | Peaks | LogMel | Mfcc | WaveletEnergy

AnyKernel = Annotated[_Moments | _Shape | _Spectrum | Raw, Field(discriminator="kernel"), BeforeValidator(_table)]
"""A kernel in a view: a name (``"mean"``), or a table with its parameters."""
