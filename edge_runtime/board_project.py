"""What a generated project has besides its overlay: the board, with that overlay in the place of its own.

The board's file (`board.toml`) is taken by every verb in the place of a board's name. A Zynq's project has the top and
the scripts of its block design, an ECP5's the top behind the serial line and its constraints.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from edge_runtime.board_files import (
    HEADER_NAME,
    board_sources,
    board_top,
    render_board_header,
    render_board_tcl,
    render_lpf,
)
from edge_runtime.boards import Board, load_board
from edge_runtime.compiler.parameters import OverlayParameters
from edge_runtime.compiler.project import write_files
from edge_runtime.compiler.yosys_flow import prepare_project
from edge_runtime.paths import bitstream_folder

__all__ = ["sized_board_text", "write_board_project"]

_BUILD_TCL = """# The board's bitstream with the sized overlay: vivado -mode batch -source build.tcl
# Leaves edge_runtime.bit and edge_runtime.hwh beside this script.
set output [file dirname [file normalize [info script]]]
set scripts $output
set build [file join $output build]
file mkdir $build
set sources [concat [glob -directory [file join $output boards] *.v] [glob -directory [file join $output rtl] *.v]]
set include_dirs [list $output [file join $output rtl]]
source [file join $scripts board.tcl]
source [file join $scripts zynq.tcl]
"""


def sized_board_text(text: str, parameters: OverlayParameters) -> str:
    """Return a board's file with another overlay; that its clock was reached does not hold any more.

    Parameters
    ----------
    text
        Of the board's file.
    parameters
        The overlay's.
    """
    values = {name: str(value).lower() for name, value in asdict(parameters).items()}
    for name, value in [*values.items(), ("clock_verified", "false")]:
        text = re.sub(rf"(?m)^{name} *= *\S+", f"{name} = {value}", text)
    return f"# The overlay is {parameters.hash}, sized by `edge-runtime generate`.\n{text}"


def write_board_project(board_file: Path, parameters: OverlayParameters, folder: Path) -> list[Path]:
    """Write the board's part of a project, and return its files.

    Parameters
    ----------
    board_file
        The board's own file.
    parameters
        The overlay's in the project.
    folder
        The project's.

    Raises
    ------
    ConfigError
        If the board has no top.
    """
    (path,) = write_files(folder, {"board.toml": sized_board_text(board_file.read_text(), parameters)})
    board = load_board(path)
    if board.bus == "verilator":
        return [path]
    tops = [source for source in board_sources(board) if source.parent.name == "boards"]
    contents = {
        **{f"boards/{source.name}": source.read_text() for source in tops},
        HEADER_NAME: render_board_header(board),
        **(_ecp5_files(board) if board.bus == "uart" else _zynq_files(board)),
    }
    return [path, *write_files(folder, contents)]


def _ecp5_files(board: Board) -> Mapping[str, str]:
    top = board_top(board)
    return {
        "constraints.lpf": render_lpf(board),
        "synth.ys": f"read_verilog -I. -Irtl boards/*.v rtl/*.v\nhierarchy -top {top}\n{prepare_project()}"
        f"synth_ecp5 -abc9 -top {top} -json {top}.json\nstat\n",
    }


def _zynq_files(board: Board) -> Mapping[str, str]:
    scripts = [bitstream_folder() / name for name in ("zynq.tcl", "zynq7000.tcl", "zynq_ultrascale.tcl")]
    return {
        **{script.name: script.read_text() for script in scripts},
        "board.tcl": render_board_tcl(board),
        "build.tcl": _BUILD_TCL,
    }
