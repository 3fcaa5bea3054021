"""`edge-runtime generate`: the overlay sized for networks and a board, as a project that can be built and checked."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from edge_runtime.board_project import write_board_project
from edge_runtime.boards import Board, board_file, load_board
from edge_runtime.catalogue import find_model
from edge_runtime.cli.output import BoardOption, JsonFlag, print_json, print_table, terminal
from edge_runtime.compiler.project import write_project
from edge_runtime.compiler.resources import Resources
from edge_runtime.compiler.sizing import SizedOverlay, size_overlay
from edge_runtime.files import read_model

__all__ = ["generate_verb"]

#: Part of the lookup tables that an overlay may take by the fit; the rest is for what the fit misses and for the shell.
_LUT_SHARE = 0.8


def generate_verb(
    models: Annotated[
        list[Path],
        typer.Argument(metavar="MODEL...", parser=find_model, help="int8 .tflite files, or names from `models list`."),
    ],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder to write; made if it is not there.")],
    board: BoardOption = "pynq_z2",
    seed: Annotated[int, typer.Option(min=0, help="Of the bench's random inputs.")] = 0,
    as_json: JsonFlag = False,
) -> None:
    """Search the overlay that runs one or several networks in the fewest cycles on a board, and write it as a project.

    The project has the sized Verilog, the board's top, constraints, scripts, the network's program, a bench that checks
    itself, and the board's file with that overlay. With several networks each gets a folder with its own program and
    bench; the Verilog is the same.
    """
    chosen = load_board(board)
    files = {path.name: read_model(path) for path in models}
    part = chosen.part
    budget = Resources(part.dsp, part.bram36, round(part.lut * _LUT_SHARE))
    sized = size_overlay(files, budget, part.family, packed=part.family != "ecp5", axi_master=chosen.overlay.axi_master)
    for program in sized.programs:
        folder = output if len(sized.programs) == 1 else output / Path(program.name).stem
        write_project(program, folder, family=part.family, device=part.device, clock_hz=chosen.clock_hz, seed=seed)
        write_board_project(board_file(board), sized.parameters, folder)
    if as_json:
        print_json(_describe(sized, chosen))
    else:
        _print(sized, chosen, output)


def _describe(sized: SizedOverlay, board: Board) -> dict[str, Any]:
    return {
        "board": board.name,
        "parameters": sized.parameters.hash,
        "overlay": asdict(sized.parameters),
        "cycles": {program.name: program.cycles for program in sized.programs},
        "dsp": sized.resources.dsp,
        "bram36": sized.resources.bram36,
        "lut_estimate": sized.resources.lut,
        "candidates": sized.candidates,
    }


def _print(sized: SizedOverlay, board: Board, output: Path) -> None:
    print_table(["parameter", "value"], [[name, value] for name, value in asdict(sized.parameters).items()])
    part, resources = board.part, sized.resources
    print_table(
        ["resource", "used", "of"],
        [
            ["DSP", resources.dsp, part.dsp],
            ["BRAM36", resources.bram36, part.bram36],
            ["LUT (estimated)", resources.lut, part.lut],
        ],
    )
    for program in sized.programs:
        terminal().print(f"{program.name}: {program.cycles:,} cycles", soft_wrap=True)
    terminal().print(
        f"overlay {sized.parameters.hash}, the fastest of {sized.candidates} that fit {board.name}: {output}"
    )
