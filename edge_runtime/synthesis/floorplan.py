"""Gives the array's multipliers, and the memories around them, their places on an ECP5 before place and route.

All of the array's columns look alike to nextpnr's analytic placer: it begins with them in one heap, takes the nearest
free site for each, and leaves wires so long that the router finds no way for them all. Here each pair of output
channels gets a stretch of multipliers, its weights the memories of the row beside it, lane by lane, and the banks of
activations stand together; nextpnr places everything else around them. That is what lets the ULX3S' overlay route.

Sites: project Trellis' database of the part, ``tilegrid.json`` (tiles MIB_DSP* and MIB_EBR*).
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from edge_runtime.synthesis.netlist import Cell, Netlist

__all__ = ["fix_places"]

# A block of nine columns has four multipliers or four memories, each at a column of its own.
_PER_BLOCK = 4
_MULTIPLIER_SITES = ((0, "MULT18_0"), (1, "MULT18_1"), (4, "MULT18_4"), (5, "MULT18_5"))
_MEMORY_SITES = ((0, "EBR0"), (2, "EBR1"), (4, "EBR2"), (6, "EBR3"))

_PRODUCT = re.compile(r"mac_array\.gen_pair\[(\d+)\]\.gen_chain\[(\d+)\]\..*gen_lane\[(\d+)\]\.(low|high)_product")
_WEIGHT = re.compile(r"array_unit\.weight_memory\.gen_column\[(\d+)\]\.column\.mem\.0\.(\d+)$")
_BANK = re.compile(r"activations\.memory\.gen_bank\[(\d+)\]\.bank\.mem\.0\.(\d+)$")


@dataclass(frozen=True)
class _Grid:
    """Where a part's blocks are: the first column of each, and the rows that hold multipliers or memories."""

    blocks: tuple[int, ...]
    multiplier_rows: tuple[int, ...]
    memory_rows: tuple[int, ...]

    def multiplier(self, row: int, block: int, place: int) -> str:
        column, name = _MULTIPLIER_SITES[place]
        return f"X{self.blocks[block] + column}/Y{self.multiplier_rows[row]}/{name}"

    def memories(self, row: int, block: int) -> list[str]:
        return [f"X{self.blocks[block] + column}/Y{self.memory_rows[row]}/{name}" for column, name in _MEMORY_SITES]


_GRIDS = {
    "LFE5U-85F": _Grid((4, 13, 22, 31, 40, 49, 58, 69, 78, 87, 96, 105, 114), (10, 34, 58), (22, 46, 70, 82)),
}


def fix_places(netlist: Netlist, device: str) -> int:
    """Fix multipliers and memories of the array, in place; return how many.

    Parameters
    ----------
    netlist
        Of a board's top, for the ECP5, with one int8 product in each multiplier.
    device
        The part, like LFE5U-85F-6BG381C. Where its sites are not known, or the array's pairs of channels are too many
        for its rows, nothing is fixed.
    """
    grid = _GRIDS.get("-".join(device.split("-")[:2]))
    pairs = _by_number(netlist.cells_of("MULT18X18D"), _PRODUCT)
    if grid is None or not pairs:
        return 0
    width = -(-max(map(len, pairs.values())) // _PER_BLOCK)
    stretches = _stretches(grid, width)
    if len(stretches) < len(pairs):
        return 0
    fixed = _Fixed(grid, width)
    for pair, cells in pairs.items():
        fixed.products(stretches[pair], cells)
    memories = netlist.cells_of("DP16KD")
    for pair, weights in _weights_by_pair(memories, len(pairs)).items():
        fixed.weights(stretches[pair], weights)
    for bank, parts in _by_number(memories, _BANK).items():
        fixed.bank(bank, parts)
    return len(fixed.taken)


def _by_number(cells: list[Cell], pattern: re.Pattern[str]) -> dict[int, list[Cell]]:
    """Return the cells whose names match, by the pattern's first number, in the order of what follows it."""
    found: dict[int, list[tuple[list[int], Cell]]] = defaultdict(list)
    for cell in cells:
        match = pattern.search(cell.name)
        if match:
            number, *following = (int(part) if part.isdigit() else part == "high" for part in match.groups())
            found[number].append((following, cell))
    return {number: [cell for _, cell in sorted(those, key=lambda one: one[0])] for number, those in found.items()}


def _weights_by_pair(cells: list[Cell], pairs: int) -> dict[int, list[tuple[int, Cell]]]:
    """Return each pair's memories with the lane of each: a column has four channels of one lane, two a memory."""
    found: dict[int, list[tuple[int, Cell]]] = defaultdict(list)
    for column, parts in sorted(_by_number(cells, _WEIGHT).items()):
        lane, quad = divmod(column, pairs // 2)
        for part, cell in enumerate(parts):
            found[2 * quad + min(part, 1)].append((lane, cell))
    return found


def _stretches(grid: _Grid, width: int) -> list[tuple[int, int]]:
    """Return row and first block of stretches of blocks: two rows side by side, then the third."""
    beside = len(grid.blocks) // width
    firsts = [number * width for number in range(beside)]
    if firsts:
        firsts[-1] = len(grid.blocks) - width
    upper, lower = grid.multiplier_rows[:2], grid.multiplier_rows[2:]
    return [(row, first) for first in firsts for row in range(len(upper))] + [
        (len(upper) + row, first) for row in range(len(lower)) for first in firsts
    ]


class _Fixed:
    """The places that are taken."""

    def __init__(self, grid: _Grid, width: int) -> None:
        self._grid = grid
        self._width = width
        self.taken: set[str] = set()

    def products(self, stretch: tuple[int, int], cells: list[Cell]) -> None:
        """Place a pair's multipliers, lane after lane."""
        row, first = stretch
        for number, cell in enumerate(cells):
            block, place = divmod(number, _PER_BLOCK)
            self._fix(cell, [self._grid.multiplier(row, first + block, place)])

    def weights(self, stretch: tuple[int, int], weights: list[tuple[int, Cell]]) -> None:
        """Place a pair's weights in the rows of memories beside its multipliers, each lane at its multipliers."""
        row, first = stretch
        beside = [near for near in (row - 1, row) if 0 <= near < len(self._grid.multiplier_rows) - 1]
        lanes_in_block = _PER_BLOCK // 2
        for lane, cell in weights:
            block = first + lane // lanes_in_block
            self._fix(cell, [site for near in beside for site in self._grid.memories(near, block)])

    def bank(self, bank: int, parts: list[Cell]) -> None:
        """Place a bank of activations in a block below the array's middle."""
        below = len(self._grid.multiplier_rows) - 1
        middle = (len(self._grid.blocks) - self._width) // 2
        row, column = divmod(bank, self._width)
        rows = len(self._grid.memory_rows) - below
        if row < rows:
            for cell in parts:
                self._fix(cell, self._grid.memories(below + row, middle + column))

    def _fix(self, cell: Cell, sites: list[str]) -> None:
        """Take the first free one of some sites; where none is free, nextpnr finds one."""
        site = next((site for site in sites if site not in self.taken), None)
        if site is not None:
            self.taken.add(site)
            cell.attributes["BEL"] = site
