"""Which places of a picture each place of a resized one is made from.

Source: TensorFlow Lite 2.14, ``resize_nearest_neighbor.h`` and ``resize_bilinear.h`` under
``lite/kernels/internal/reference``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.model.operator_options import ResizeOptions

__all__ = ["STEP_BITS", "Between", "bilinear_float_places", "bilinear_places", "last_bilinear_place", "nearest_places"]

_Numbers = npt.NDArray[np.int32]

#: Places of int8 pictures are counted in steps of 1/1024.
STEP_BITS = 10


@dataclass(frozen=True)
class Between:
    """For each output along a dimension the two inputs around its place, and how far it is from the first of them."""

    lower: _Numbers
    upper: _Numbers
    part: npt.NDArray[Any]


def nearest_places(inputs: int, outputs: int, options: ResizeOptions) -> _Numbers:
    """Return the one input that each output of a RESIZE_NEAREST_NEIGHBOR takes, in float32 as TFLite finds it."""
    whole, shared = _lengths(inputs, outputs, options)
    scale = np.float32(whole) / np.float32(shared)
    offset = np.float32(0.5 if options.half_pixel_centers else 0)
    places = (np.arange(outputs, dtype=np.float32) + offset) * scale
    # to nearest, ties up: none is negative
    found = np.floor(places.astype(np.float64) + 0.5) if options.align_corners else np.floor(places)
    return np.asarray(np.minimum(found.astype(np.int32), inputs - 1))


def bilinear_places(inputs: int, outputs: int, options: ResizeOptions) -> Between:
    """Return what lies around each output of an int8 RESIZE_BILINEAR, parts in steps of 1/1024."""
    scale, offset = _steps(inputs, outputs, options)
    places = np.arange(outputs, dtype=np.int32) * np.int32(scale) + np.int32(offset)
    lower = np.maximum(places >> STEP_BITS, 0)
    # towards zero, as C divides; what is negative is above minus one
    upper = np.minimum(np.maximum(places + (1 << STEP_BITS) - 1, 0) >> STEP_BITS, inputs - 1)
    return Between(lower, upper, places - (lower << STEP_BITS))


def last_bilinear_place(inputs: int, outputs: int, options: ResizeOptions) -> int:
    """Return the place of the last output of an int8 RESIZE_BILINEAR in steps of 1/1024, before it is cut to anything.

    Steps are rounded, so that it is beyond the last input where a few are resized to very many.
    """
    scale, offset = _steps(inputs, outputs, options)
    return (outputs - 1) * scale + offset


def bilinear_float_places(inputs: int, outputs: int, options: ResizeOptions) -> Between:
    """Return what lies around each output of a RESIZE_BILINEAR of the older scheme, in float32."""
    whole, shared = _lengths(inputs, outputs, options)
    scale = np.float32(whole) / np.float32(shared)
    half = np.float32(0.5 if options.half_pixel_centers else 0)
    places = (np.arange(outputs, dtype=np.float32) + half) * scale - half
    lower = np.maximum(np.floor(places).astype(np.int32), 0)
    upper = np.minimum(np.ceil(places).astype(np.int32), inputs - 1)
    return Between(lower, upper, places - lower.astype(np.float32))


def _lengths(inputs: int, outputs: int, options: ResizeOptions) -> tuple[int, int]:
    """Return the two lengths whose ratio is the scale."""
    return (inputs - 1, outputs - 1) if options.align_corners and outputs > 1 else (inputs, outputs)


def _steps(inputs: int, outputs: int, options: ResizeOptions) -> tuple[int, int]:
    """Return how many steps there are from one output to the next, and where the first one is."""
    whole, shared = _lengths(inputs, outputs, options)
    scale = ((whole << STEP_BITS) + shared // 2) // shared
    return scale, scale // 2 - (1 << (STEP_BITS - 1)) if options.half_pixel_centers else 0
