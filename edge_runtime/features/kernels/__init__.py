"""Window kernels, one file per family."""

from __future__ import annotations

from edge_runtime.features.kernels.band_power import BandPower
from edge_runtime.features.kernels.base import Compute, Kernel, PlainKernel, compute_kernel
from edge_runtime.features.kernels.batch import WindowBatch
from edge_runtime.features.kernels.crossings import Crossings
from edge_runtime.features.kernels.extrema import Max, Min
from edge_runtime.features.kernels.moments import Mean, Rms, Std

__all__ = [
    "BandPower",
    "Compute",
    "Crossings",
    "Kernel",
    "Max",
    "Mean",
    "Min",
    "PlainKernel",
    "Rms",
    "Std",
    "WindowBatch",
    "compute_kernel",
]
