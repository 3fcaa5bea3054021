"""Computes what depends on no input once and for all: shapes that a file works out with operators, above all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError, ModelError
from edge_runtime.model.fixed_point import Rounding
from edge_runtime.model.graph import Graph, Operator, OpKind
from edge_runtime.model.kernels import prepare_kernel
from edge_runtime.model.operator_checks import check_operator

__all__ = ["fold_constants"]

#: More stays an operator, so that a small file cannot ask for much work before anything is run.
_LARGEST_FOLDED = 1 << 16


def fold_constants(graph: Graph) -> Graph:
    """Return a graph in which the operators whose results are known beforehand have become constants.

    Those are operators on constants, and SHAPE, as all shapes are fixed. Tensors keep their indices; the operators that
    are left are numbered anew. What a network gives out stays computed.

    Parameters
    ----------
    graph
        One that `check_structure` accepts.

    Raises
    ------
    ModelError
        If such an operator is not one that TFLite computes.
    """
    left: list[Operator] = []
    for operator in graph.operators:
        if _is_known(graph, operator):
            graph = _folded(graph, operator)
        else:
            left.append(operator)
    numbered = (replace(operator, index=index) for index, operator in enumerate(left))
    return replace(graph, operators=tuple(numbered))


def _is_known(graph: Graph, operator: Operator) -> bool:
    if not set(operator.outputs).isdisjoint(graph.outputs):
        return False
    if sum(graph.tensor(index).size for index in operator.outputs) > _LARGEST_FOLDED:
        return False
    return operator.kind is OpKind.SHAPE or not graph.activations_of(operator)


def _folded(graph: Graph, operator: Operator) -> Graph:
    check_operator(graph, operator)
    values = [_value(graph, index) for index in operator.inputs]
    try:
        results = prepare_kernel(graph, operator, Rounding.DOUBLE)(values)
    except DataError as error:
        raise ModelError(str(error)) from None
    tensors = list(graph.tensors)
    for index, result in zip(operator.outputs, results, strict=True):
        result.flags.writeable = False
        tensors[index] = replace(tensors[index], data=result)
    return replace(graph, tensors=tuple(tensors))


def _value(graph: Graph, index: int) -> npt.NDArray[Any] | None:
    if index == -1:
        return None
    tensor = graph.tensor(index)
    # a SHAPE reads nothing of its input but its shape
    return np.broadcast_to(np.zeros((), tensor.dtype), tensor.shape) if tensor.data is None else tensor.data
