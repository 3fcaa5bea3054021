"""L2_NORMALIZATION: each row divided by its length, in fixed point.

Source: TensorFlow Lite 2.14, ``l2normalization.h`` under ``lite/kernels/internal/reference`` and its ``integer_ops``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.model.fixed_point import QuantizedMultiplier, Rounding
from edge_runtime.model.graph import Graph, Operator, quantization_of
from edge_runtime.model.kernels.inverse_root import inverse_square_root
from edge_runtime.model.kernels.kernel import Kernel, unary

__all__ = ["prepare_l2_normalization"]

#: Results are in steps of 1/128.
_STEP_SHIFT = 7


def prepare_l2_normalization(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (always double)
    """Return an L2_NORMALIZATION over the last dimension as a kernel."""
    source, unsigned = graph.tensor(operator.inputs[0]), graph.output_tensor(operator).unsigned
    zero_point = quantization_of(source).zero_point
    # the older kernel shifts first; it shows where the other one has nothing to shift to the left
    before, after = (_STEP_SHIFT, 0) if unsigned else (0, _STEP_SHIFT)

    def l2_normalization(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        rows = values.reshape(-1, source.shape[-1]).astype(np.int32) - np.int32(zero_point)
        multipliers, shifts = inverse_square_root(np.square(rows).sum(axis=1, keepdims=True, dtype=np.int64))
        scaled = QuantizedMultiplier(multipliers.astype(np.int32), (shifts + after).astype(np.int32))(rows << before)
        return np.clip(scaled, -128, 127).astype(np.int8).reshape(source.shape)

    return unary(l2_normalization)
