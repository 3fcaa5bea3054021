"""Counts what a synthesised netlist uses of an FPGA."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from edge_runtime.boards import Part
from edge_runtime.synthesis.netlist import Cell, Netlist

__all__ = ["Area", "count_area", "misfits"]

# Look-up tables that a cell takes. AMD UG474 (7 Series CLB): RAM64M and RAM32M fill the four of a SLICEM; Lattice
# FPGA-DS-02012 (ECP5): a carry cell takes the two of its slice, distributed memory the four of two slices.
_LUTS = {
    **{f"LUT{inputs}": 1 for inputs in range(1, 7)},
    **dict.fromkeys(("INV", "SRL16E", "SRLC32E", "RAM32X1S", "RAM64X1S", "LUT4"), 1),
    **dict.fromkeys(("RAM32X1D", "RAM64X1D", "RAM128X1S", "CCU2C"), 2),
    **dict.fromkeys(("RAM32M", "RAM64M", "RAM128X1D", "RAM256X1S", "TRELLIS_DPR16X4"), 4),
    **dict.fromkeys(("RAM32M16", "RAM64M8"), 8),
}
_REGISTERS = {
    *("FDRE", "FDSE", "FDCE", "FDPE", "FDRE_1", "FDSE_1", "FDCE_1", "FDPE_1", "TRELLIS_FF"),
}
_MULTIPLIERS = {"DSP48E1", "DSP48E2", "MULT18X18D"}
_HALF_MEMORIES = {"RAMB18E1": 1, "RAMB18E2": 1, "RAMB36E1": 2, "RAMB36E2": 2, "DP16KD": 1}


@dataclass(frozen=True)
class Area:
    """What a design uses, and how much of it is registered where timing needs it.

    Parameters
    ----------
    lut, ff, dsp
        Look-up tables (those that serve as memory, shift registers and carry too), registers, multipliers.
    bram36
        Block memories of 36 Kb; a smaller one counts as a half.
    dsp_registered
        Multipliers with a register at their output, inside.
    bram_cells
        Block memories of either size.
    bram_registered
        Those whose outputs are registered, inside or by registers that a vendor's tool can take inside.
    """

    lut: int
    ff: int
    dsp: int
    bram36: float
    dsp_registered: int
    bram_cells: int
    bram_registered: int


def count_area(netlist: Netlist) -> Area:
    """Count a netlist of one of the families that boards have."""
    kinds = Counter(cell.type for cell in netlist.cells.values())
    memories = [cell for kind in _HALF_MEMORIES for cell in netlist.cells_of(kind)]
    return Area(
        lut=_weighted(kinds, _LUTS),
        ff=sum(kinds[kind] for kind in _REGISTERS),
        dsp=sum(kinds[kind] for kind in _MULTIPLIERS),
        bram36=_weighted(kinds, _HALF_MEMORIES) / 2,
        dsp_registered=sum(_output_registered(cell) for kind in _MULTIPLIERS for cell in netlist.cells_of(kind)),
        bram_cells=len(memories),
        bram_registered=sum(_memory_registered(netlist, cell) for cell in memories),
    )


def misfits(area: Area, part: Part) -> list[str]:
    """Say what a part has too little of, with both numbers; nothing if it all fits."""
    names = {"lut": "LUT", "ff": "registers", "dsp": "multipliers", "bram36": "block memories of 36 Kb"}
    return [
        f"{getattr(area, field):g} {name} of {getattr(part, field)}"
        for field, name in names.items()
        if getattr(area, field) > getattr(part, field)
    ]


def _weighted(kinds: Mapping[str, int], weights: Mapping[str, int]) -> int:
    return sum(kinds.get(kind, 0) * weight for kind, weight in weights.items())


def _output_registered(cell: Cell) -> bool:
    """Whether a multiplier's product goes through a register of its own."""
    if cell.type == "MULT18X18D":
        return cell.parameters.get("REG_OUTPUT_CLK", "NONE") != "NONE"
    return any(int(cell.parameters.get(name, "0"), 2) for name in ("MREG", "PREG"))


def _memory_registered(netlist: Netlist, cell: Cell) -> bool:
    """Whether every output that is read goes through a register inside, or straight into registers."""
    if "OUTREG" in (cell.parameters.get("REGMODE_A"), cell.parameters.get("REGMODE_B")):
        return True
    read = [bit for port in cell.connections if cell.is_output(port) for bit in cell.connections[port]]
    sinks = [sink for bit in read for sink in netlist.sinks(bit)]
    return bool(sinks) and all(sink.type in _REGISTERS for sink, _ in sinks)
