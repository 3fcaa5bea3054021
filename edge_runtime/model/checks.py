"""Checks a whole graph: indices, the order of operators, sizes and quantisation; then each operator by itself."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import ModelError
from edge_runtime.model.geometry import operator_work
from edge_runtime.model.graph import Graph, Operator, Tensor, describe
from edge_runtime.model.operator_checks import check_operator

__all__ = ["check_graph", "check_structure"]

#: More than any network for a small device needs; keeps a damaged shape from asking for all memory.
MAX_TENSOR_BYTES = 1 << 28
MAX_BYTES = 1 << 30

#: So many multiplications are no network for a small device, either.
MAX_WORK = 1 << 36


def check_graph(graph: Graph) -> None:
    """Check everything that the interpreter, the compiler and TFLite itself rely on.

    Raises
    ------
    ModelError
        As `check_structure` does, or if an operator has shapes, types or quantisation that TFLite's kernels do not
        compute with.
    """
    check_structure(graph)
    for operator in graph.operators:
        check_operator(graph, operator)
    work = sum(operator_work(graph, operator) for operator in graph.operators)
    if work > MAX_WORK:
        raise ModelError(f"asks for {work:,} multiplications, more than {MAX_WORK:,}")


def check_structure(graph: Graph) -> None:
    """Check everything but the operators by themselves.

    Raises
    ------
    ModelError
        If an index is out of range, an operator reads what nobody has written yet, two write the same tensor, or a
        tensor is absurdly large or its quantisation is not sane.
    """
    if not graph.operators:
        raise ModelError("has no operators")
    for tensor in graph.tensors:
        _check_tensor(tensor)
    _check_total(graph)
    _check_ends(graph)
    _check_flow(graph)
    _check_filled(graph)


def _check_tensor(tensor: Tensor) -> None:
    if tensor.size * tensor.dtype.itemsize > MAX_TENSOR_BYTES:
        raise ModelError(f"{describe(tensor)} has shape {list(tensor.shape)}, more than {MAX_TENSOR_BYTES >> 20} MiB")
    quantization = tensor.quantization
    if quantization is None:
        return
    _check_scales(tensor, quantization.scales)
    if not quantization.per_tensor:
        _check_channels(tensor, len(quantization.scales), quantization.axis)
    if np.issubdtype(tensor.dtype, np.integer):
        _check_zero_points(tensor, quantization.zero_points)


def _check_total(graph: Graph) -> None:
    total = sum(tensor.size * tensor.dtype.itemsize for tensor in graph.tensors)
    if total > MAX_BYTES:
        raise ModelError(f"has tensors of {total >> 20} MiB altogether, more than {MAX_BYTES >> 20} MiB")


def _check_scales(tensor: Tensor, scales: npt.NDArray[np.float32]) -> None:
    # subnormal scales count as zero: some processors flush them, others do not
    wrong = scales[~(np.isfinite(scales) & (scales >= np.finfo(np.float32).tiny))]
    if len(wrong):
        raise ModelError(f"{describe(tensor)} has quantisation scale {wrong[0]}; it must be positive and finite")


def _check_channels(tensor: Tensor, scales: int, axis: int) -> None:
    if not 0 <= axis < len(tensor.shape) or tensor.shape[axis] != scales:
        raise ModelError(f"{describe(tensor)} has {scales} scales along dimension {axis} of {list(tensor.shape)}")


def _check_zero_points(tensor: Tensor, points: npt.NDArray[np.int64]) -> None:
    allowed = np.iinfo(tensor.dtype)
    wrong = points[(points < allowed.min) | (points > allowed.max)]
    if len(wrong):
        limits = f"{allowed.min} to {allowed.max}"
        raise ModelError(f"{describe(tensor)} has zero point {wrong[0]}; {tensor.dtype} allows {limits}")


def _check_ends(graph: Graph) -> None:
    for what, indices in (("input", graph.inputs), ("output", graph.outputs)):
        if not indices:
            raise ModelError(f"has no {what}s")
        if len(set(indices)) != len(indices):
            raise ModelError(f"names the same tensor twice among its {what}s: {list(indices)}")
        _check_indices(graph, indices, f"the network's {what}s")
    for index in (*graph.inputs, *graph.outputs):
        if graph.tensor(index).is_variable:
            raise ModelError(f"{describe(graph.tensor(index))} is a variable, and a network input or output")
    for index in graph.inputs:
        if graph.tensor(index).is_constant:
            raise ModelError(f"network input {describe(graph.tensor(index))} holds constant data")


def _check_flow(graph: Graph) -> None:
    ready = set(graph.inputs)
    ready.update(tensor.index for tensor in graph.tensors if tensor.is_constant or tensor.is_variable)
    _check_variables(graph)
    computed: set[int] = set()
    for operator in graph.operators:
        what = describe(operator)
        _check_indices(graph, (i for i in operator.inputs if i != -1), what)
        _check_indices(graph, (*operator.outputs, *operator.intermediates), what)
        _check_reads(graph, operator, ready | computed)
        for index in operator.outputs:
            if index in ready or index in computed:
                raise ModelError(f"{what} writes {describe(graph.tensor(index))}, which already has a value")
            computed.add(index)
    for index in graph.outputs:
        if index not in computed:
            raise ModelError(f"no operator computes network output {describe(graph.tensor(index))}")


def _check_filled(graph: Graph) -> None:
    for operator in graph.operators:
        for index in (*operator.inputs, *operator.outputs):
            tensor = graph.tensor(index)
            if index != -1 and not tensor.size:
                shape = f"has shape {list(tensor.shape)}; every dimension must be fixed and at least 1"
                raise ModelError(f"{describe(tensor)} {shape}")


def _check_variables(graph: Graph) -> None:
    """Check that no two operators share a state, nor one operator has it twice."""
    read = [index for operator in graph.operators for index in operator.inputs]
    for tensor in graph.tensors:
        if tensor.is_variable and read.count(tensor.index) > 1:
            raise ModelError(f"{describe(tensor)} is a variable that is read more than once")


def _check_reads(graph: Graph, operator: Operator, available: set[int]) -> None:
    for index in operator.inputs:
        if index != -1 and index not in available:
            tensor = describe(graph.tensor(index))
            raise ModelError(f"{describe(operator)} reads {tensor} before anything has written it")


def _check_indices(graph: Graph, indices: Iterable[int], what: str) -> None:
    for index in indices:
        if not 0 <= index < len(graph.tensors):
            raise ModelError(f"damaged: {what} refers to tensor {index}, of {len(graph.tensors)}")
