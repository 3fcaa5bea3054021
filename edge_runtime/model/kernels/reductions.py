"""MEAN, REDUCE_MAX and REDUCE_MIN over any dimensions, and where the extremes are.

Source: TensorFlow Lite 2.14, ``QuantizedMeanOrSum`` in ``lite/kernels/internal/reference/reduce.h`` and ``mean.h``
under ``integer_ops``; ``lite/kernels/reduce.cc`` and ``arg_min_max.cc``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.model.fixed_point import QuantizedMultiplier, Rounding
from edge_runtime.model.graph import Graph, Operator, OpKind, quantization_of
from edge_runtime.model.kernels.kernel import Kernel, unary
from edge_runtime.model.scales import limits_of, mean_multiplier
from edge_runtime.model.shapes import integers_of, reduced_axes

__all__ = ["prepare_extreme_of", "prepare_mean", "prepare_position"]


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


def prepare_extreme_of(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (nothing is rounded)
    """Return a REDUCE_MAX or REDUCE_MIN as a kernel."""
    extreme = np.max if operator.kind is OpKind.REDUCE_MAX else np.min
    shape, axes = graph.output_tensor(operator).shape, reduced_axes(graph, operator)
    return unary(lambda values: np.asarray(extreme(values, axis=axes)).reshape(shape))


def prepare_position(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (nothing is rounded)
    """Return an ARG_MAX or ARG_MIN as a kernel: the first of equal ones counts."""
    position = np.argmax if operator.kind is OpKind.ARG_MAX else np.argmin
    dtype, axis = graph.output_tensor(operator).dtype, integers_of(graph, operator, 1)[0]
    return unary(lambda values: np.asarray(position(values, axis=axis)).astype(dtype))
