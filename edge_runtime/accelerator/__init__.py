"""Runs programs: on an overlay, in the reference interpreter, or in TFLite."""

from edge_runtime.accelerator.base import Accelerator, Inference
from edge_runtime.accelerator.checked import CheckedAccelerator
from edge_runtime.accelerator.cpu import CpuAccelerator
from edge_runtime.accelerator.failover import FailoverAccelerator
from edge_runtime.accelerator.open import AcceleratorKind, Way, open_accelerator, open_bus
from edge_runtime.accelerator.overlay import OverlayAccelerator
from edge_runtime.accelerator.reference import ReferenceAccelerator
from edge_runtime.accelerator.shared import SharedOverlay

__all__ = [
    "Accelerator",
    "AcceleratorKind",
    "CheckedAccelerator",
    "CpuAccelerator",
    "FailoverAccelerator",
    "Inference",
    "OverlayAccelerator",
    "ReferenceAccelerator",
    "SharedOverlay",
    "Way",
    "open_accelerator",
    "open_bus",
]
