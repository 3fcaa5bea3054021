"""The older uint8 scheme: read as int8, 128 lower, so that whoever works on a graph has one scheme to know.

A number and its zero point move together, so nothing that TFLite computes from their difference changes. Where its
uint8 kernels have rules of their own (how factors are rounded, how averages are), these go by `Tensor.unsigned`. The
network's own inputs and outputs stay uint8: a QUANTIZE, exact because only the zero point differs, stands at each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from edge_runtime.model.graph import Graph, Operator, OpKind, Quantization, Tensor

__all__ = ["joined_edges", "shift_to_int8", "split_edges", "to_uint8"]

_SHIFT = 128
_CONVERSIONS = (OpKind.QUANTIZE, OpKind.DEQUANTIZE)


def shift_to_int8(graph: Graph) -> Graph:
    """Return a graph whose quantised uint8 tensors are int8, marked as unsigned.

    Inputs and outputs that the network itself converts stay as they are.
    """
    kept = _converted_ends(graph)
    return replace(graph, tensors=tuple(t if t.index in kept else _to_int8(t) for t in graph.tensors))


def _converted_ends(graph: Graph) -> set[int]:
    """Return the network's inputs and outputs that nothing but QUANTIZE and DEQUANTIZE touches."""
    ends = {*graph.inputs, *graph.outputs}
    for operator in graph.operators:
        if operator.kind not in _CONVERSIONS:
            ends -= {*operator.inputs, *operator.outputs}
    return ends


def _to_int8(tensor: Tensor) -> Tensor:
    if tensor.dtype != np.uint8 or tensor.quantization is None:
        return tensor
    data = None if tensor.data is None else _flipped(tensor.data, np.int8)
    quantization = _moved(tensor.quantization, -_SHIFT)
    return replace(tensor, dtype=np.dtype(np.int8), quantization=quantization, data=data, unsigned=True)


def to_uint8(tensor: Tensor) -> Tensor:
    """Return an unsigned tensor as TFLite stores it; others as they are."""
    if not tensor.unsigned or tensor.quantization is None:
        return tensor
    data = None if tensor.data is None else _flipped(tensor.data, np.uint8)
    quantization = _moved(tensor.quantization, _SHIFT)
    return replace(tensor, dtype=np.dtype(np.uint8), quantization=quantization, data=data, unsigned=False)


def _moved(quantization: Quantization, by: int) -> Quantization:
    return replace(quantization, zero_points=quantization.zero_points + by)


def _flipped(data: npt.NDArray[np.uint8] | npt.NDArray[np.int8], dtype: npt.DTypeLike) -> npt.NDArray[np.generic]:
    flipped = (data.view(np.uint8) ^ np.uint8(_SHIFT)).view(dtype)
    flipped.flags.writeable = False
    return flipped


def split_edges(graph: Graph) -> Graph:
    """Return a graph whose inputs and outputs are uint8 again, with a QUANTIZE between each and its int8 self.

    The ends keep their tensors' indices; what the operators work on are new tensors at the end.
    """
    tensors, inner = list(graph.tensors), {}
    for index in (*graph.inputs, *graph.outputs):
        tensor = graph.tensor(index)
        if tensor.unsigned:
            inner[index] = len(tensors)
            tensors.append(replace(tensor, index=len(tensors), name=f"{tensor.name} (int8)"))
            tensors[index] = to_uint8(tensor)
    before = [_quantize(index, inner[index]) for index in graph.inputs if index in inner]
    after = [_quantize(inner[index], index) for index in graph.outputs if index in inner]
    operators = [*before, *(_renamed(operator, inner) for operator in graph.operators), *after]
    numbered = tuple(replace(operator, index=index) for index, operator in enumerate(operators))
    return replace(graph, tensors=tuple(tensors), operators=numbered)


def joined_edges(graph: Graph) -> Graph:
    """Return a graph without the QUANTIZE operators that `split_edges` put in, for a file of the older scheme."""
    other_names: dict[int, int] = {}
    left = []
    for operator in graph.operators:
        edge = _edge(graph, operator)
        if edge is None or edge[0] in other_names:
            left.append(operator)
        else:
            other_names[edge[0]] = edge[1]
    numbered = (replace(_renamed(operator, other_names), index=index) for index, operator in enumerate(left))
    return replace(graph, operators=tuple(numbered))


def _edge(graph: Graph, operator: Operator) -> tuple[int, int] | None:
    """Return the inner and the outer tensor of a QUANTIZE at an edge, None for any other operator."""
    if operator.kind is not OpKind.QUANTIZE:
        return None
    source, output = operator.inputs[0], operator.outputs[0]
    for inner, outer, ends in ((output, source, graph.inputs), (source, output, graph.outputs)):
        same = replace(to_uint8(graph.tensor(inner)), index=outer, name=graph.tensor(outer).name)
        if outer in ends and graph.tensor(inner).unsigned and same == graph.tensor(outer):
            return inner, outer
    return None


def _quantize(source: int, output: int) -> Operator:
    return Operator(0, OpKind.QUANTIZE, (source,), (output,))


def _renamed(operator: Operator, names: Mapping[int, int]) -> Operator:
    inputs = tuple(names.get(index, index) for index in operator.inputs)
    return replace(operator, inputs=inputs, outputs=tuple(names.get(index, index) for index in operator.outputs))
