"""The longest way from register to register, in look-up tables: all that can be said of timing without placement."""

from __future__ import annotations

from dataclasses import dataclass

from edge_runtime.synthesis.netlist import Bit, Cell, Netlist

__all__ = ["LutPath", "deepest_path"]

_MEMORIES = ("RAM32M", "RAM64M", "RAM32X1D", "RAM64X1D", "RAM256X1S", "TRELLIS_DPR16X4")
# Distributed memory is read within a cycle and written at its end.
_WRITE_SIDE = ("WE", "WRE", "WCLK", "WCK", "D", "DI", "DIA", "DIB", "DIC", "DID", "WAD")

# What a signal goes through within a cycle, with the levels of look-up tables that it costs; all else ends a path. Wide
# multiplexers and carry chains lie beside the look-up tables and are fast; distributed memory is a look-up table.
_LEVELS = {
    **{f"LUT{inputs}": 1 for inputs in range(1, 7)},
    **dict.fromkeys(("INV", "MUXF7", "MUXF8", "MUXF9", "CARRY4", "CARRY8", "PFUMX", "L6MUX21"), 0),
    # a carry cell of the ECP5 is two look-up tables with their carry
    "CCU2C": 1,
    **dict.fromkeys(_MEMORIES, 1),
}
_CARRY = ("CARRY4", "CARRY8", "CCU2C")
_CARRY_IN = ("CI", "CIN")


@dataclass(frozen=True)
class LutPath:
    """The deepest path.

    Parameters
    ----------
    levels
        Look-up tables on it; a carry chain counts as one.
    carries
        Carry cells on it.
    start, end
        What the design calls the registers (or memories, multipliers) at its ends; empty for a port.
    """

    levels: int
    carries: int
    start: str
    end: str


def deepest_path(netlist: Netlist) -> LutPath:
    """Find the path with the most levels; of equal ones, the one with the most carry cells."""
    order = _Depths(netlist)
    deepest = LutPath(0, 0, "", "")
    for cell in netlist.cells.values():
        for port, bits in cell.connections.items():
            if cell.is_output(port) or not _ends_a_path(cell, port):
                continue
            for bit in bits:
                levels, carries, start = order.at(bit)
                if (levels, carries) > (deepest.levels, deepest.carries):
                    deepest = LutPath(levels, carries, start, netlist.label(cell))
    return deepest


class _Depths:
    """The depth of each bit, computed once, without recursion (chains are thousands of cells long)."""

    def __init__(self, netlist: Netlist) -> None:
        self._netlist = netlist
        self._known: dict[Bit, tuple[int, int, str]] = {}

    def at(self, bit: Bit) -> tuple[int, int, str]:
        """Return levels, carry cells and the name of the cell that the path to a bit starts at."""
        stack = [bit]
        opened = set()
        while stack:
            top = stack[-1]
            driver = self._netlist.driver(top)
            waiting = [] if top in self._known else self._waiting(driver)
            if waiting and top not in opened:
                opened.add(top)
                stack += waiting
            else:
                stack.pop()
                self._known.setdefault(top, self._reach(driver))
        return self._known[bit]

    def _waiting(self, driver: Cell | None) -> list[Bit]:
        """Return the bits whose depth must be known first."""
        if driver is None or driver.type not in _LEVELS:
            return []
        return [given for given in _inputs(driver) if given not in self._known]

    def _reach(self, driver: Cell | None) -> tuple[int, int, str]:
        if driver is None or driver.type not in _LEVELS:
            return (0, 0, self._netlist.label(driver) if driver else "")
        return self._through(driver)

    def _through(self, cell: Cell) -> tuple[int, int, str]:
        best = (0, 0, "")
        carry = cell.type in _CARRY
        for port, bits in cell.connections.items():
            if cell.is_output(port) or _ends_a_path(cell, port):
                continue
            # along a carry chain the look-up tables were counted where the chain was entered
            cost = 0 if port in _CARRY_IN else _LEVELS[cell.type]
            for bit in bits:
                levels, carries, start = self._known.get(bit, (0, 0, ""))
                best = max(best, (levels + cost, carries + carry, start))
        return best


def _inputs(cell: Cell) -> list[Bit]:
    return [
        bit
        for port, bits in cell.connections.items()
        if not cell.is_output(port) and not _ends_a_path(cell, port)
        for bit in bits
        if isinstance(bit, int)
    ]


def _ends_a_path(cell: Cell, port: str) -> bool:
    """Whether what enters a cell here leaves it a cycle later at the earliest."""
    return port in _WRITE_SIDE if cell.type in _MEMORIES else cell.type not in _LEVELS
