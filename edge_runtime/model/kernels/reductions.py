"""MEAN, SUM, REDUCE_MAX and REDUCE_MIN over any dimensions, and where the extremes are.

Source: TensorFlow Lite 2.14, ``QuantizedMeanOrSum`` in ``lite/kernels/internal/reference/reduce.h`` and ``mean.h``
under ``integer_ops``; ``lite/kernels/reduce.cc`` and ``arg_min_max.cc``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.model.fixed_point import QuantizedMultiplier, Rounding, quantize_multiplier
from edge_runtime.model.graph import Graph, Operator, OpKind, quantization_of
from edge_runtime.model.kernels.kernel import Kernel, unary
from edge_runtime.model.scales import limits_of, mean_multiplier, requantize_factor
from edge_runtime.model.shapes import integers_of, reduced_axes

__all__ = ["prepare_extreme_of", "prepare_mean", "prepare_position", "prepare_sum"]


def prepare_mean(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (always double)
    """Return a MEAN as a kernel."""
    source, output = graph.tensor(operator.inputs[0]), graph.output_tensor(operator)
    return _scaled_sum(graph, operator, mean_multiplier(source, output, source.size // output.size))


def prepare_sum(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (always double)
    """Return a SUM as a kernel."""
    source, output = graph.tensor(operator.inputs[0]), graph.output_tensor(operator)
    given, wanted = quantization_of(source), quantization_of(output)
    if (given.scale, given.zero_point) == (wanted.scale, wanted.zero_point):
        return _wrapping_sum(graph, operator)
    return _scaled_sum(graph, operator, quantize_multiplier(requantize_factor(source, output)))


def _scaled_sum(graph: Graph, operator: Operator, factor: tuple[int, int]) -> Kernel:
    source, output = graph.tensor(operator.inputs[0]), graph.output_tensor(operator)
    axes = reduced_axes(graph, operator)
    scale = QuantizedMultiplier(*factor)
    offset = np.int32(source.size // output.size * quantization_of(source).zero_point)
    zero_point = np.int32(quantization_of(output).zero_point)

    def scaled_sum(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        sums = np.asarray(values.sum(axis=axes, dtype=np.int32)) - offset
        return np.clip(scale(sums) + zero_point, *limits_of(output)).astype(output.dtype).reshape(output.shape)

    return unary(scaled_sum)


def _wrapping_sum(graph: Graph, operator: Operator) -> Kernel:
    """Return what TFLite makes of a SUM that keeps the scale: stored numbers added up in 8 bits, whatever they mean."""
    output, axes = graph.output_tensor(operator), reduced_axes(graph, operator)
    # the older scheme's numbers are 128 higher in the file
    shift = 128 if output.unsigned else 0

    def wrapping_sum(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        sums = np.asarray((values.astype(np.int32) + shift).sum(axis=axes, dtype=np.int32)) - shift
        return sums.astype(np.int8).reshape(output.shape)

    return unary(wrapping_sum)


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
