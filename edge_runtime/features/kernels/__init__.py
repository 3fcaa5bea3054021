"""Window kernels, one file per family."""

from __future__ import annotations

from edge_runtime.features.kernels.autocorrelation import Autocorrelation
from edge_runtime.features.kernels.band_power import BandPower
from edge_runtime.features.kernels.base import Compute, Kernel, PlainKernel, compute_kernel
from edge_runtime.features.kernels.batch import WindowBatch
from edge_runtime.features.kernels.crossings import Crossings
from edge_runtime.features.kernels.extrema import Crest, Max, Min, PeakToPeak
from edge_runtime.features.kernels.moments import Energy, Kurtosis, Mean, Rms, Skewness, Slope, Std
from edge_runtime.features.kernels.needs import Needs
from edge_runtime.features.kernels.panes import PaneTree
from edge_runtime.features.kernels.quantile import Quantile
from edge_runtime.features.kernels.raw import Raw
from edge_runtime.features.kernels.spectrum import Centroid, Flatness, Peaks, Rolloff
from edge_runtime.features.kernels.speech import LogMel, Mfcc
from edge_runtime.features.kernels.wavelet import WaveletEnergy

__all__ = [
    "Autocorrelation",
    "BandPower",
    "Centroid",
    "Compute",
    "Crest",
    "Crossings",
    "Energy",
    "Flatness",
    "Kernel",
    "Kurtosis",
    "LogMel",
    "Max",
    "Mean",
    "Mfcc",
    "Min",
    "Needs",
    "PaneTree",
    "PeakToPeak",
    "Peaks",
    "PlainKernel",
    "Quantile",
    "Raw",
    "Rms",
    "Rolloff",
    "Skewness",
    "Slope",
    "Std",
    "WaveletEnergy",
    "WindowBatch",
    "compute_kernel",
]
