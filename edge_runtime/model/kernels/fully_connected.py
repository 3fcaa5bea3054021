"""FULLY_CONNECTED: 8-bit inputs and weights, int32 accumulators and bias, requantised.

Source: TensorFlow Lite 2.14, ``lite/kernels/internal/reference/integer_ops/fully_connected.h``.
"""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from edge_runtime.model.channels import centred_weights, folded_bias
from edge_runtime.model.fixed_point import Rounding
from edge_runtime.model.graph import FullyConnectedOptions, Graph, Operator, options_of
from edge_runtime.model.kernels.accumulate import exact_matrix, sums_of
from edge_runtime.model.kernels.finish import finish
from edge_runtime.model.kernels.kernel import Kernel, unary

__all__ = ["prepare_fully_connected"]


def prepare_fully_connected(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:
    """Return a FULLY_CONNECTED as a kernel."""
    matrix = exact_matrix(centred_weights(graph, operator), graph.tensor(operator.inputs[0]))
    activation = options_of(operator, FullyConnectedOptions).activation
    finished = finish(graph, operator, folded_bias(graph, operator), activation, rounding)

    def fully_connected(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return finished(sums_of(values.reshape(-1, len(matrix)), matrix))

    return unary(fully_connected)
