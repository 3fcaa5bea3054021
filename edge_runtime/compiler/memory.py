"""Places a part's activations in the overlay's memory by their lifetimes, first fit, largest first."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from edge_runtime.compiler.engine_layer import EngineLayer, Unit
from edge_runtime.compiler.layout import Layout
from edge_runtime.compiler.operands import aligned_residues
from edge_runtime.compiler.overflow import MemoryOverflowError
from edge_runtime.compiler.parameters import OverlayParameters

__all__ = ["BEAT_BYTES", "ActivationPlan", "first_layer_at", "plan_activations"]

#: The burst master moves beats of 8 bytes.
BEAT_BYTES = 8

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
    prefetch
        The first layer (two side by side count as one) from whose begin on nothing lies where the host's tensors do;
        None if there is no such layer.
    """

    addresses: Mapping[int, int]
    lifetimes: Mapping[int, tuple[int, int, int, int]]
    extent: int
    prefetch: int | None = None


@dataclass
class _Buffer:
    """Bytes that are occupied from layer `first` to layer `last`, and from layer `again` on once more."""

    owner: int
    size: int
    first: int
    last: int
    residue: int | None = None
    address: int = 0
    again: int | None = None

    def lives_with(self, other: _Buffer) -> bool:
        """Whether both are occupied at some time."""
        together = self.first <= other.last and other.first <= self.last
        return together or _comes_again(self, other) or _comes_again(other, self)


def _comes_again(one: _Buffer, other: _Buffer) -> bool:
    return one.again is not None and other.last >= one.again


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
    MemoryOverflowError
        If they do not fit, with the bytes that would be needed.
    """
    owners = dict(owners)
    for attempt in ({}, _in_place(layers, layouts, owners, keep)):
        shared = {tensor: _follow(owner, attempt) for tensor, owner in owners.items()}
        buffers = _lifetimes(layers, layouts, shared, sources, keep)
        host = {shared[tensor] for tensor in (*sources, *keep)}
        for owner, residue in aligned_residues(layers, shared, host, parameters).items():
            buffers[owner].residue = residue
        needed = _first_fit(list(buffers.values()), parameters.act_banks)
        if needed <= parameters.act_bytes:
            prefetch = None
            if parameters.axi_master and sources:
                early = {shared[tensor] for tensor in sources}
                for owner in _unread(layers, shared, keep) & buffers.keys():
                    buffers[owner].last = len(layers)  # nobody waits for its writes to end
                prefetch = _free_early(buffers, early, parameters, times=1 + max(time for time, _ in _times(layers)))
                needed = max(buffer.address + buffer.size for buffer in buffers.values())
            return ActivationPlan(
                addresses={tensor: buffers[owner].address for tensor, owner in shared.items() if owner in buffers},
                lifetimes={b.owner: (b.address, b.size, b.first, b.last) for b in buffers.values()},
                extent=needed,
                prefetch=prefetch,
            )
    raise MemoryOverflowError(
        f"{name} needs {needed:,} bytes of activation memory and the overlay has {parameters.act_bytes:,}; "
        f"an overlay with act_bytes = {1 << (needed - 1).bit_length()} would fit it; "
        "--allow-cpu lets the CPU run a part",
        excess=1,
        users=_widest(layers, buffers.values()),
    )


def _widest(layers: Sequence[EngineLayer], buffers: Collection[_Buffer]) -> dict[int, int]:
    """Return the operators at work while most bytes are occupied, each with these bytes."""
    occupied = {
        layer.operator: sum(buffer.size for buffer in buffers if buffer.first <= time <= buffer.last)
        for time, layer in _times(layers)
    }
    most = max(occupied.values())
    return {operator: size for operator, size in occupied.items() if size == most}


def _unread(layers: Sequence[EngineLayer], owners: Mapping[int, int], keep: Collection[int]) -> set[int]:
    """Return the buffers whose last use is a write that nobody reads."""
    last_read = {owners[tensor]: len(layers) for tensor in keep}
    last_write: dict[int, int] = {}
    for time, layer in _times(layers):
        for tensor in (layer.source, layer.other):
            if tensor is not None and tensor in owners:
                last_read[owners[tensor]] = max(time, last_read.get(owners[tensor], 0))
        if layer.target in owners:
            last_write[owners[layer.target]] = time
    return {owner for owner, time in last_write.items() if last_read.get(owner, -1) <= time}


def _free_early(
    buffers: Mapping[int, _Buffer], sources: Collection[int], parameters: OverlayParameters, *, times: int
) -> int | None:
    """Place buffers so that the place of `sources` is free again from a layer on that is as early as can be.

    Returns that layer, one of the first `times`; where there is none, all stay where they are.
    """
    trial = {owner: replace(buffer) for owner, buffer in buffers.items()}
    for owner in sources:
        trial[owner].size = -(-trial[owner].size // BEAT_BYTES) * BEAT_BYTES
        trial[owner].residue = trial[owner].residue or 0
    for layer in range(1 + max(trial[owner].last for owner in sources), times):
        for owner in sources:
            trial[owner].again = layer
        if _first_fit(list(trial.values()), parameters.act_banks) > parameters.act_bytes:
            continue
        if _is_free(trial.values(), [trial[owner] for owner in sources], layer):
            for owner, buffer in trial.items():
                buffers[owner].address = buffer.address
            return layer
    return None


def _is_free(buffers: Collection[_Buffer], sources: Sequence[_Buffer], layer: int) -> bool:
    """Whether no buffer that is needed in this layer or later meets the whole beats around the sources."""
    first = min(source.address for source in sources) // BEAT_BYTES * BEAT_BYTES
    behind = -(-max(source.address + source.size for source in sources) // BEAT_BYTES) * BEAT_BYTES
    late = [buffer for buffer in buffers if buffer.last >= layer]
    return not any(buffer.address < behind and first < buffer.address + buffer.size for buffer in late)


def _follow(owner: int, moved: Mapping[int, int]) -> int:
    while owner in moved:
        owner = moved[owner]
    return owner


def _times(layers: Sequence[EngineLayer]) -> Iterator[tuple[int, EngineLayer]]:
    """Yield layers with their time; two that run side by side have the same."""
    time, beside = -1, False
    for layer in layers:
        time += 0 if beside else 1
        yield time, layer
        beside = layer.beside and not beside


def first_layer_at(layers: Sequence[EngineLayer], when: int) -> int:
    """Return the index of the layer that a plan counts as `when`; of two side by side, the first one's."""
    return next(index for index, (time, _) in enumerate(_times(layers)) if time == when)


