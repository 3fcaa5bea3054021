"""AVERAGE_POOL_2D and MAX_POOL_2D.

Source: TensorFlow Lite 2.14, ``pooling.h`` under ``lite/kernels/internal/reference`` and its ``integer_ops``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.model.fixed_point import Rounding
from edge_runtime.model.geometry import Window, window_of
from edge_runtime.model.graph import Graph, Operator, PoolOptions, options_of
from edge_runtime.model.kernels.accumulate import pad_pictures, windows_of
from edge_runtime.model.kernels.kernel import Kernel, unary
from edge_runtime.model.scales import activation_limits, limits_of

__all__ = ["average", "average_half_up", "prepare_average_pool", "prepare_max_pool"]


def prepare_average_pool(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (one way only)
    """Return an AVERAGE_POOL_2D as a kernel: the average of the elements inside the picture."""
    window, output = window_of(graph, operator), graph.output_tensor(operator)
    _, height, width, _ = graph.tensor(operator.inputs[0]).shape
    counts = _sums(np.ones((1, height, width, 1), np.int32), window)
    limits = activation_limits(options_of(operator, PoolOptions).activation, output)
    divide = average_half_up if output.unsigned else average

    def average_pool(pictures: npt.NDArray[Any]) -> npt.NDArray[Any]:
        sums = _sums(pictures.astype(np.int32), window)
        return np.clip(divide(sums, counts), *limits).astype(output.dtype)

    return unary(average_pool)


def _sums(pictures: npt.NDArray[np.int32], window: Window) -> npt.NDArray[np.int32]:
    sums: npt.NDArray[np.int32] = windows_of(pad_pictures(pictures, window, 0), window).sum((3, 4), np.int32)
    return sums


def average(sums: npt.NDArray[np.int32], counts: npt.NDArray[np.int32] | int) -> npt.NDArray[np.int32]:
    """Return sums divided by how many they are of, rounded to nearest, ties away from zero."""
    magnitudes = (np.abs(sums) + np.floor_divide(counts, 2)) // counts
    return np.where(sums > 0, magnitudes, -magnitudes)


def average_half_up(sums: npt.NDArray[np.int32], counts: npt.NDArray[np.int32] | int) -> npt.NDArray[np.int32]:
    """Return the same with ties up: what the older scheme does, whose numbers are not negative."""
    return np.asarray((sums + np.floor_divide(counts, 2)) // counts)


def prepare_max_pool(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (nothing is rounded)
    """Return a MAX_POOL_2D as a kernel."""
    window, output = window_of(graph, operator), graph.output_tensor(operator)
    lowest, _ = limits_of(output)
    limits = activation_limits(options_of(operator, PoolOptions).activation, output)

    def max_pool(pictures: npt.NDArray[Any]) -> npt.NDArray[Any]:
        largest = windows_of(pad_pictures(pictures, window, lowest), window).max(axis=(3, 4))
        return np.asarray(np.clip(largest, *limits)).astype(output.dtype)

    return unary(max_pool)
