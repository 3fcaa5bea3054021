"""RESHAPE: the same numbers in another shape."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from edge_runtime.model.fixed_point import Rounding
from edge_runtime.model.graph import Graph, Operator
from edge_runtime.model.kernels.kernel import Kernel, unary

__all__ = ["prepare_reshape"]


def prepare_reshape(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (nothing is rounded)
    """Return a RESHAPE as a kernel."""
    shape = graph.output_tensor(operator).shape

    def reshape(source: npt.NDArray[Any]) -> npt.NDArray[Any]:
        # a copy: an output must not change when the caller reuses its input
        return source.reshape(shape).copy()

    return unary(reshape)
