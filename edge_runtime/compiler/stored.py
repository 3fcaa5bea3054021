"""Numbers of 8-bit tensors as the engine holds them: int8; bytes of older uint8 networks are stored less 128."""

from __future__ import annotations

import numpy as np

from edge_runtime.model.graph import Activation, Tensor, quantization_of
from edge_runtime.model.scales import activation_limits

__all__ = ["EIGHT_BITS", "stored_limits", "stored_offset", "stored_zero_point"]

#: The types that the engine computes with.
EIGHT_BITS = (np.dtype(np.int8), np.dtype(np.uint8))


def stored_offset(tensor: Tensor) -> int:
    """Return what a stored number is less than the tensor's own: 128 for uint8."""
    return 128 if tensor.dtype == np.uint8 else 0


def stored_zero_point(tensor: Tensor) -> int:
    """Return the zero point of the stored numbers."""
    return quantization_of(tensor).zero_point - stored_offset(tensor)


def stored_limits(activation: Activation, output: Tensor) -> tuple[int, int]:
    """Return the smallest and largest stored number that a fused activation lets through."""
    low, high = activation_limits(activation, output)
    return low - stored_offset(output), high - stored_offset(output)
