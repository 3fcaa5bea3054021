"""What a host does to load a program and run it, and what it must find: for the bench of a generated project.

An overlay without a burst master is driven through its windows. One with it runs one inference so, and then a stream
of jobs, two pending at a time, out of the bench's memory and into it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.compiler.program import Part, Placement, Program
from edge_runtime.compiler.transfers import Region, part_regions
from edge_runtime.errors import FitError
from edge_runtime.model.interpreter import Interpreter

__all__ = ["Access", "accesses", "memory_bytes"]

#: What is done (see `rtl/sim/edge_access_bench.v`), a byte address, a word.
Access = tuple[int, int, int]
_Values = Mapping[int, npt.NDArray[Any]]

_END, _WRITE, _READ, _WAIT, _STORE, _EXPECT = range(6)
_WORD = 4
# Of rtl/sim/edge_axi_memory.v. Jobs' buffers begin shortly before a border that no burst may cross.
_MEMORY_BASE = 0x12_0000_0000
_FIRST_BUFFER = 4096 - 40
_PENDING_JOBS = 2
_JOBS = 5


def accesses(program: Program, *, seed: int = 0, inferences: int = 2) -> Iterator[Access]:
    """Yield what a host does to load a program and run it, and what it must find: (kind, byte address, word).

    Parameters
    ----------
    program
        All of it on the overlay, but what only looks at its outputs.
    seed
        Of the random inputs.
    inferences
        How many inputs go through the windows, where there is no burst master; with one, one does, and five jobs.

    Raises
    ------
    FitError
        If a part of the network before its last overlay part runs on the CPU.
    """
    part = _only_part(program)
    reference, random = Interpreter(program.graph, program.rounding), np.random.default_rng(seed)

    def draw() -> _Values:
        return reference.run_all([_draw(program, index, random) for index in program.graph.inputs])

    yield from _load(program)
    yield _WRITE, _register("IRQ_ENABLE"), 1
    yield _WRITE, _register("ENTRY"), part.entry
    if program.parameters.axi_master:
        yield from _through_windows(part, draw())
        yield _WRITE, _register("IRQ_ENABLE"), 0
        yield from _as_jobs(part, [draw() for _ in range(_JOBS)])
    else:
        for _ in range(inferences):
            yield from _through_windows(part, draw())
    yield _END, 0, 0


def memory_bytes(program: Program) -> int:
    """Return the bytes of memory that the bench's jobs need, a power of two; none are needed without a burst master."""
    if not program.parameters.axi_master:
        return 0
    last = max(at + region.length for slot in _slots(_only_part(program)) for region, at in slot.values())
    return 1 << (last - 1).bit_length()


def _register(name: str) -> int:
    return host_interface().registers[name].offset


def _only_part(program: Program) -> Part:
    on_overlay = [part for part in program.parts if part.on_overlay]
    if len(on_overlay) != 1:
        where = f"{len(on_overlay)} parts on the overlay" if on_overlay else "nothing on the overlay"
        raise FitError(f"{program.name} has {where}; a bench is written for networks with one overlay part")
    return on_overlay[0]


def _draw(program: Program, index: int, random: np.random.Generator) -> npt.NDArray[Any]:
    tensor = program.graph.tensors[index]
    if tensor.dtype.kind == "f":
        return random.normal(size=tensor.shape).astype(tensor.dtype)
    limits = np.iinfo(tensor.dtype)
    return random.integers(limits.min, limits.max + 1, tensor.shape).astype(tensor.dtype)


# ---- the program ----


def _load(program: Program) -> Iterator[Access]:
    window = {name: window.offset for name, window in host_interface().windows.items()}
    # bytes that the network leaves idle still multiply by zero, and in four states unknown times zero is unknown
    yield from _words(_WRITE, window["ACTIVATIONS"], bytes(program.parameters.act_bytes))
    yield from _words(_WRITE, window["PROGRAM"], program.descriptors.tobytes())
    yield from _words(_WRITE, window["PARAMETERS"], program.channels.tobytes())
    yield from _words(_WRITE, window["VECTOR_PARAMETERS"], program.vec_channels.tobytes())
    yield from _words(_WRITE, window["TABLES"], program.tables.tobytes())
    yield from _rows(window["WEIGHTS"], program.parameters.weight_row_pitch, program.weight_rows)
    yield from _rows(window["VECTOR_WEIGHTS"], program.parameters.vec_weight_row_pitch, program.vec_weight_rows)


