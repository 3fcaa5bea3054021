"""The integers of operators with weights, channel by channel: what a compiler needs to compute the very same sums.

Each output of a FULLY_CONNECTED, CONV_2D or DEPTHWISE_CONV_2D is

    clamp(zero point + scaled(folded bias + sum of raw inputs x centred weights))

with all sums modulo 2**32, `channel_multipliers` and the rounding of `rounding_of` for the scaling, `activation_limits`
for the clamp, and the input's zero point where a window reaches over the edge.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.model.fixed_point import Rounding, quantize_multiplier
from edge_runtime.model.graph import Graph, Operator, OpKind, Tensor, quantization_of
from edge_runtime.model.scales import convolution_factors, fully_connected_factors

__all__ = [
    "bias_of",
    "centred_weights",
    "channel_factors",
    "channel_multipliers",
    "constant_of",
    "folded_bias",
    "rounding_of",
    "source_of",
]


def source_of(graph: Graph, operator: Operator) -> Tensor:
    """Return what an operator with weights works on."""
    return graph.tensor(operator.inputs[2 if operator.kind is OpKind.TRANSPOSE_CONV else 0])


def bias_of(graph: Graph, operator: Operator) -> Tensor | None:
    """Return an operator's bias, None where it has none."""
    position = 3 if operator.kind is OpKind.TRANSPOSE_CONV else 2
    index = operator.inputs[position] if position < len(operator.inputs) else -1
    return None if index == -1 else graph.tensor(index)


def centred_weights(graph: Graph, operator: Operator) -> npt.NDArray[np.int16]:
    """Return an operator's weights less their zero point, in the tensor's shape.

    int8 weights have none, and come back as they are. Those of the older uint8 scheme are -255 to 255; where all are
    within -128 to 127, as with a zero point near the middle, they are int8 weights for an array of int8 multipliers.
    """
    weights = graph.tensor(operator.inputs[1])
    return constant_of(weights).astype(np.int16) - np.int16(quantization_of(weights).zero_point)


def folded_bias(graph: Graph, operator: Operator) -> npt.NDArray[np.int32]:
    """Return what is added to the products of raw inputs and centred weights.

    Returns
    -------
    numpy.ndarray
        int32[channels]: the bias, less the input's zero point times each channel's sum of weights, modulo 2**32.
    """
    weights = centred_weights(graph, operator)
    along = tuple(range(3)) if operator.kind is OpKind.DEPTHWISE_CONV_2D else tuple(range(1, weights.ndim))
    folded = -quantization_of(graph.tensor(operator.inputs[0])).zero_point * weights.sum(axis=along, dtype=np.int64)
    bias = bias_of(graph, operator)
    if bias is not None:
        folded += constant_of(bias)
    return np.asarray(folded, np.int64).astype(np.int32)


def channel_factors(graph: Graph, operator: Operator) -> npt.NDArray[np.float64]:
    """Return the factors from accumulators to outputs, as float64[channels]."""
    source, weights = source_of(graph, operator), graph.tensor(operator.inputs[1])
    output = graph.output_tensor(operator)
    # the older uint8 kernels have but one factor, and TFLite computes it as it does for fully-connected layers
    plain = operator.kind is OpKind.FULLY_CONNECTED or output.unsigned
    factors = (fully_connected_factors if plain else convolution_factors)(source, weights, output)
    channels = weights.shape[-1 if operator.kind is OpKind.DEPTHWISE_CONV_2D else 0]
    return np.broadcast_to(factors, (channels,))


def channel_multipliers(graph: Graph, operator: Operator) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return the multipliers and shifts, int32[channels] each, as `quantize_multiplier` gives them."""
    pairs = np.array([quantize_multiplier(factor) for factor in channel_factors(graph, operator).tolist()], np.int32)
    return pairs[:, 0].copy(), pairs[:, 1].copy()


def rounding_of(operator: Operator, golden: Rounding) -> Rounding:
    """Return how an operator's products are rounded.

    Parameters
    ----------
    operator
        Any that requantises.
    golden
        What tells TFLite's packages apart: how their reference kernel of FULLY_CONNECTED rounds. In all other
        operators both round twice.
    """
    return golden if operator.kind is OpKind.FULLY_CONNECTED else Rounding.DOUBLE


def constant_of(tensor: Tensor) -> npt.NDArray[Any]:
    """Return a constant's data; the checks have seen that it is one."""
    return tensor.data if tensor.data is not None else np.zeros(tensor.shape, tensor.dtype)