def _touched(layer: EngineLayer, beside: bool) -> list[int]:
    """Return the tensors in memory that a layer reads and writes; `beside` for the second one of two side by side."""
    reads = [] if layer.fused and beside else [layer.source, *([layer.other] if layer.other is not None else [])]
    return reads + ([] if layer.beside and not beside else [layer.target])


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
    its step. What the array reads in windows beside a chained layer is read again and again, so that nothing may be
    written there.
    """
    last_use = {owners[tensor]: time for time, tensor in _uses(layers)}
    last_use |= {owners[tensor]: len(layers) for tensor in keep}
    windows = {(time, owners[layer.source]) for time, layer in _times(layers) if layer.unit is Unit.ARRAY}
    moved: dict[int, int] = {}
    for time, layer in _times(layers):
        target = owners.get(layer.target, layer.target)
        for operand in (layer.source, layer.other) if _is_elementwise(layer) else ():
            if operand is None or layouts[operand] != layouts[layer.target] or owners[operand] == target:
                continue
            if (time, owners[operand]) in windows:
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
    neighbours = [other for other in placed if buffer.lives_with(other)]
    for other in sorted(neighbours, key=lambda b: b.address):
        if address + buffer.size <= other.address:
            break
        address = max(address, _aligned(other.address + other.size, buffer.residue, banks))
    return address


def _aligned(address: int, residue: int | None, banks: int) -> int:
    modulus = _ALIGNMENT if residue is None else banks
    return address + ((residue or 0) - address) % modulus
