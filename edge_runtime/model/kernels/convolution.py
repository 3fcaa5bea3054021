"""CONV_2D and DEPTHWISE_CONV_2D: 8-bit inputs and weights, int32 accumulators and bias, requantised per channel.

Source: TensorFlow Lite 2.14, ``conv.h`` and ``depthwise_conv.h`` under ``lite/kernels/internal/reference/integer_ops``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.model.channels import centred_weights, folded_bias
from edge_runtime.model.fixed_point import Rounding
from edge_runtime.model.geometry import Window, window_of
from edge_runtime.model.graph import (
    Conv2DOptions,
    DepthwiseConv2DOptions,
    Graph,
    Operator,
    options_of,
    quantization_of,
)
from edge_runtime.model.kernels.accumulate import exact_matrix, pad_pictures, sums_of, tap_slices, windows_of
from edge_runtime.model.kernels.finish import finish
from edge_runtime.model.kernels.kernel import Kernel, unary

__all__ = ["prepare_convolution", "prepare_depthwise"]

#: So many inputs, each as often as it is seen, are gathered at a time.
_LARGEST_BLOCK = 1 << 23


def prepare_convolution(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:
    """Return a CONV_2D as a kernel."""
    source, window = graph.tensor(operator.inputs[0]), window_of(graph, operator)
    weights = centred_weights(graph, operator)
    groups = source.shape[3] // weights.shape[3]
    matrices = [exact_matrix(part.reshape(len(part), -1), source) for part in np.split(weights, groups)]
    activation = options_of(operator, Conv2DOptions).activation
    finished = finish(graph, operator, folded_bias(graph, operator), activation, rounding)
    around = quantization_of(source).zero_point

    def convolution(pictures: npt.NDArray[Any]) -> npt.NDArray[Any]:
        parts = np.split(pad_pictures(pictures, window, around), groups, axis=3)
        sums = [_sums(part, matrix, window) for part, matrix in zip(parts, matrices, strict=True)]
        return finished(sums[0] if groups == 1 else np.concatenate(sums, axis=3))

    return unary(convolution)


def _sums(padded: npt.NDArray[Any], matrix: npt.NDArray[Any], window: Window) -> npt.NDArray[np.int32]:
    """Return the sums of products [n, h, w, outputs], a few rows at a time: what all outputs see may be much."""
    seen = windows_of(padded, window)
    batch, height, width = seen.shape[:3]
    rows = max(1, _LARGEST_BLOCK // (batch * width * len(matrix)))
    blocks = [sums_of(seen[:, y : y + rows].reshape(-1, len(matrix)), matrix) for y in range(0, height, rows)]
    shaped = [block.reshape(batch, -1, width, matrix.shape[1]) for block in blocks]
    return shaped[0] if len(shaped) == 1 else np.concatenate(shaped, axis=1)


def prepare_depthwise(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:
    """Return a DEPTHWISE_CONV_2D as a kernel."""
    source, window = graph.tensor(operator.inputs[0]), window_of(graph, operator)
    weights = centred_weights(graph, operator)[0].astype(np.int32)
    multiplier = weights.shape[2] // source.shape[3]
    activation = options_of(operator, DepthwiseConv2DOptions).activation
    finished = finish(graph, operator, folded_bias(graph, operator), activation, rounding)
    around = quantization_of(source).zero_point

    def depthwise(pictures: npt.NDArray[Any]) -> npt.NDArray[Any]:
        padded = pad_pictures(pictures, window, around).astype(np.int32)
        if multiplier > 1:
            padded = np.repeat(padded, multiplier, axis=3)
        return finished(_sums_by_channel(padded, weights, window))

    return unary(depthwise)


def _sums_by_channel(
    padded: npt.NDArray[np.int32], weights: npt.NDArray[np.int32], window: Window
) -> npt.NDArray[np.int32]:
    """Return the sums of products [n, h, w, c]: tap by tap, as a window of channels is no matrix product."""
    shape = (len(padded), window.h.outputs, window.w.outputs, padded.shape[3])
    sums, product = np.zeros(shape, np.int32), np.empty(shape, np.int32)
    for y in range(window.h.kernel):
        for x in range(window.w.kernel):
            rows, columns = tap_slices(window, y, x)
            sums += np.multiply(padded[:, rows, columns], weights[y, x], out=product)
    return sums
