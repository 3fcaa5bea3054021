"""Synthesis of a board's overlay: area, depth, whether it fits, and, for the ECP5, Fmax and bitstream.

Results are kept in the cache, under the hash of all that they depend on: sources, parameters, tools and the code of
this room.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from edge_runtime.boards import Board
from edge_runtime.paths import cache_folder
from edge_runtime.synthesis.area import Area, count_area, misfits
from edge_runtime.synthesis.depth import LutPath, deepest_path
from edge_runtime.synthesis.design import Design, board_design, overlay_design
from edge_runtime.synthesis.ecp5_registers import align_operands, pack_registers
from edge_runtime.synthesis.floorplan import fix_places
from edge_runtime.synthesis.manifest import read_manifest
from edge_runtime.synthesis.netlist import Netlist
from edge_runtime.synthesis.place import Routed, device_flags, place_and_route
from edge_runtime.synthesis.tools import tool_versions
from edge_runtime.synthesis.yosys import synthesise

__all__ = ["SynthResult", "map_design", "route", "synth"]


@dataclass(frozen=True)
class SynthResult:
    """What synthesis says of a board.

    Parameters
    ----------
    board, device
        Names.
    parameters
        Hash of the overlay's parameters.
    top
        What was synthesised: the board's top, or the overlay alone where the board has none.
    sources
        Hash of what was synthesised: of the files that the top reaches.
    files
        Their names.
    area
        What it uses.
    path
        The deepest path.
    misfits
        What the part has too little of; empty if the design fits.
    fmax_mhz
        From place and route; None if none was done for these very sources, or none can be.
    seed
        Of that place and route.
    """

    board: str
    device: str
    parameters: str
    top: str
    sources: str
    files: tuple[str, ...]
    area: Area
    path: LutPath
    misfits: tuple[str, ...]
    fmax_mhz: float | None = None
    seed: int | None = None

    @property
    def fits(self) -> bool:
        """Whether the part has enough of everything."""
        return not self.misfits


def synth(board: Board) -> SynthResult:
    """Synthesise a board's overlay, with its top where it has one; a minute or some the first time.

    `fmax_mhz` is that of the board's bitstream, if that was made from the same sources.

    Raises
    ------
    ToolError
        If Yosys is missing or fails.
    """
    design = _design(board)
    kept = _cache_file(design, "area")
    if not kept.is_file():
        with _work_folder() as folder:
            _measure(design, folder, kept)
    result = _result(board, design, json.loads(kept.read_text()))
    manifest = read_manifest(board.name)
    if manifest is None or manifest.sources != design.hash(manifest.files):
        return result
    return replace(result, fmax_mhz=manifest.fmax_mhz, seed=manifest.seed)


def route(board: Board, *, seed: int = 1) -> tuple[SynthResult, Routed]:
    """Synthesise, place and route a board's top: 5 to 30 minutes, unless the cache has it.

    Raises
    ------
    ConfigError
        If there is no open place and route for the board's part, or the board has no top.
    ToolError
        If a tool is missing or fails.
    """
    device_flags(board)
    design = board_design(board)
    area, kept = _cache_file(design, "area"), _cache_file(design, f"seed{seed}")
    bitstream = kept.with_suffix(".bit")
    if not (area.is_file() and kept.is_file() and bitstream.is_file()):
        with _work_folder() as folder:
            netlist = _measure(design, folder, area)
            fix_places(netlist, board.part.device)
            routed = place_and_route(board, netlist.to_json(), folder, seed=seed)
        _keep(bitstream, routed.bitstream)
        _keep(kept, json.dumps({"fmax_mhz": routed.fmax_mhz}).encode())
    routed = Routed(json.loads(kept.read_text())["fmax_mhz"], bitstream.read_bytes())
    result = _result(board, design, json.loads(area.read_text()))
    return replace(result, fmax_mhz=routed.fmax_mhz, seed=seed), routed


def _design(board: Board) -> Design:
    return board_design(board) if board.part.family == "ecp5" and board.pins else overlay_design(board)


def map_design(design: Design, folder: Path) -> tuple[Netlist, tuple[str, ...]]:
    """Synthesise a design; return the netlist as place and route gets it, and the files that its top reaches.

    Raises
    ------
    ToolError
        If Yosys is missing or fails.
    """
    synthesised = synthesise(design, folder)
    netlist = Netlist(synthesised.netlist, design.top)
    if design.family == "ecp5":
        align_operands(netlist)
        pack_registers(netlist)
    return netlist, synthesised.reached


def _measure(design: Design, folder: Path, kept: Path) -> Netlist:
    """Synthesise, keep what was measured, and return the netlist."""
    netlist, reached = map_design(design, folder)
    measured = {"area": asdict(count_area(netlist)), "path": asdict(deepest_path(netlist)), "files": reached}
    _keep(kept, json.dumps(measured).encode())
    return netlist


def _keep(path: Path, content: bytes) -> None:
    """Write a result in one step; others may be looking for it."""
    unfinished = path.with_suffix(f".{os.getpid()}")
    unfinished.write_bytes(content)
    unfinished.replace(path)


def _result(board: Board, design: Design, measured: dict[str, Any]) -> SynthResult:
    area, files = Area(**measured["area"]), tuple(measured["files"])
    return SynthResult(
        board=board.name,
        device=board.part.device,
        parameters=board.overlay.hash,
        top=design.top,
        sources=design.hash(files),
        files=files,
        area=area,
        path=LutPath(**measured["path"]),
        misfits=tuple(misfits(area, board.part)),
    )


def _cache_file(design: Design, what: str) -> Path:
    content = json.dumps([design.hash(), tool_versions(), _code_hash()], sort_keys=True)
    key = hashlib.sha256(content.encode()).hexdigest()[:20]
    return cache_folder() / "synthesis" / f"{design.top}-{key}-{what}.json"


@lru_cache(maxsize=1)
def _code_hash() -> str:
    """Return the hash of this room: its commands, its passes on the netlist, its way to count."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


@contextmanager
def _work_folder() -> Iterator[Path]:
    """Yield a folder for the tools' files, which is gone afterwards; they are too many and too large for /tmp."""
    parent = cache_folder() / "synthesis"
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        yield Path(folder)
