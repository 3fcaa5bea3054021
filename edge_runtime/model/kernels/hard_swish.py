"""HARD_SWISH in 16-bit fixed point: x * min(6, max(0, x + 3)) / 6.

Source: TensorFlow Lite 2.14, ``lite/kernels/internal/reference/hard_swish.h`` and ``HardSwishPrepare`` in
``lite/kernels/activations.cc``; gemmlowp, ``fixedpoint/fixedpoint.h``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge_runtime.model.graph import Tensor, quantization_of
from edge_runtime.model.scales import hard_swish_factors

__all__ = ["hard_swish_steps"]

_Steps = npt.NDArray[np.int32]

_LOWEST, _HIGHEST = -(1 << 15), (1 << 15) - 1


def hard_swish_steps(steps: _Steps, source: Tensor, output: Tensor) -> _Steps:
    """Return the outputs, not yet clamped, for inputs less their zero point."""
    to_output, to_three = hard_swish_factors(source, output)
    fine = steps << 7
    linear = _high_multiply(fine, to_output[0])
    gate = _gate(fine, *to_three)
    # this product is cut off towards zero, not rounded
    product = gate * linear
    cut = np.sign(product) * (np.abs(product) >> 15)
    return _round_shift_right(cut, -to_output[1]) + np.int32(quantization_of(output).zero_point)


def _gate(fine: _Steps, multiplier: int, exponent: int) -> _Steps:
    """Return (x + 3) / 6, from 0 to 1, as 0 to 2**15."""
    scaled = _shift_left(fine, exponent - 1) if exponent > 0 else fine
    scaled = _high_multiply(scaled, multiplier)
    if exponent > 0:
        scaled = _shift_left(scaled, 1)
    if exponent < 0:
        scaled = _round_shift_right(scaled, -exponent)
    return (scaled + (1 << 15)) >> 1


def _high_multiply(values: _Steps, multiplier: int) -> _Steps:
    return (values * np.int32(multiplier) + (1 << 14)) >> 15


def _shift_left(values: _Steps, amount: int) -> _Steps:
    return np.clip(values.astype(np.int64) << amount, _LOWEST, _HIGHEST).astype(np.int32)


def _round_shift_right(values: _Steps, exponent: int) -> _Steps:
    """Return gemmlowp's RoundingDivideByPOT of 16-bit numbers; its mask has 16 bits, too, which shows beyond 15."""
    mask = np.int64((1 << exponent) - 1).astype(np.int16).astype(np.int32)
    threshold = (mask >> 1) + (values < 0)
    return (values >> exponent) + ((values & mask) > threshold)
