"""DEQUANTIZE: int8 or uint8 to float32.

Source: TensorFlow Lite 2.14, ``lite/kernels/internal/reference/dequantize.h``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.model.fixed_point import Rounding
from edge_runtime.model.graph import Graph, Operator, quantization_of
from edge_runtime.model.kernels.kernel import Kernel
from edge_runtime.model.kernels.table import every_value, table_kernel

__all__ = ["prepare_dequantize"]


def prepare_dequantize(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (nothing is rounded)
    """Return a DEQUANTIZE as a kernel: a table of the 256 reals."""
    source = graph.tensor(operator.inputs[0])
    quantization = quantization_of(source)
    steps = every_value(source.dtype) - quantization.zero_point
    reals: npt.NDArray[Any] = (steps * quantization.scale).astype(np.float32)
    return table_kernel(reals)
