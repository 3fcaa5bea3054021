"""`edge-runtime boards`: the boards that are known."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from edge_runtime.boards import Board, list_boards, load_board
from edge_runtime.cli.output import JsonFlag, print_json, print_table

__all__ = ["boards"]


def boards(*, as_json: JsonFlag = False) -> None:
    """List the boards that are known, with their resources and their overlay's parameters."""
    known = [load_board(name) for name in list_boards()]
    if as_json:
        print_json({"boards": [_describe(board) for board in known]})
        return
    print_table(
        ["board", "bus", "part", "LUT", "DSP", "BRAM36", "clock", "array", "parameters"],
        [_row(board) for board in known],
    )


def _describe(board: Board) -> dict[str, Any]:
    return {
        "name": board.name,
        "description": board.description,
        "bus": board.bus,
        **board.part.model_dump(),
        "clock_hz": round(board.clock_hz),
        "clock_verified": board.clock_verified,
        "overlay": asdict(board.overlay),
        "parameters": board.overlay.hash,
    }


def _row(board: Board) -> list[object]:
    part, overlay = board.part, board.overlay
    clock = f"{board.clock_hz / 1e6:g} MHz" + ("" if board.clock_verified else " (unverified)")
    lanes = f"{overlay.k_lanes} x {overlay.oc_lanes}"
    resources = [part.device, part.lut, part.dsp, part.bram36]
    return [board.name, board.bus, *resources, clock, lanes, overlay.hash]
