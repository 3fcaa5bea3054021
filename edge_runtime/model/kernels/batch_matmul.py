"""BATCH_MATMUL: products of matrices that are both computed.

Source: TensorFlow Lite 2.14, ``lite/kernels/internal/reference/batch_matmul.h``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.model.fixed_point import QuantizedMultiplier, Rounding, quantize_multiplier
from edge_runtime.model.graph import BatchMatMulOptions, Graph, Operator, options_of, quantization_of
from edge_runtime.model.kernels.kernel import Kernel, one_output
from edge_runtime.model.scales import fully_connected_factors, limits_of

__all__ = ["prepare_batch_matmul"]


def prepare_batch_matmul(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (always double)
    """Return a BATCH_MATMUL as a kernel."""
    one, other = (graph.tensor(index) for index in operator.inputs)
    output, options = graph.output_tensor(operator), options_of(operator, BatchMatMulOptions)
    scale = QuantizedMultiplier(*quantize_multiplier(float(fully_connected_factors(one, other, output)[0])))
    zero_points = [quantization_of(tensor).zero_point for tensor in (one, other)]
    turned = options.adj_x, options.adj_y
    zero_point = np.int32(quantization_of(output).zero_point)

    def batch_matmul(inputs: Sequence[Any]) -> npt.NDArray[Any]:
        # doubles hold every sum exactly
        centred = [values.astype(np.float64) - zero for values, zero in zip(inputs, zero_points, strict=True)]
        left, right = (np.swapaxes(v, -1, -2) if turn else v for v, turn in zip(centred, turned, strict=True))
        sums = np.matmul(left, right).astype(np.int64).astype(np.int32)
        return np.clip(scale(sums) + zero_point, *limits_of(output)).astype(output.dtype)

    return one_output(batch_matmul)
