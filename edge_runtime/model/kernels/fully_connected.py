"""FULLY_CONNECTED: int8 inputs and weights, int32 accumulators and bias, requantised to int8.

Source: TensorFlow Lite 2.14, ``lite/kernels/internal/reference/integer_ops/fully_connected.h``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.model.fixed_point import QuantizedMultiplier, Rounding, quantize_multiplier
from edge_runtime.model.graph import FullyConnectedOptions, Graph, Operator, Tensor, options_of, quantization_of
from edge_runtime.model.kernels.kernel import Kernel, unary
from edge_runtime.model.scales import activation_limits, fully_connected_factors

__all__ = ["fold_zero_point", "prepare_fully_connected"]

_LARGEST_INPUT = 128
# Whole numbers up to here are exact in float32, and so are their sums in any order.
_EXACT_IN_FLOAT32 = 1 << 24


def prepare_fully_connected(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:
    """Return a FULLY_CONNECTED as a kernel."""
    source, weights = graph.tensor(operator.inputs[0]), graph.tensor(operator.inputs[1])
    output = graph.output_tensor(operator)
    matrix = _matrix(_constant(weights))
    bias = fold_zero_point(graph, operator)
    factors = [quantize_multiplier(factor) for factor in fully_connected_factors(source, weights, output).tolist()]
    multipliers, shifts = np.array(factors, np.int32).T
    scale = QuantizedMultiplier(multipliers, shifts, rounding)
    lowest, highest = activation_limits(options_of(operator, FullyConnectedOptions).activation, output)
    zero_point = np.int32(quantization_of(output).zero_point)

    def fully_connected(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        # exact in floating point, and far faster than numpy's products of integers
        products = values.reshape(-1, len(matrix)).astype(matrix.dtype) @ matrix
        # int32 sums wrap here as they do in C
        sums = products.astype(np.int64).astype(np.int32) + bias
        scaled = scale(sums)
        scaled += zero_point
        return np.clip(scaled, lowest, highest).astype(np.int8).reshape(output.shape)

    return unary(fully_connected)


def fold_zero_point(graph: Graph, operator: Operator) -> npt.NDArray[np.int32]:
    """Return what a FULLY_CONNECTED adds to the products of its raw inputs and weights.

    Returns
    -------
    numpy.ndarray
        int32[outputs]: the bias, less the input's zero point times each row's sum of weights, wrapped to 32 bits
        as the accumulators are.
    """
    source, weights = graph.tensor(operator.inputs[0]), graph.tensor(operator.inputs[1])
    sums = _constant(weights).sum(axis=1, dtype=np.int64)
    folded = -quantization_of(source).zero_point * sums
    if len(operator.inputs) > 2 and operator.inputs[2] != -1:
        folded += _constant(graph.tensor(operator.inputs[2]))
    return np.asarray(folded, np.int64).astype(np.int32)


def _matrix(weights: npt.NDArray[np.int8]) -> npt.NDArray[Any]:
    """Return the weights as [inputs, outputs], in the smallest float that holds every sum of products exactly."""
    largest = _LARGEST_INPUT * int(np.abs(weights.astype(np.int64)).sum(axis=1).max())
    dtype = np.float32 if largest <= _EXACT_IN_FLOAT32 else np.float64
    return np.ascontiguousarray(weights.T, dtype)


def _constant(tensor: Tensor) -> npt.NDArray[Any]:
    return tensor.data if tensor.data is not None else np.zeros(tensor.shape, tensor.dtype)
