"""MEAN over any dimensions.

Source: TensorFlow Lite 2.14, ``QuantizedMeanOrSum`` in ``lite/kernels/internal/reference/reduce.h`` and ``mean.h``
under ``integer_ops``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.model.fixed_point import QuantizedMultiplier, Rounding
from edge_runtime.model.graph import Graph, Operator, quantization_of
from edge_runtime.model.kernels.kernel import Kernel, unary
from edge_runtime.model.scales import limits_of, mean_multiplier
from edge_runtime.model.shapes import reduced_axes

__all__ = ["prepare_mean"]


def prepare_mean(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (always double)
    """Return a MEAN as a kernel."""
    source, output = graph.tensor(operator.inputs[0]), graph.output_tensor(operator)
    axes = reduced_axes(graph, operator)
    count = source.size // output.size
    scale = QuantizedMultiplier(*mean_multiplier(source, output, count))
    offset = np.int32(count * quantization_of(source).zero_point)
    zero_point = np.int32(quantization_of(output).zero_point)

    def mean(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        sums = np.asarray(values.sum(axis=axes, dtype=np.int32)) - offset
        return np.clip(scale(sums) + zero_point, *limits_of(output)).astype(output.dtype).reshape(output.shape)

    return unary(mean)
