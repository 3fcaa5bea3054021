"""Places a part's activations in the overlay's memory by their lifetimes, first fit, largest first."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from edge_runtime.compiler.placement import VIEWS
from edge_runtime.errors import FitError
from edge_runtime.model.graph import Graph

__all__ = ["plan_activations"]

#: The host moves whole 32-bit words.
_ALIGNMENT = 4


@dataclass
class _Buffer:
    """Bytes that one tensor, or several views of it, occupy from operator `first` to operator `last`."""

    tensors: set[int]
    size: int
    first: int
    last: int
    address: int = 0


def plan_activations(
    graph: Graph, operators: Sequence[int], *, keep: Collection[int], act_bytes: int
) -> Mapping[int, int]:
    """Return the address of each activation tensor that a part of the network touches.

    Parameters
    ----------
    graph
        The network.
    operators
        The part's operators, in order.
    keep
        Tensors that must still be there at the end: the part's outputs and the embedding.
    act_bytes
        Bytes of activation memory.

    Returns
    -------
    dict
        Tensor index to byte address. Views share their source's address.

    Raises
    ------
    FitError
        If they do not fit, with the bytes that would be needed.
    """
    buffers = _lifetimes(graph, operators, keep)
    placed: list[_Buffer] = []
    for buffer in sorted(buffers, key=lambda b: (-b.size, b.first)):
        buffer.address = _first_gap(buffer, placed)
        placed.append(buffer)
    needed = max((b.address + b.size for b in placed), default=0)
    if needed > act_bytes:
        raise FitError(
            f"{graph.name} needs {needed:,} bytes of activation memory and the overlay has {act_bytes:,}; "
            f"an overlay with act_bytes = {1 << (needed - 1).bit_length()} would fit it"
        )
    return {tensor: buffer.address for buffer in placed for tensor in buffer.tensors}


def _lifetimes(graph: Graph, operators: Sequence[int], keep: Collection[int]) -> list[_Buffer]:
    owner: dict[int, _Buffer] = {}
    for time, index in enumerate(operators):
        operator = graph.operators[index]
        for tensor in graph.activations_of(operator):
            buffer = owner.setdefault(tensor, _Buffer({tensor}, _aligned(graph, tensor), 0, time))
            buffer.last = time
        output = operator.outputs[0]
        if operator.kind in VIEWS:
            owner[output] = owner[operator.inputs[0]]
            owner[output].tensors.add(output)
        else:
            owner[output] = _Buffer({output}, _aligned(graph, output), time, time)
    for tensor in keep:
        owner[tensor].last = len(operators)
    return list({id(buffer): buffer for buffer in owner.values()}.values())


def _aligned(graph: Graph, tensor: int) -> int:
    return -(-graph.tensors[tensor].size // _ALIGNMENT) * _ALIGNMENT


def _first_gap(buffer: _Buffer, placed: Sequence[_Buffer]) -> int:
    """Return the lowest address at which a buffer meets no other that lives at the same time."""
    address = 0
    neighbours = [b for b in placed if b.first <= buffer.last and buffer.first <= b.last]
    for other in sorted(neighbours, key=lambda b: b.address):
        if address + buffer.size <= other.address:
            break
        address = max(address, other.address + other.size)
    return address
