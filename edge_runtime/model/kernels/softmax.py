"""SOFTMAX: int8 to int8 in fixed point.

Each exponential depends on one difference of int8 values only, so they are a table; their sum and its reciprocal are
what is left for run time.

Source: TensorFlow Lite 2.14, ``lite/kernels/internal/reference/softmax.h``, which the reference resolver runs. (The
ordinary resolver's kernel has a table of floats, and other last bits.)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.model.fixed_point import Rounding, high_multiply, round_shift_right
from edge_runtime.model.graph import Graph, Operator, SoftmaxOptions, options_of, quantization_of
from edge_runtime.model.kernels.exponential import exponential, reciprocal
from edge_runtime.model.kernels.kernel import Kernel, unary
from edge_runtime.model.scales import exponent_scale

__all__ = ["exponential_table", "prepare_softmax"]

_SUM_INTEGER_BITS = 12  # sums of exponentials are Q12.19
_STEP_SHIFT = 31 - 8  # from Q0.31 to steps of 1/256
_LARGEST_SHIFT = 31
_LOWEST, _HIGHEST = -128, 127


def prepare_softmax(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (gemmlowp has one)
    """Return a SOFTMAX over the last dimension as a kernel."""
    scale = quantization_of(graph.tensor(operator.inputs[0])).scale
    exponentials, largest = exponential_table(scale, options_of(operator, SoftmaxOptions).beta)
    terms = round_shift_right(exponentials, _SUM_INTEGER_BITS)

    def softmax(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        rows = values.reshape(-1, values.shape[-1])
        below = np.subtract(rows.max(axis=1, keepdims=True), rows, dtype=np.int64)
        sums = terms[below].sum(axis=1).tolist()
        factors = np.array([reciprocal(total, _SUM_INTEGER_BITS) for total in sums], np.int64)
        steps = _to_steps(high_multiply(exponentials[below], factors[:, :1]), factors[:, 1:] + _STEP_SHIFT)
        # these TFLite leaves out, also of what _to_steps adds
        steps[below > largest] = 0
        return np.minimum(steps + _LOWEST, _HIGHEST).astype(np.int8).reshape(values.shape)

    return unary(softmax)


def _to_steps(shares: npt.NDArray[np.int64], shifts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return shares, not negative, shifted to steps of 1/256.

    More than 31 bits come up when the exponentials add up to 512 or more. TFLite's int32 shift then is undefined in C;
    x86-64 and aarch64 take it modulo 32, and the rounding adds one.
    """
    if shifts.max() <= _LARGEST_SHIFT:
        return round_shift_right(shares, shifts)
    overflown = (shares >> (shifts & _LARGEST_SHIFT)) + 1
    return np.where(shifts > _LARGEST_SHIFT, overflown, round_shift_right(shares, shifts))


def exponential_table(scale: float, beta: float) -> tuple[npt.NDArray[np.int64], int]:
    """Return what each input contributes before normalisation, by how far it is below its row's largest.

    Parameters
    ----------
    scale
        Of the input.
    beta
        The factor before the exponential; the product of both is above 2**-26.

    Returns
    -------
    tuple
        int64[256], e to the power of ``-beta * scale * difference`` in Q0.31, and the largest difference that fits
        once it is scaled; beyond it the exponential is 0.
    """
    multiplier, shift, largest = exponent_scale(beta * scale)
    differences = -np.arange(256, dtype=np.int64)
    scaled = high_multiply(differences << shift, multiplier)
    return np.where(-differences <= largest, exponential(scaled), 0), largest
