"""A netlist as Yosys writes it (``write_json``): cells with single-bit ports, who drives a bit and who reads it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

__all__ = ["Bit", "Cell", "Netlist"]

Bit = int | str | None
"""A net's number, or the constant "0", "1" or "x"; None for a port that is not connected."""


class Cell:
    """One cell, over the table of the file."""

    def __init__(self, name: str, data: dict[str, Any]) -> None:
        self.name = name
        self.type: str = data["type"]
        self.parameters: dict[str, str] = data["parameters"]
        self.attributes: dict[str, str] = data.setdefault("attributes", {})
        self.directions: dict[str, str] = data.get("port_directions", {})
        self.connections: dict[str, list[Any]] = data["connections"]

    def bit(self, port: str) -> Bit:
        """Return what a port of one bit is connected to."""
        bits = self.connections.get(port)
        return bits[0] if bits else None

    def is_output(self, port: str) -> bool:
        """Whether the cell drives this port."""
        return self.directions.get(port) == "output"


class Netlist:
    """The flat netlist of one top module, of cells whose ports have one bit each or are not looked at.

    Parameters
    ----------
    text
        The JSON.
    top
        The module's name.
    """

    def __init__(self, text: str, top: str) -> None:
        self._data = json.loads(text)
        module = self._data["modules"][top]
        self._cells: dict[str, Any] = module["cells"]
        self._ports: dict[str, Any] = module["ports"]
        self._outputs = {bit for port in self._ports.values() if port["direction"] != "input" for bit in port["bits"]}
        self._names = _public_names(module.get("netnames", {}))
        self.cells = {name: Cell(name, data) for name, data in self._cells.items()}
        self._drivers: dict[Bit, Cell] = {}
        self._sinks: dict[Bit, list[tuple[Cell, str]]] = defaultdict(list)
        for cell in self.cells.values():
            for port, bits in cell.connections.items():
                for bit in bits:
                    self._attach(cell, port, bit)

    def to_json(self) -> str:
        """Return the netlist as Yosys would write it."""
        return json.dumps(self._data)

    def cells_of(self, kind: str) -> list[Cell]:
        """Return the cells of one type, by their names."""
        return [cell for _, cell in sorted(self.cells.items()) if cell.type == kind]

    def label(self, cell: Cell) -> str:
        """Return the name that the design gives to what a cell drives, or else the cell's own."""
        driven = (bit for port, bits in cell.connections.items() if cell.is_output(port) for bit in bits)
        return next((self._names[bit] for bit in driven if bit in self._names), cell.name)

    def driver(self, bit: Bit) -> Cell | None:
        """Return the cell that drives a bit, if a cell does."""
        return self._drivers.get(bit)

    def sinks(self, bit: Bit) -> list[tuple[Cell, str]]:
        """Return the cells that read a bit, each with its port."""
        return self._sinks[bit]

    def is_used(self, bit: Bit) -> bool:
        """Whether a cell reads the bit, or it leaves the module."""
        return bool(self._sinks.get(bit)) or self.is_output(bit)

    def ports(self, direction: str) -> dict[str, list[Any]]:
        """Return the bits of the module's ports of one direction (``input``, ``output``), by the ports' names."""
        return {name: port["bits"] for name, port in self._ports.items() if port["direction"] == direction}

    def is_output(self, bit: Bit) -> bool:
        """Whether the bit leaves the module."""
        return bit in self._outputs

    def connect(self, cell: Cell, port: str, bit: Bit) -> None:
        """Connect a port of one bit to another net, or to a constant."""
        before = cell.bit(port)
        if before is not None:
            self._detach(cell, port, before)
        cell.connections[port] = [bit]
        cell.directions.setdefault(port, "input")
        self._attach(cell, port, bit)

    def remove(self, cell: Cell) -> None:
        """Take a cell out."""
        for port, bits in cell.connections.items():
            for bit in bits:
                self._detach(cell, port, bit)
        del self.cells[cell.name], self._cells[cell.name]

    def remove_unused(self, kind: str, output: str) -> None:
        """Take out cells of one type whose output nobody reads any more."""
        for cell in list(self._unused(kind, output)):
            self.remove(cell)

    def _unused(self, kind: str, output: str) -> Iterator[Cell]:
        for cell in self.cells_of(kind):
            bit = cell.bit(output)
            if not self.sinks(bit) and not self.is_output(bit):
                yield cell

    def _attach(self, cell: Cell, port: str, bit: Bit) -> None:
        if not isinstance(bit, int):
            return
        if cell.is_output(port):
            self._drivers[bit] = cell
        else:
            self._sinks[bit].append((cell, port))

    def _detach(self, cell: Cell, port: str, bit: Bit) -> None:
        if not isinstance(bit, int):
            return
        if cell.is_output(port):
            self._drivers.pop(bit, None)
        else:
            self._sinks[bit].remove((cell, port))


def _public_names(nets: dict[str, Any]) -> dict[Bit, str]:
    """Return the shortest of the names that the design itself gives to a bit, with its place in a wider net."""
    found: dict[Bit, str] = {}
    for name, net in nets.items():
        if net.get("hide_name"):
            continue
        for place, bit in enumerate(net["bits"]):
            full = f"{name}[{place}]" if len(net["bits"]) > 1 else name
            if bit not in found or len(full) < len(found[bit]):
                found[bit] = full
    return found
