"""Moves registers into the ECP5's multipliers and block memories, which Yosys leaves outside.

A multiplier (MULT18X18D) has registers at its inputs and its output, a block memory (DP16KD) one at each output.
Yosys 0.70 maps neither, so that the way through the fabric from a register to the multiplier, through it and to the
next register is one path (10 ns and more). This pass works on the netlist after synthesis: where all bits of a port
come from plain registers, or go to plain registers and nowhere else, the cell takes their place. Names and meaning of
the parameters: Lattice FPGA-TN-02205 (sysDSP) and FPGA-TN-02204 (memory usage guide).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge_runtime.synthesis.netlist import Bit, Cell, Netlist

__all__ = ["PackedRegisters", "align_operands", "pack_registers"]

_MULTIPLIER = "MULT18X18D"
_MEMORY = "DP16KD"
_REGISTER = "TRELLIS_FF"
_OPERAND_BITS = 18
_PRODUCT_BITS = 36
_WIDEST = 36
_CONSTANTS = ("0", "1", "x")


@dataclass
class PackedRegisters:
    """How many ports were given a register of the cell itself.

    Parameters
    ----------
    multipliers, memories
        Multipliers; memory ports that are read, without those of 36 bits, which stay as they are.
    multiplier_inputs, multiplier_outputs
        Multipliers with both inputs, and with the output, registered inside.
    memory_outputs
        Memory ports with the output registered inside.
    """

    multipliers: int = 0
    multiplier_inputs: int = 0
    multiplier_outputs: int = 0
    memories: int = 0
    memory_outputs: int = 0


def pack_registers(netlist: Netlist) -> PackedRegisters:
    """Move what registers can be moved, in place; the netlist does the same as before in every cycle.

    A register whose output is still needed elsewhere stays as well.
    """
    packed = PackedRegisters()
    for cell in netlist.cells_of(_MEMORY):
        for side in ("A", "B"):
            _pack_memory_output(netlist, cell, side, packed)
    for cell in netlist.cells_of(_MULTIPLIER):
        packed.multipliers += 1
        # nextpnr has timing for both inputs registered or neither
        packed.multiplier_inputs += _pack_inputs(netlist, cell)
        packed.multiplier_outputs += _pack_product(netlist, cell)
    netlist.remove_unused(_REGISTER, "Q")
    return packed


def align_operands(netlist: Netlist) -> int:
    """Move narrow signed operands to the top of their multiplier's ports, in place; return how many moved.

    A signed operand of 8 bits has its sign on 11 of the 18 pins, and each of them is a wire to route. Shifted to the
    top, with zeros below, it needs 8; the product moves up by as much.
    """
    return sum(_align(netlist, cell) for cell in netlist.cells_of(_MULTIPLIER))


def _align(netlist: Netlist, cell: Cell) -> int:
    if (cell.bit("SIGNEDA"), cell.bit("SIGNEDB")) != ("1", "1"):
        return 0
    operands = {operand: [cell.bit(f"{operand}{bit}") for bit in range(_OPERAND_BITS)] for operand in "AB"}
    shifts = {operand: _sign_copies(bits) for operand, bits in operands.items()}
    shift = sum(shifts.values())
    product = [cell.bit(f"P{bit}") for bit in range(_PRODUCT_BITS)]
    if not shift or any(netlist.is_used(bit) for bit in product[_PRODUCT_BITS - shift :]):
        return 0
    for operand, bits in operands.items():
        moved = ["0"] * shifts[operand] + bits[: _OPERAND_BITS - shifts[operand]]
        for place, bit in enumerate(moved):
            netlist.connect(cell, f"{operand}{place}", bit)
    for place in range(_PRODUCT_BITS):
        netlist.connect(cell, f"P{place}", None)
    for place, bit in enumerate(product[_PRODUCT_BITS - shift :] + product[: _PRODUCT_BITS - shift]):
        netlist.connect(cell, f"P{place}", bit)
    return sum(map(bool, shifts.values()))


def _sign_copies(bits: Sequence[Bit]) -> int:
    """Return how many bits at the top only repeat the one below them."""
    copies = 0
    while copies < len(bits) - 1 and bits[-1 - copies] == bits[-2 - copies] and isinstance(bits[-1], int):
        copies += 1
    return copies


def _pack_inputs(netlist: Netlist, cell: Cell) -> bool:
    ports = [f"{operand}{bit}" for operand in "AB" for bit in range(_OPERAND_BITS)]
    drivers = _source_registers(netlist, [cell.bit(port) for port in ports])
    if drivers is None or cell.parameters.get("REG_INPUTA_CLK", "NONE") != "NONE":
        return False
    for port in ports:
        bit = cell.bit(port)
        if bit in drivers:
            netlist.connect(cell, port, drivers[bit].bit("DI"))
    _clock(netlist, cell, next(iter(drivers.values())).bit("CLK"))
    for operand in "AB":
        cell.parameters.update(_register(f"REG_INPUT{operand}"))
    return True


def _pack_product(netlist: Netlist, cell: Cell) -> bool:
    ports = [f"P{bit}" for bit in range(_PRODUCT_BITS)]
    registers = _sink_registers(netlist, cell, ports)
    if registers is None or cell.parameters.get("REG_OUTPUT_CLK", "NONE") != "NONE":
        return False
    _clock(netlist, cell, next(iter(registers.values())).bit("CLK"))
    _take_over(netlist, cell, registers)
    cell.parameters.update(_register("REG_OUTPUT"))
    return True


def _pack_memory_output(netlist: Netlist, cell: Cell, side: str, packed: PackedRegisters) -> None:
    ports = [f"DO{side}{bit}" for bit in range(_OPERAND_BITS)]
    # at 36 bits both sides are one port, with one register for it: none of ours is
    if _width(cell) == _WIDEST or not any(netlist.is_used(cell.bit(port)) for port in ports):
        return
    packed.memories += 1
    registers = _sink_registers(netlist, cell, ports)
    if registers is None or cell.parameters.get(f"REGMODE_{side}", "NOREG") != "NOREG":
        return
    clock = next(iter(registers.values())).bit("CLK")
    if cell.bit(f"CLK{side}") != clock or cell.bit(f"OCE{side}") != "1" or cell.bit(f"RST{side}") != "0":
        return
    _take_over(netlist, cell, registers)
    cell.parameters[f"REGMODE_{side}"] = "OUTREG"
    packed.memory_outputs += 1


def _width(cell: Cell) -> int:
    return int(cell.parameters.get("DATA_WIDTH_A", "10010"), 2)


def _take_over(netlist: Netlist, cell: Cell, registers: dict[str, Cell]) -> None:
    """Let a cell's outputs drive what the registers behind them drove."""
    for port, register in registers.items():
        output = register.bit("Q")
        netlist.remove(register)
        netlist.connect(cell, port, output)


