"""Programs side by side in one overlay's memories.

A program names its descriptors, weight rows, parameter rows and tables by where they lie. `moved` adds the same number
to all that name one memory, and changes nothing else: neither what is computed nor when, so that bits and cycles stay
what they were. `MemoryMap` says where there is room.

Activations have no place of their own. A run begins by writing its inputs and ends by reading its outputs, and reads
nothing that it has not written, so that programs which run one after the other may all use the same bytes.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import asdict, replace

import numpy as np
import numpy.typing as npt

from edge_runtime.compiler.engine_layer import Function
from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.compiler.origin import Origin
from edge_runtime.compiler.parameters import OverlayParameters
from edge_runtime.compiler.program import HeadSlot, Part, Program

__all__ = ["MemoryMap", "extent_of", "moved"]


def extent_of(program: Program) -> dict[str, int]:
    """Return how much of each memory a program takes, by the fields of `Origin`."""
    return {
        "descriptors": len(program.descriptors),
        "weight_rows": len(program.weight_rows),
        "param_channels": len(program.channels),
        "vec_weight_rows": len(program.vec_weight_rows),
        "vec_param_channels": len(program.vec_channels),
        "table_pairs": len(program.tables),
    }


def moved(program: Program, origin: Origin) -> Program:
    """Return a program as it is with its images at `origin`."""
    if origin == program.origin:
        return program
    before = asdict(program.origin)
    shift = Origin(**{memory: place - before[memory] for memory, place in asdict(origin).items()})
    made = replace(
        program,
        origin=origin,
        parts=tuple(_moved_part(part, shift) for part in program.parts),
        head=None if program.head is None else _moved_head(program.head, shift, program.parameters),
        descriptors=_moved_descriptors(program.descriptors, shift, program.parameters),
    )
    # The same model: it need not be read again.
    made.__dict__["graph"] = program.graph
    return made


def _moved_part(part: Part, shift: Origin) -> Part:
    if not part.on_overlay:
        return part
    layers = (replace(layer, descriptor=layer.descriptor + shift.descriptors) for layer in part.layers)
    return replace(part, entry=part.entry + shift.descriptors, layers=tuple(layers))


def _moved_head(head: HeadSlot, shift: Origin, parameters: OverlayParameters) -> HeadSlot:
    rows, (one, other) = shift.param_channels // parameters.requant_lanes, head.param_rows
    weights = (head.weight_rows[0] + shift.weight_rows, head.weight_rows[1] + shift.weight_rows)
    return replace(
        head,
        descriptor=head.descriptor + shift.descriptors,
        weight_rows=weights,
        param_rows=(one + rows, other + rows),
    )


def _moved_descriptors(
    descriptors: npt.NDArray[np.uint32], shift: Origin, parameters: OverlayParameters
) -> npt.NDArray[np.uint32]:
    """Return uint32[descriptors, words]: rows and tables as many further on as their memories' shift says."""
    interface = host_interface()
    bits, result = interface.descriptor, descriptors.copy()
    opcode, function = (
        (descriptors[:, bits[name].word] >> bits[name].lsb) & ((1 << bits[name].width) - 1)
        for name in ("OPCODE", "FUNCTION")
    )
    array, vector = (opcode == interface.opcodes[name] for name in ("ARRAY", "VECTOR"))
    for which, name, by in (
        (array, "WEIGHT_ROW", shift.weight_rows),
        (array, "PARAM_ROW", shift.param_channels // parameters.requant_lanes),
        (vector, "WEIGHT_ROW", shift.vec_weight_rows),
        (vector, "PARAM_ROW", shift.vec_param_channels // parameters.vec_lanes),
        (vector & (function == Function.SUM.value), "TABLE", shift.table_pairs),
    ):
        # The field is as wide as any memory may be, so that nothing is carried into its neighbours.
        result[which, bits[name].word] += np.uint32((by << bits[name].lsb) % (1 << 32))
    return result


class MemoryMap:
    """Which programs lie where in an overlay's memories.

    Parameters
    ----------
    parameters
        The overlay's.
    """

    def __init__(self, parameters: OverlayParameters) -> None:
        self._parameters = parameters
        self._taken: dict[Hashable, tuple[Mapping[str, int], Mapping[str, int]]] = {}

    def place(self, owner: Hashable, program: Program) -> Origin | None:
        """Give a program a place beside those that are there; None, and no place, where there is no room."""
        extent = extent_of(program)
        firsts = {memory: self._gap(memory, size) for memory, size in extent.items()}
        if any(first is None for first in firsts.values()):
            return None
        origin = Origin(**{memory: first or 0 for memory, first in firsts.items()})
        self._taken[owner] = asdict(origin), extent
        return origin

    def free(self, owner: Hashable) -> None:
        """Give a program's place up; nothing happens where it has none."""
        self._taken.pop(owner, None)

    def used(self) -> dict[str, int]:
        """Return how much of each memory is taken."""
        extents = [extent for _, extent in self._taken.values()]
        return {memory: sum(extent[memory] for extent in extents) for memory in asdict(Origin())}

    def _gap(self, memory: str, size: int) -> int | None:
        """Return the first place in a memory with so much room; None where there is none."""
        step, first = self._step(memory), 0
        for start, taken in sorted((origin[memory], extent[memory]) for origin, extent in self._taken.values()):
            if first + size <= start:
                break
            first = max(first, -(-(start + taken) // step) * step)
        return first if first + size <= getattr(self._parameters, memory) else None

    def _step(self, memory: str) -> int:
        """Return what places in a memory are multiples of."""
        rows = {"param_channels": self._parameters.requant_lanes, "vec_param_channels": self._parameters.vec_lanes}
        return rows.get(memory, 1)
