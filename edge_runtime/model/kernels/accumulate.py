"""Sums of products, exact, at the speed of floating-point matrix products."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.model.geometry import Window
from edge_runtime.model.graph import Tensor
from edge_runtime.model.scales import limits_of

__all__ = ["exact_matrix", "pad_pictures", "sums_of", "tap_slices", "windows_of"]

# Whole numbers up to here are exact in float32, and so are their sums in any order.
_EXACT_IN_FLOAT32 = 1 << 24


def exact_matrix(weights: npt.NDArray[Any], source: Tensor) -> npt.NDArray[Any]:
    """Return weights [outputs, inputs] as [inputs, outputs], in the smallest float that holds every sum exactly."""
    largest = max(map(abs, limits_of(source))) * int(np.abs(weights.astype(np.int64)).sum(axis=1).max())
    return np.ascontiguousarray(weights.T, np.float32 if largest <= _EXACT_IN_FLOAT32 else np.float64)


def sums_of(rows: npt.NDArray[Any], matrix: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
    """Return the products of 8-bit rows [n, inputs] and an `exact_matrix`, as int32 that wrap as they do in C."""
    products = rows.astype(matrix.dtype) @ matrix
    if matrix.dtype == np.float32:
        # Below 2**24: nothing wraps.
        return np.asarray(products.astype(np.int32))
    return np.asarray(products.astype(np.int64)).astype(np.int32)


def pad_pictures(pictures: npt.NDArray[Any], window: Window, value: int) -> npt.NDArray[Any]:
    """Return pictures [n, h, w, c] with all that the windows read around them, filled with `value`."""
    height, width = pictures.shape[1:3]
    above, below = window.h.pad, window.h.pad_after(height)
    left, right = window.w.pad, window.w.pad_after(width)
    if not (above or below or left or right):
        return pictures
    around = ((0, 0), (above, below), (left, right), (0, 0))
    return np.pad(pictures, around, constant_values=value)


def windows_of(padded: npt.NDArray[Any], window: Window) -> npt.NDArray[Any]:
    """Return a view of every window, [n, output h, output w, kernel h, kernel w, c]."""
    batch, _, _, channels = padded.shape
    n, h, w, c = padded.strides
    return np.lib.stride_tricks.as_strided(
        padded,
        (batch, window.h.outputs, window.w.outputs, window.h.kernel, window.w.kernel, channels),
        (n, h * window.h.stride, w * window.w.stride, h * window.h.dilation, w * window.w.dilation, c),
        writeable=False,
    )


def tap_slices(window: Window, y: int, x: int) -> tuple[slice, slice]:
    """Return what a window's tap in row `y` and column `x` reads, over all outputs, of padded pictures."""
    top, left = y * window.h.dilation, x * window.w.dilation
    return (
        slice(top, top + (window.h.outputs - 1) * window.h.stride + 1, window.h.stride),
        slice(left, left + (window.w.outputs - 1) * window.w.stride + 1, window.w.stride),
    )
