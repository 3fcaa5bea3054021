"""`edge-runtime synth`: what an overlay takes of its FPGA, how fast it runs there, and its bitstream."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from edge_runtime.boards import Board, load_board
from edge_runtime.cli.output import BoardOption, JsonFlag, OptionalModelArgument, print_json, print_table, terminal
from edge_runtime.compiler import compile_model
from edge_runtime.errors import FitError
from edge_runtime.files import read_model
from edge_runtime.synthesis import SynthResult, route, synth, tool_versions, write_manifest

__all__ = ["synth_verb"]


def synth_verb(
    model: OptionalModelArgument = None,
    *,
    board: BoardOption = "pynq_z2",
    place: Annotated[
        bool, typer.Option("--route", help="Place and route too, for its Fmax: ECP5 only, 5 to 30 minutes.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of place and route.")] = 1,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Place and route, and write bitstream and manifest into this folder."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Synthesise a board's overlay with Yosys: area, depth, and whether it fits.

    With MODEL, also the cycles that this overlay takes for it. Exit status 0 only if the design fits and, where it was
    placed, reaches the board's clock.
    """
    chosen = load_board(board)
    network = _cycles(model, chosen) if model else {}
    if place or output:
        result, routed = route(chosen, seed=seed)
        _check_clock(result, chosen)
        if output:
            write_manifest(_manifest(result, chosen), routed.bitstream, output)
    else:
        result = synth(chosen)
    if as_json:
        print_json({**_describe(result), **network})
    else:
        _print(result, chosen, network)
    if not result.fits:
        raise FitError(
            f"{result.top} does not fit {result.device}: {'; '.join(result.misfits)}; choose smaller overlay parameters"
        )


def _cycles(model: Path, board: Board) -> dict[str, Any]:
    program = compile_model(read_model(model), board.overlay, name=model.name)
    return {
        "model": model.name,
        "cycles": program.cycles,
        "latency_us": round(program.cycles / board.clock_hz * 1e6, 3),
    }


def _check_clock(result: SynthResult, board: Board) -> None:
    clock_mhz = board.clock_hz / 1e6
    if result.fmax_mhz is not None and result.fmax_mhz < clock_mhz:
        raise FitError(
            f"{board.name}: reaches {result.fmax_mhz:g} MHz with seed {result.seed}, not its clock of {clock_mhz:g} "
            "MHz; try another --seed, or a slower clock in the board's file"
        )


def _describe(result: SynthResult) -> dict[str, Any]:
    return {
        "board": result.board,
        "device": result.device,
        "parameters": result.parameters,
        "top": result.top,
        "sources": result.sources,
        "lut": result.area.lut,
        "ff": result.area.ff,
        "dsp": result.area.dsp,
        "bram36": result.area.bram36,
        "dsp_registered": result.area.dsp_registered,
        "bram_registered": result.area.bram_registered,
        "bram_cells": result.area.bram_cells,
        "lut_levels": result.path.levels,
        "deepest_path": {"start": result.path.start, "end": result.path.end, "carries": result.path.carries},
        "fmax_mhz": result.fmax_mhz,
        "seed": result.seed,
        "fits": result.fits,
    }


def _manifest(result: SynthResult, board: Board) -> dict[str, Any]:
    about = _describe(result)
    fields = ("board", "device", "sources", "parameters", "fmax_mhz", "seed", "lut", "ff", "dsp", "bram36")
    named = {**{field: about[field] for field in fields}, "files": result.files}
    return {**named, "clock_mhz": board.clock_hz / 1e6, "tools": tool_versions()}


def _print(result: SynthResult, board: Board, network: dict[str, Any]) -> None:
    area, part = result.area, board.part
    print_table(
        ["resource", "used", "of"],
        [
            ["look-up tables", area.lut, part.lut],
            ["registers", area.ff, part.ff],
            ["multipliers", area.dsp, part.dsp],
            ["block memories of 36 Kb", area.bram36, part.bram36],
        ],
        title=f"{result.top} on {result.device} (overlay {result.parameters})",
    )
    console = terminal()
    console.print(
        f"{area.dsp_registered} of {area.dsp} multipliers and {area.bram_registered} of {area.bram_cells} block "
        f"memories have a registered output; {result.path.levels} look-up tables at most between registers",
        soft_wrap=True,
    )
    if result.fmax_mhz is None:
        console.print("Fmax: not known; nothing was placed and routed from these sources")
    else:
        console.print(f"Fmax: {result.fmax_mhz:g} MHz by place and route (seed {result.seed})")
    if network:
        console.print(f"{network['model']}: {network['cycles']:,} cycles, {network['latency_us']:g} us", soft_wrap=True)
