"""`edge-runtime program`: the overlay into a board's FPGA."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edge_runtime.boards import load_board
from edge_runtime.cli.output import BoardOption, JsonFlag, print_json, terminal
from edge_runtime.synthesis import program_board

__all__ = ["program_verb"]


def program_verb(
    *,
    board: BoardOption,
    bitstream: Annotated[
        Path | None, typer.Option(help="Another bitstream than the one in bitstreams/, as `synth -o` writes it.")
    ] = None,
    flash: Annotated[
        bool, typer.Option("--flash", help="Into the board's flash, so that it comes back with the power.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Load the overlay into a board's FPGA, through openFPGALoader.

    Exit status 0 only if openFPGALoader says that it is done.
    """
    chosen = load_board(board)
    path = program_board(chosen, bitstream, flash=flash)
    if as_json:
        print_json({"board": chosen.name, "bitstream": str(path), "flash": flash})
    else:
        terminal().print(f"{path} is loaded into {chosen.name}", soft_wrap=True)
