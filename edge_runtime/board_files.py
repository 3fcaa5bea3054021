"""What a board's top is built with: the header with its parameters, its sources and its constraints.

The tops in `rtl/boards/` hold no numbers. Overlay parameters, rates and dividers come from a header, `edge_board.vh`,
that is rendered from the board's TOML file, for the board itself or for its simulation.
``python -m edge_runtime.board_files BOARD FOLDER`` writes all of it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.boards import Board, Pin, load_board
from edge_runtime.compiler.resources import verilog_parameters
from edge_runtime.errors import ConfigError
from edge_runtime.paths import rtl_folder

__all__ = [
    "HEADER_NAME",
    "SIMULATED_CLOCKS_PER_BIT",
    "ZYNQ_TOP",
    "Ecp5Pll",
    "board_sources",
    "board_top",
    "plan_ecp5_pll",
    "render_board_header",
    "render_board_tcl",
    "render_lpf",
    "write_board_files",
]

HEADER_NAME = "edge_board.vh"

# ECP5 sysCLOCK PLL, Lattice FPGA-DS-02012: limits of the VCO and of the phase detector, in Hz; dividers go up to 128.
_VCO_HZ = (400e6, 800e6)
_DETECTOR_HZ = (10e6, 400e6)
_LARGEST_DIVIDER = 128
_MIDDLE_VCO_HZ = 600e6

SIMULATED_CLOCKS_PER_BIT = 16

#: All Zynq boards have one top: pins are the processing system's business.
ZYNQ_TOP = "edge_zynq_top"
# What a top takes besides from `rtl/boards/`, by the bus that leads to it.
_SHARED = {"uart": ("edge_ecp5_clock", "edge_uart_system"), "pynq": ()}


@dataclass(frozen=True)
class Ecp5Pll:
    """Dividers of an EHXPLLL with feedback from CLKOP."""

    input_div: int
    feedback_div: int
    output_div: int


def plan_ecp5_pll(oscillator_hz: float, clock_hz: float) -> Ecp5Pll:
    """Return the dividers that make exactly `clock_hz`, with the VCO as near to 600 MHz as they can.

    Raises
    ------
    ConfigError
        If no dividers do.
    """
    low, high = _VCO_HZ
    outputs = [div for div in range(1, _LARGEST_DIVIDER + 1) if low <= clock_hz * div <= high]
    for input_div in range(1, _LARGEST_DIVIDER + 1):
        feedback_div = clock_hz * input_div / oscillator_hz
        in_reach = _DETECTOR_HZ[0] <= oscillator_hz / input_div <= _DETECTOR_HZ[1]
        if outputs and in_reach and feedback_div == int(feedback_div) and 1 <= feedback_div <= _LARGEST_DIVIDER:
            output_div = min(outputs, key=lambda div: abs(clock_hz * div - _MIDDLE_VCO_HZ))
            return Ecp5Pll(input_div, int(feedback_div), output_div)
    raise ConfigError(
        f"clock: the ECP5's PLL cannot make {clock_hz / 1e6:g} MHz from {oscillator_hz / 1e6:g} MHz; "
        "use a clock that is a simple fraction of the oscillator's, like 2 or 5/2 times it"
    )


def render_board_header(board: Board, *, simulated: bool = False) -> str:
    """Return `edge_board.vh` for a board; `simulated` makes its serial line take 16 clocks a bit.

    Raises
    ------
    ConfigError
        If the board's clock cannot be made.
    """
    lines = [
        "// SPDX-License-Identifier: Apache-2.0",
        "//",
        f"// Generated from board_configs/{board.name}.toml: do not edit.",
        "",
        "`ifndef EDGE_BOARD_VH",
        "`define EDGE_BOARD_VH",
        "",
        *(f"`define EDGE_BOARD_{name} {value}" for name, value in _macros(board, simulated=simulated)),
        "",
        "`endif",
        "",
    ]
    return "\n".join(lines)


def _macros(board: Board, *, simulated: bool) -> Iterator[tuple[str, object]]:
    values = verilog_parameters(board.overlay, board.part.family)
    parameters = ", ".join(f".{name}({value})" for name, value in values.items())
    yield "OVERLAY_PARAMETERS", parameters
    if board.serial is not None:
        yield "CLOCK_HZ", SIMULATED_CLOCKS_PER_BIT if simulated else round(board.clock_hz)
        yield "BAUD", 1 if simulated else board.serial.baud
    if board.part.family == "ecp5" and board.oscillator_hz is not None:
        pll = plan_ecp5_pll(board.oscillator_hz, board.clock_hz)
        yield "OSCILLATOR_MHZ", f'"{board.oscillator_hz / 1e6:g}"'
        yield "CLOCK_MHZ", f'"{board.clock_hz / 1e6:g}"'
        yield "PLL_INPUT_DIV", pll.input_div
        yield "PLL_FEEDBACK_DIV", pll.feedback_div
        yield "PLL_OUTPUT_DIV", pll.output_div


def board_top(board: Board) -> str:
    """Return the name of a board's top module, and of its file in `rtl/boards/`.

    Raises
    ------
    ConfigError
        If the board has no top.
    """
    if board.bus == "pynq":
        return ZYNQ_TOP
    if board.bus == "verilator":
        raise ConfigError(f"board {board.name!r} has no top: it is a simulation of the overlay alone")
    if not (rtl_folder() / "boards" / f"{board.name}.v").is_file():
        raise ConfigError(f"board {board.name!r} has no top: rtl/boards/{board.name}.v is not there")
    return board.name


def board_sources(board: Board) -> list[Path]:
    """Return the Verilog files of a board's top, which comes first, and of the overlay.

    Raises
    ------
    ConfigError
        If the board has no top.
    """
    names = (board_top(board), *_SHARED[board.bus])
    return [*(rtl_folder() / "boards" / f"{name}.v" for name in names), *sorted(rtl_folder().glob("*.v"))]


def render_lpf(board: Board) -> str:
    """Return the constraints of an ECP5 board, as nextpnr-ecp5 and Lattice's tools read them.

    Raises
    ------
    ConfigError
        If it is no ECP5 board.
    """
    if board.part.family != "ecp5" or board.oscillator_hz is None:
        raise ConfigError(f"board {board.name!r} has a part of family {board.part.family}; only ecp5 has .lpf files")
    lines = [f"# Generated from board_configs/{board.name}.toml: do not edit.", ""]
    for port, pin in board.pins.items():
        lines += [f'LOCATE COMP "{port}" SITE "{pin.site}";', f'IOBUF PORT "{port}" {_electrical(pin)};']
    lines += ["", f'FREQUENCY PORT "{board.oscillator_pin}" {board.oscillator_hz / 1e6:g} MHZ;', ""]
    return "\n".join(lines)


def _electrical(pin: Pin) -> str:
    drive = "" if pin.drive_ma is None else f" DRIVE={pin.drive_ma}"
    return f"PULLMODE={pin.pull.upper()} IO_TYPE={pin.standard}{drive}"


_PROCESSING_SYSTEMS = {"xc7": "zynq7000", "xcup": "zynq_ultrascale"}


def render_board_tcl(board: Board) -> str:
    """Return what `bitstreams/zynq.tcl` takes from a Zynq board's file.

    Raises
    ------
    ConfigError
        If it is no Zynq board.
    """
    if board.pynq is None:
        raise ConfigError(f"board {board.name!r} has no block design; its bus is {board.bus!r}")
    settings = {
        "board": board.name,
        "part": board.part.device,
        "board_part": board.pynq.board_part,
        "base_address": f"0x{board.pynq.base_address:08X}",
        "clock_mhz": f"{board.clock_hz / 1e6:g}",
        "processing_system": _PROCESSING_SYSTEMS[board.part.family],
    }
    lines = [f"set {name} {value}" for name, value in settings.items()]
    return "\n".join([f"# Generated from board_configs/{board.name}.toml: do not edit.", *lines, ""])


def write_board_files(board: Board, folder: Path) -> list[Path]:
    """Write into `folder` what the board's top is built with, and return the files.

    They are the header, the list of sources, and an ECP5's constraints or a Zynq's settings for Vivado.

    Raises
    ------
    ConfigError
        If the board has no top.
    """
    files = {
        HEADER_NAME: render_board_header(board),
        "sources.txt": "".join(f"{path}\n" for path in board_sources(board)),
    }
    if board.part.family == "ecp5":
        files["constraints.lpf"] = render_lpf(board)
    if board.pynq is not None:
        files["board.tcl"] = render_board_tcl(board)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(content)
    return [folder / name for name in files]


if __name__ == "__main__":
    write_board_files(load_board(sys.argv[1]), Path(sys.argv[2]))
