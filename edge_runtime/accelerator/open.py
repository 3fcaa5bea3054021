"""From the name of an accelerator to an open one, and from a board to the bus that leads to its overlay."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, get_args

from edge_runtime.accelerator.base import Accelerator
from edge_runtime.accelerator.bus.base import Bus
from edge_runtime.accelerator.bus.pynq import open_pynq_bus
from edge_runtime.accelerator.bus.pynq_simulation import SimulatedPynqBus
from edge_runtime.accelerator.bus.serial_simulation import SimulatedUartBus
from edge_runtime.accelerator.bus.uart import UartBus
from edge_runtime.accelerator.bus.verilator import VerilatorBus
from edge_runtime.accelerator.cpu import CpuAccelerator
from edge_runtime.accelerator.overlay import DEFAULT_DEADLINE_S, OverlayAccelerator
from edge_runtime.accelerator.reference import ReferenceAccelerator
from edge_runtime.boards import Board
from edge_runtime.errors import ConfigError

__all__ = ["AcceleratorKind", "Way", "open_accelerator", "open_bus"]

AcceleratorKind = Literal["overlay", "reference", "cpu"]

Way = Literal["board", "axi", "uart", "pynq"]
"""How an overlay is reached: as its board file says, or in simulation: directly, over a serial cable, through pynq."""

PORT_VARIABLE = "EDGE_RUNTIME_SERIAL_PORT"


def open_accelerator(
    kind: AcceleratorKind, board: Board, *, trace: Path | None = None, deadline_s: float = DEFAULT_DEADLINE_S
) -> Accelerator:
    """Open an accelerator.

    Parameters
    ----------
    kind
        ``overlay``, ``reference`` or ``cpu``.
    board
        Whose overlay, and how it is reached.
    trace
        Write the simulated overlay's waveforms to this file.
    deadline_s
        How long a run of the overlay may take, in seconds.

    Raises
    ------
    ConfigError
        If there is no such accelerator, or only a simulated overlay can give what was asked for.
    BusError
        If the board does not answer.
    ToolError
        If pynq or the board's bitstream is missing, or a simulation cannot be built.
    """
    if kind == "overlay":
        return OverlayAccelerator(open_bus(board, trace=trace), deadline_s=deadline_s)
    if trace is not None:
        raise ConfigError(f"accelerator {kind!r} has no waveforms; only a simulated overlay can write {trace}")
    if kind == "reference":
        return ReferenceAccelerator()
    if kind == "cpu":
        return CpuAccelerator()
    raise ConfigError(f"accelerator {kind!r} is unknown; it must be one of {', '.join(get_args(AcceleratorKind))}")


def open_bus(board: Board, way: Way = "board", *, trace: Path | None = None) -> Bus:
    """Open the bus to a board's overlay, or to the simulation of it.

    Parameters
    ----------
    board
        Whose overlay.
    way
        ``board``: as the board's file says. ``axi``: the verilated overlay. ``uart``: the verilated board top behind a
        pseudo-terminal. ``pynq``: the verilated overlay through the real pynq package.
    trace
        Write the verilated overlay's waveforms to this file.

    Raises
    ------
    ConfigError
        If the board has no such way, or no waveforms come from it.
    BusError
        If the board does not answer.
    ToolError
        If pynq or the board's bitstream is missing, or a simulation cannot be built.
    """
    if way == "axi" or (way == "board" and board.bus == "verilator"):
        return VerilatorBus(board.overlay, trace)
    if trace is not None:
        raise ConfigError(f"{trace}: only the verilated overlay writes waveforms, not the {way} way to {board.name!r}")
    if way == "uart":
        return SimulatedUartBus(board)
    if way == "pynq":
        return SimulatedPynqBus(board)
    if board.serial is not None:
        return UartBus(os.environ.get(PORT_VARIABLE) or board.serial.port, board.serial.baud)
    return open_pynq_bus(board)
