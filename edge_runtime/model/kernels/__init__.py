"""The reference kernels: one file per operator family, each bit for bit what TFLite's reference kernel computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from edge_runtime.model.fixed_point import Rounding
from edge_runtime.model.graph import Graph, Operator, OpKind
from edge_runtime.model.kernels.dequantize import prepare_dequantize
from edge_runtime.model.kernels.fully_connected import prepare_fully_connected
from edge_runtime.model.kernels.kernel import Kernel
from edge_runtime.model.kernels.quantize import prepare_quantize
from edge_runtime.model.kernels.reshape import prepare_reshape
from edge_runtime.model.kernels.softmax import prepare_softmax

__all__ = ["Kernel", "prepare_kernel"]

_PREPARE: Mapping[OpKind, Callable[[Graph, Operator, Rounding], Kernel]] = {
    OpKind.FULLY_CONNECTED: prepare_fully_connected,
    OpKind.RESHAPE: prepare_reshape,
    OpKind.QUANTIZE: prepare_quantize,
    OpKind.DEQUANTIZE: prepare_dequantize,
    OpKind.SOFTMAX: prepare_softmax,
}


def prepare_kernel(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:
    """Return `operator` as a function of its inputs, with all that does not change computed beforehand."""
    return _PREPARE[operator.kind](graph, operator, rounding)
