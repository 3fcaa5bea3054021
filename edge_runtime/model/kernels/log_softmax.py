"""LOG_SOFTMAX: int8 to int8 in fixed point.

Source: TensorFlow Lite 2.14, ``lite/kernels/internal/reference/integer_ops/log_softmax.h``, which the reference
resolver runs, and ``PreprocessLogSoftmaxScalingExp`` in ``lite/kernels/internal/quantization_util.cc``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.model.fixed_point import Rounding, multiply_by_quantized_multiplier, round_shift_right
from edge_runtime.model.graph import Graph, Operator, quantization_of
from edge_runtime.model.kernels.kernel import Kernel, unary
from edge_runtime.model.kernels.logarithm import logarithm
from edge_runtime.model.kernels.softmax import exponential_table
from edge_runtime.model.scales import log_softmax_scales

__all__ = ["prepare_log_softmax"]

_SUM_INTEGER_BITS = 12  # sums of exponentials are Q12.19
_STEP_SHIFT = 31 - 5 - 4  # from Q5.26 to steps of 1/16
_LOWEST, _HIGHEST = -128, 127


def prepare_log_softmax(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (gemmlowp has one)
    """Return a LOG_SOFTMAX over the last dimension as a kernel."""
    scale = quantization_of(graph.tensor(operator.inputs[0])).scale
    scales = log_softmax_scales(scale)
    assert scales is not None  # noqa: S101 - the checks let nothing else through
    below = -np.arange(256, dtype=np.int32)
    exponents = np.where(-below <= scales.largest, below, 0)
    exponents = multiply_by_quantized_multiplier(exponents, *scales.forward).astype(np.int64)
    terms = round_shift_right(exponential_table(scale, 1.0)[0], _SUM_INTEGER_BITS)

    def log_softmax(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        rows = values.reshape(-1, values.shape[-1])
        distance = np.subtract(rows.max(axis=1, keepdims=True), rows, dtype=np.int64)
        sums = terms[distance].sum(axis=1).tolist()
        logs = np.array([logarithm(total, _SUM_INTEGER_BITS) for total in sums], np.int64)[:, np.newaxis]
        least = (logs + np.iinfo(np.int32).min).astype(np.int32)
        farthest = np.maximum(-scales.largest - 1, multiply_by_quantized_multiplier(least, *scales.backward))
        steps = round_shift_right(exponents[distance] - logs, _STEP_SHIFT) + _HIGHEST
        steps[-distance <= farthest] = _LOWEST
        return np.clip(steps, _LOWEST, _HIGHEST).astype(np.int8).reshape(values.shape)

    return unary(log_softmax)