def _register(name: str) -> dict[str, str]:
    return {f"{name}_CLK": "CLK0", f"{name}_CE": "CE0", f"{name}_RST": "RST0"}


def _clock(netlist: Netlist, cell: Cell, clock: Bit) -> None:
    """Give a multiplier its clock; enable and reset must be driven, for an open reset pin reads as one."""
    netlist.connect(cell, "CLK0", clock)
    netlist.connect(cell, "CE0", "1")
    netlist.connect(cell, "RST0", "0")
    cell.parameters.update({"GSR": "DISABLED", "RESETMODE": "SYNC"})


def _source_registers(netlist: Netlist, bits: Sequence[Bit]) -> dict[Bit, Cell] | None:
    """Return the plain register behind each bit that is no constant, if there is one behind each, of one clock."""
    found: dict[Bit, Cell] = {}
    for bit in bits:
        if bit in _CONSTANTS or bit in found:
            continue
        driver = netlist.driver(bit)
        if driver is None or not _is_plain(driver):
            return None
        found[bit] = driver
    return found if _one_clock(found.values()) else None


def _sink_registers(netlist: Netlist, cell: Cell, ports: Iterable[str]) -> dict[str, Cell] | None:
    """Return the plain register after each port that is used, if that is all that the port drives."""
    found: dict[str, Cell] = {}
    for port in ports:
        sinks = netlist.sinks(cell.bit(port))
        if not sinks:
            continue
        if len(sinks) != 1 or netlist.is_output(cell.bit(port)):
            return None
        register, pin = sinks[0]
        if pin != "DI" or not _is_plain(register):
            return None
        found[port] = register
    return found if _one_clock(found.values()) else None


def _one_clock(registers: Iterable[Cell]) -> bool:
    return len({register.bit("CLK") for register in registers}) == 1


def _is_plain(cell: Cell) -> bool:
    """Whether a cell is a register with neither enable nor reset, on the rising edge."""
    if cell.type != _REGISTER or cell.bit("LSR") not in ("0", None):
        return False
    plain = {"CEMUX": "1", "CLKMUX": "CLK", "REGSET": "RESET"}
    return all(cell.parameters.get(name, value).strip() == value for name, value in plain.items())
