"""Boards of one's own for tests."""

from __future__ import annotations

from dataclasses import asdict

from edge_runtime.boards import Board, OverlayTable, load_board
from edge_runtime.compiler import OverlayParameters

__all__ = ["serial_board", "with_overlay"]


def serial_board(parameters: OverlayParameters) -> Board:
    """Return the Colorlight i5 with another overlay."""
    return with_overlay("colorlight_i5", parameters)


def with_overlay(name: str, parameters: OverlayParameters) -> Board:
    """Return a board with another overlay."""
    board = load_board(name)
    values = {field: getattr(board, field) for field in Board.model_fields}
    return Board.model_construct(**{**values, "overlay_table": OverlayTable(**asdict(parameters))})
