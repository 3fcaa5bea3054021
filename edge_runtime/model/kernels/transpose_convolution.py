"""TRANSPOSE_CONV: each element of the input adds a window of weights to the output.

Source: TensorFlow Lite 2.14, ``transpose_conv.h`` under ``lite/kernels/internal/reference`` and its ``integer_ops``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.model.channels import bias_of, centred_weights, constant_of, source_of
from edge_runtime.model.fixed_point import Rounding
from edge_runtime.model.geometry import Axis, Window, transposed_window
from edge_runtime.model.graph import Graph, Operator, Tensor, TransposeConvOptions, options_of, quantization_of
from edge_runtime.model.kernels.accumulate import exact_matrix, sums_of
from edge_runtime.model.kernels.finish import finish
from edge_runtime.model.kernels.kernel import Kernel, one_output

__all__ = ["prepare_transpose_convolution"]


def prepare_transpose_convolution(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:
    """Return a TRANSPOSE_CONV as a kernel."""
    source, window = source_of(graph, operator), transposed_window(graph, operator)
    batch, height, width, _ = source.shape
    shape = graph.output_tensor(operator).shape
    weights, zero_point = centred_weights(graph, operator), quantization_of(source).zero_point
    bias = bias_of(graph, operator)
    added = np.zeros(shape[3], np.int32) if bias is None else constant_of(bias)
    finished = finish(graph, operator, added, options_of(operator, TransposeConvOptions).activation, rounding)
    taps = [tap for y, x in np.ndindex(weights.shape[1:3]) if (tap := _tap(window, y, x, source, shape)) is not None]
    matrices = [exact_matrix(weights[:, tap.y, tap.x], source) for tap in taps]
    offsets = [zero_point * weights[:, tap.y, tap.x].sum(axis=1, dtype=np.int32) for tap in taps]

    def transpose_convolution(inputs: Sequence[Any]) -> npt.NDArray[Any]:
        pixels = inputs[2].reshape(-1, source.shape[3])
        sums = np.zeros(shape, np.int32)
        for tap, matrix, offset in zip(taps, matrices, offsets, strict=True):
            part = (sums_of(pixels, matrix) - offset).reshape(batch, height, width, -1)
            sums[:, tap.to_rows, tap.to_columns] += part[:, tap.rows, tap.columns]
        return finished(sums)

    return one_output(transpose_convolution)


@dataclass(frozen=True)
class _Tap:
    """One place in the window of weights, and where it takes which elements of the input to."""

    y: int
    x: int
    rows: slice
    columns: slice
    to_rows: slice
    to_columns: slice


def _tap(window: Window, y: int, x: int, source: Tensor, shape: tuple[int, ...]) -> _Tap | None:
    """Return a tap, None where it takes nothing to an output that there is."""
    rows = _reached(window.h, y, source.shape[1], shape[1])
    columns = _reached(window.w, x, source.shape[2], shape[2])
    return _Tap(y, x, rows[0], columns[0], rows[1], columns[1]) if rows and columns else None


def _reached(axis: Axis, tap: int, inputs: int, outputs: int) -> tuple[slice, slice] | None:
    """Return which inputs a tap takes to outputs that there are, and which outputs these are; None for none."""
    shift = tap - axis.pad
    first, last = max(0, -(shift // axis.stride)), min(inputs - 1, (outputs - 1 - shift) // axis.stride)
    if first > last:
        return None
    start = first * axis.stride + shift
    return slice(first, last + 1), slice(start, start + (last - first) * axis.stride + 1, axis.stride)
