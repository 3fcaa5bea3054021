"""QUANTIZE: float32 to int8 or uint8, or from one scale to another.

Source: TensorFlow Lite 2.14, ``lite/kernels/internal/reference/quantize.h`` and ``requantize.h``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError
from edge_runtime.model.fixed_point import Rounding
from edge_runtime.model.graph import Graph, Operator, Tensor, describe, quantization_of
from edge_runtime.model.kernels.kernel import Kernel, unary
from edge_runtime.model.kernels.tables import prepare_table
from edge_runtime.model.scales import limits_of

__all__ = ["prepare_quantize"]

# Beyond, TFLite's conversion to an integer is undefined in C: some processors saturate, others give -128.
_UNDEFINED_FROM = np.float32(2.0**31)


def prepare_quantize(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:
    """Return a QUANTIZE as a kernel."""
    source, output = graph.tensor(operator.inputs[0]), graph.output_tensor(operator)
    if source.dtype == np.float32:
        return _from_float(operator, source, output)
    return prepare_table(graph, operator, rounding)


def _from_float(operator: Operator, source: Tensor, output: Tensor) -> Kernel:
    scale, zero_point = quantization_of(output).scales[0], quantization_of(output).zero_point

    def quantize(reals: npt.NDArray[Any]) -> npt.NDArray[Any]:
        with np.errstate(over="ignore"):
            steps = np.asarray(reals / scale)
        if not (np.abs(steps) < _UNDEFINED_FROM).all():
            raise _not_quantizable(operator, source, output, steps, reals)
        # in double, adding a half is exact; truncated, that is C's round(): ties away from zero
        rounded = np.trunc(steps + np.copysign(0.5, steps, dtype=np.float64)) + zero_point
        return np.asarray(np.clip(rounded, *limits_of(output))).astype(output.dtype)

    return unary(quantize)


def _not_quantizable(
    operator: Operator, source: Tensor, output: Tensor, steps: npt.NDArray[np.float32], reals: npt.NDArray[Any]
) -> DataError:
    first = int(np.flatnonzero(~(np.abs(steps) < _UNDEFINED_FROM))[0])
    value = reals.flat[first]
    return DataError(
        f"{describe(operator)}: element {first} of {describe(source)} is {value}, which {output.dtype} cannot "
        "stand for; give finite values in the range that the network was trained on"
    )
