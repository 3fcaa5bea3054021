"""Features into a network's int8 input."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError

__all__ = ["quantize_features"]


def quantize_features(values: npt.NDArray[np.float32], *, scale: float, zero_point: int) -> npt.NDArray[np.int8]:
    """Quantise as TFLite's QUANTIZE operator does.

    ``round(value / scale) + zero_point``, clamped to -128…127: the division in float32, rounding half away from
    zero (``reference_ops::AffineQuantize`` with ``std::round``). NaN, which TFLite leaves undefined, becomes
    the zero point, which stands for 0; infinities are clamped.

    Parameters
    ----------
    values
        float32, any shape.
    scale, zero_point
        The input tensor's quantisation.

    Returns
    -------
    int8, the same shape

    Raises
    ------
    DataError
        If the scale is not above 0, or the zero point not in -128…127.

    Examples
    --------
    >>> quantize_features(np.array([0.25, -0.25, 100.0], dtype=np.float32), scale=0.5, zero_point=3).tolist()
    [4, 2, 127]
    """
    if not (math.isfinite(scale) and scale > 0) or not -128 <= zero_point <= 127:
        raise DataError(f"scale is {scale} and zero point {zero_point}; they must be above 0, and in -128…127")
    with np.errstate(over="ignore", invalid="ignore"):
        steps = np.asarray(values / np.float32(scale)).astype(np.float64)
    # Exact in float64: adding a half to a float32 step below 2**52 never rounds up to the next whole number.
    steps += np.copysign(0.5, steps)
    np.trunc(steps, out=steps)
    np.copyto(steps, 0.0, where=np.isnan(steps))
    steps += zero_point
    np.maximum(steps, -128.0, out=steps)
    np.minimum(steps, 127.0, out=steps)
    return steps.astype(np.int8)
