"""Boards of one's own for tests."""

from __future__ import annotations

from dataclasses import asdict

from edge_runtime.boards import Board, OverlayTable, load_board
from edge_runtime.compiler import OverlayParameters

__all__ = ["serial_board"]


def serial_board(parameters: OverlayParameters) -> Board:
    """Return the Colorlight i5 with another overlay."""
    board = load_board("colorlight_i5")
    values = {name: getattr(board, name) for name in Board.model_fields}
    return Board.model_construct(**{**values, "overlay_table": OverlayTable(**asdict(parameters))})
