"""RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR.

Source: TensorFlow Lite 2.14, ``resize_nearest_neighbor.h`` and ``resize_bilinear.h`` under
``lite/kernels/internal/reference``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.model.fixed_point import Rounding
from edge_runtime.model.graph import Graph, Operator, ResizeOptions, options_of
from edge_runtime.model.kernels.kernel import Kernel, unary
from edge_runtime.model.resizing import STEP_BITS, Between, bilinear_float_places, bilinear_places, nearest_places

__all__ = ["prepare_resize_bilinear", "prepare_resize_nearest"]

_Array = npt.NDArray[Any]


def prepare_resize_nearest(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (nothing is rounded)
    """Return a RESIZE_NEAREST_NEIGHBOR as a kernel."""
    options = options_of(operator, ResizeOptions)
    lengths = zip(*(tensor.shape[1:3] for tensor in _ends(graph, operator)), strict=True)
    rows, columns = (nearest_places(inputs, outputs, options) for inputs, outputs in lengths)
    return unary(lambda pictures: pictures[:, rows][:, :, columns])


def prepare_resize_bilinear(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (one way only)
    """Return a RESIZE_BILINEAR as a kernel: in whole numbers, or in float32 where it is of the older scheme."""
    options = options_of(operator, ResizeOptions)
    unsigned = graph.output_tensor(operator).unsigned
    lengths = list(zip(*(tensor.shape[1:3] for tensor in _ends(graph, operator)), strict=True))
    places = bilinear_float_places if unsigned else bilinear_places
    rows, columns = (places(inputs, outputs, options) for inputs, outputs in lengths)
    return _in_floats(rows, columns) if unsigned else _in_steps(rows, columns)


def _ends(graph: Graph, operator: Operator) -> tuple[Any, Any]:
    return graph.tensor(operator.inputs[0]), graph.output_tensor(operator)


def _in_steps(rows: Between, columns: Between) -> Kernel:
    one, half = 1 << STEP_BITS, 1 << (2 * STEP_BITS - 1)
    below, right = rows.part[:, None, None], columns.part[:, None]

    def resize(pictures: _Array) -> _Array:
        wide = pictures.astype(np.int32)
        lines = wide[:, rows.lower] * (one - below) + wide[:, rows.upper] * below
        sums = lines[:, :, columns.lower] * (one - right) + lines[:, :, columns.upper] * right
        # ties away from zero
        rounded = np.where(sums > 0, (sums + half) >> 2 * STEP_BITS, -((half - sums) >> 2 * STEP_BITS))
        return rounded.astype(np.int8)

    return unary(resize)


def _in_floats(rows: Between, columns: Between) -> Kernel:
    below, right = rows.part[:, None, None], columns.part[:, None]
    above, left = np.float32(1) - below, np.float32(1) - right

    def resize(pictures: _Array) -> _Array:
        # the numbers as they are in the file
        wide = pictures.astype(np.float32) + np.float32(128)
        upper, lower = wide[:, rows.lower], wide[:, rows.upper]
        # TFLite's order, which decides the last bits
        sums = upper[:, :, columns.lower] * above * left
        sums += lower[:, :, columns.lower] * below * left
        sums += upper[:, :, columns.upper] * above * right
        sums += lower[:, :, columns.upper] * below * right
        rounded = (sums + np.float32(0.5)).astype(np.int32)
        return np.asarray(rounded - 128).astype(np.int8)

    return unary(resize)