def _rows(offset: int, pitch: int, rows: npt.NDArray[np.uint8]) -> Iterator[Access]:
    for index, row in enumerate(rows):
        yield from _words(_WRITE, offset + index * pitch, row.tobytes())


def _words(kind: int, address: int, data: bytes) -> Iterator[Access]:
    padded = data + bytes(-len(data) % _WORD)
    for at in range(0, len(padded), _WORD):
        yield kind, address + at, int.from_bytes(padded[at : at + _WORD], "little")


# ---- runs through the windows ----


def _through_windows(part: Part, values: _Values) -> Iterator[Access]:
    window = host_interface().windows["ACTIVATIONS"].offset
    for place in part.inputs:
        region = _words_around(place)
        yield from _tensors(_WRITE, window + region.offset, region, [place], values)
    yield _WRITE, _register("CONTROL"), 1
    yield _WAIT, 0, 0
    yield _WRITE, _register("IRQ_STATUS"), 1
    for place in part.outputs:
        region = _words_around(place)
        yield from _tensors(_READ, window + region.offset, region, [place], values)
    yield _READ, _register("CYCLES"), part.cycles


def _words_around(place: Placement) -> Region:
    first = place.address - place.address % _WORD
    length = place.address + place.span - first
    return Region(first, length + -length % _WORD)


def _tensors(kind: int, address: int, region: Region, places: Sequence[Placement], values: _Values) -> Iterator[Access]:
    """Yield a region's words as they lie there; words that are only partly known are written, and not compared."""
    data, known = np.zeros(region.length, np.uint8), np.zeros(region.length, bool)
    for place in places:
        inside = place.address - region.offset + place.offsets()
        tensor = values[place.tensor]
        stored = tensor ^ np.uint8(128) if tensor.dtype == np.uint8 else tensor
        data[inside], known[inside] = stored.view(np.uint8).reshape(place.form), True
    for at in range(0, region.length, _WORD):
        if kind in (_WRITE, _STORE) or known[at : at + _WORD].all():
            yield kind, address + at, int.from_bytes(data[at : at + _WORD].tobytes(), "little")


# ---- jobs ----

#: A job's regions by their names in the registers, each with its place in the bench's memory.
_Slot = Mapping[str, tuple[Region, int]]


def _slots(part: Part) -> Sequence[_Slot]:
    """Return the memory of each job that may be pending, one behind the other."""
    regions, _ = part_regions(part)
    slots, at = [], _FIRST_BUFFER
    for _ in range(_PENDING_JOBS):
        slot = {}
        for name, region in regions.items():
            slot[name] = (region, at)
            at += region.length
        slots.append(slot)
    return slots


def _as_jobs(part: Part, inferences: Sequence[_Values]) -> Iterator[Access]:
    yield _WRITE, _register("JOB_IRQ_ENABLE"), 1
    yield _WRITE, _register("JOB_PREFETCH"), part.prefetch
    idle, pending = deque(_slots(part)), deque[tuple[_Slot, _Values]]()
    for values in inferences:
        if not idle:
            yield from _collect(part, *pending[0])
            idle.append(pending.popleft()[0])
        pending.append((idle.popleft(), values))
        yield from _submit(part, *pending[-1])
    for slot, values in pending:
        yield from _collect(part, slot, values)
    yield _READ, _register("JOBS_DONE"), len(inferences)
    yield _READ, _register("JOB_STATUS"), 0


def _submit(part: Part, slot: _Slot, values: _Values) -> Iterator[Access]:
    region, at = slot["INPUT"]
    yield from _tensors(_STORE, at, region, part.inputs, values)
    for name, (region, at) in slot.items():
        words = np.array([(_MEMORY_BASE + at) & 0xFFFFFFFF, _MEMORY_BASE >> 32, *region], "<u4")
        yield from _words(_WRITE, _register(f"JOB_{name}_ADDRESS"), words.tobytes())
    yield _WRITE, _register("JOB_CONTROL"), 1


def _collect(part: Part, slot: _Slot, values: _Values) -> Iterator[Access]:
    yield _WAIT, 0, 0
    yield _WRITE, _register("JOB_IRQ_STATUS"), 1
    _, stored_in = part_regions(part)
    for place in part.outputs:
        region, at = slot[stored_in[place.tensor]]
        yield from _tensors(_EXPECT, at, region, [place], values)
    yield _READ, _register("JOB_RUN_CYCLES"), part.cycles
