"""Places a part's activations in the overlay's memory by their lifetimes, first fit, largest first."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from edge_runtime.compiler.engine_layer import EngineLayer
from edge_runtime.compiler.layout import Layout
from edge_runtime.compiler.operands import aligned_residues
from edge_runtime.compiler.parameters import OverlayParameters
from edge_runtime.errors import FitError

__all__ = ["ActivationPlan", "plan_activations"]

#: The host moves whole 32-bit words.
_ALIGNMENT = 4


@dataclass(frozen=True)
class ActivationPlan:
    """Where the tensors of a part lie.

    Parameters
    ----------
    addresses
        By tensor, the address of the buffer that it lies in.
    lifetimes
        By buffer: address, bytes, and the first and last layer that need it.
    extent
        Bytes of activation memory in use, from 0.
    """

    addresses: Mapping[int, int]
    lifetimes: Mapping[int, tuple[int, int, int, int]]
    extent: int


@dataclass
class _Buffer:
    """Bytes that are occupied from layer `first` to layer `last`."""

    owner: int
    size: int
    first: int
    last: int
    residue: int | None = None
    address: int = 0


def plan_activations(
    name: str,
    layers: Sequence[EngineLayer],
    *,
    layouts: Mapping[int, Layout],
    owners: Mapping[int, int],
    sources: Collection[int],
    keep: Collection[int],
    parameters: OverlayParameters,
) -> ActivationPlan:
    """Return the address of each activation tensor of a part.

    Elementwise layers work in place where memory would not be enough otherwise.

    Parameters
    ----------
    name
        The network's, for messages.
    layers
        In order.
    layouts, owners
        By tensor: how it lies in which tensor's buffer.
    sources, keep
        Tensors that the host writes before, and that must still be there at the end.
    parameters
        The overlay's.

    Raises
    ------
    FitError
        If they do not fit, with the bytes that would be needed.
    """
    owners = dict(owners)
    for attempt in ({}, _in_place(layers, layouts, owners, keep)):
        shared = {tensor: _follow(owner, attempt) for tensor, owner in owners.items()}
        buffers = _lifetimes(layers, layouts, shared, sources, keep)
        for owner, residue in aligned_residues(layers, shared, parameters).items():
            buffers[owner].residue = residue
        needed = _first_fit(list(buffers.values()), parameters.act_banks)
        if needed <= parameters.act_bytes:
            return ActivationPlan(
                addresses={tensor: buffers[owner].address for tensor, owner in shared.items() if owner in buffers},
                lifetimes={b.owner: (b.address, b.size, b.first, b.last) for b in buffers.values()},
                extent=needed,
            )
    raise FitError(
        f"{name} needs {needed:,} bytes of activation memory and the overlay has {parameters.act_bytes:,}; "
        f"an overlay with act_bytes = {1 << (needed - 1).bit_length()} would fit it; "
        "--allow-cpu lets the CPU run a part"
    )


def _follow(owner: int, moved: Mapping[int, int]) -> int:
    while owner in moved:
        owner = moved[owner]
    return owner


def _times(layers: Sequence[EngineLayer]) -> Iterator[tuple[int, EngineLayer]]:
    """Yield layers with their time; both of a fused pair have the same."""
    time, beside = -1, False
    for layer in layers:
        time += 0 if beside else 1
        yield time, layer
        beside = layer.fused and not beside


def _touched(layer: EngineLayer, beside: bool) -> list[int]:
    """Return the tensors in memory that a layer reads and writes; `beside` for the second one of a fused pair."""
    reads = [] if beside else [layer.source, *([layer.other] if layer.other is not None else [])]
    return reads + ([] if layer.fused and not beside else [layer.target])


def _uses(layers: Sequence[EngineLayer]) -> Iterator[tuple[int, int]]:
    """Yield each use of a tensor in memory, with its time."""
    previous = -1
    for time, layer in _times(layers):
        for tensor in _touched(layer, beside=time == previous):
            yield time, tensor
        previous = time


def _lifetimes(
    layers: Sequence[EngineLayer],
    layouts: Mapping[int, Layout],
    owners: Mapping[int, int],
    sources: Collection[int],
    keep: Collection[int],
) -> dict[int, _Buffer]:
    end = len(layers)
    buffers: dict[int, _Buffer] = {}
    uses = [*((0, tensor) for tensor in sources), *_uses(layers), *((end, tensor) for tensor in keep)]
    for time, tensor in uses:
        owner = owners[tensor]
        buffer = buffers.setdefault(owner, _Buffer(owner, 0, time, time))
        buffer.first, buffer.last = min(buffer.first, time), max(buffer.last, time)
        layout = layouts[tensor]
        buffer.size = max(buffer.size, -(-(layout.offset + layout.span) // _ALIGNMENT) * _ALIGNMENT)
    return buffers


def _in_place(
    layers: Sequence[EngineLayer], layouts: Mapping[int, Layout], owners: Mapping[int, int], keep: Collection[int]
) -> dict[int, int]:
    """Return, by the buffer that elementwise layers write, the buffer of an operand that nobody needs afterwards.

    Each byte is read long before the output at its place is written, as an output leaves the unit many cycles after
    its step.
    """
    last_use = {owners[tensor]: time for time, tensor in _uses(layers)}
    last_use |= {owners[tensor]: len(layers) for tensor in keep}
    moved: dict[int, int] = {}
    for time, layer in _times(layers):
        target = owners.get(layer.target, layer.target)
        for operand in (layer.source, layer.other) if _is_elementwise(layer) else ():
            if operand is None or layouts[operand] != layouts[layer.target] or owners[operand] == target:
                continue
            if last_use[owners[operand]] == time and target not in moved:
                moved[target] = owners[operand]
                break
    return moved


def _is_elementwise(layer: EngineLayer) -> bool:
    return layer.tables is not None or layer.other is not None


def _first_fit(buffers: list[_Buffer], banks: int) -> int:
    """Give each buffer its address; return the bytes needed."""
    placed: list[_Buffer] = []
    for buffer in sorted(buffers, key=lambda b: (-b.size, b.first)):
        buffer.address = _first_gap(buffer, placed, banks)
        placed.append(buffer)
    return max((b.address + b.size for b in placed), default=0)


def _first_gap(buffer: _Buffer, placed: Sequence[_Buffer], banks: int) -> int:
    """Return the lowest address at which a buffer meets no other that lives at the same time."""
    address = _aligned(0, buffer.residue, banks)
    neighbours = [b for b in placed if b.first <= buffer.last and buffer.first <= b.last]
    for other in sorted(neighbours, key=lambda b: b.address):
        if address + buffer.size <= other.address:
            break
        address = max(address, _aligned(other.address + other.size, buffer.residue, banks))
    return address


def _aligned(address: int, residue: int | None, banks: int) -> int:
    return address if residue is None else address + (residue - address) % banks
