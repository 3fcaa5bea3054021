"""What moves between the processor's memory and a part's activations, and from when on the next input may come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from edge_runtime.compiler.memory import BEAT_BYTES
from edge_runtime.compiler.program import Part, Placement

__all__ = ["Region", "part_regions", "region_around", "transfer_cycles"]

# To and from the activations, a cycle.
_WORD_BYTES = 4


class Region(NamedTuple):
    """Bytes of the activation memory that move together: whole beats at a multiple of a beat."""

    offset: int
    length: int


def region_around(spans: Iterable[tuple[int, int]]) -> Region:
    """Return the smallest region around some spans, each its address and its bytes; an empty one around none."""
    ends = [(address, address + size) for address, size in spans]
    if not ends:
        return Region(0, 0)
    first = min(begin for begin, _ in ends) // BEAT_BYTES * BEAT_BYTES
    return Region(first, -(-(max(end for _, end in ends) - first) // BEAT_BYTES) * BEAT_BYTES)


def part_regions(part: Part) -> tuple[Mapping[str, Region], Mapping[int, str]]:
    """Return the regions of a part's job, by their names in the registers, and in which one each output is.

    Inputs move as one region. Outputs move as two, cut where the gap between them is widest.
    """
    outputs = sorted(part.outputs, key=lambda place: place.address)
    gaps = [after.address - _end(before) for before, after in pairwise(outputs)]
    at = gaps.index(max(gaps)) + 1 if gaps and max(gaps) > BEAT_BYTES else len(outputs)
    groups = {"OUTPUT": outputs[:at], "EXTRA": outputs[at:]}
    regions = {"INPUT": _around(part.inputs), **{name: _around(places) for name, places in groups.items()}}
    return regions, {place.tensor: name for name, places in groups.items() for place in places}


def _end(place: Placement) -> int:
    return place.address + place.span


def _around(places: Sequence[Placement]) -> Region:
    return region_around((place.address, place.span) for place in places)


def transfer_cycles(part: Part) -> tuple[int, int]:
    """Return the cycles that a part's inputs, and its outputs, take to move, memory's latency apart."""
    regions, _ = part_regions(part)
    moved = regions["OUTPUT"].length + regions["EXTRA"].length
    return regions["INPUT"].length // _WORD_BYTES, moved // _WORD_BYTES
