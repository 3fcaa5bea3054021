"""`edge-runtime compile`: who runs what, cycles and memory; and the program as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edge_runtime.boards import Board, load_board
from edge_runtime.cli.output import BoardOption, JsonFlag, ModelArgument, print_json, print_table, terminal
from edge_runtime.compiler import compile_model
from edge_runtime.compiler.report import CompileReport, describe
from edge_runtime.files import read_model, write_file

__all__ = ["compile_verb"]


def compile_verb(
    model: ModelArgument,
    *,
    board: BoardOption = "laptop_sim",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the program to this file.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Compile an int8 TFLite model for a board's overlay, and report placement, exact cycles and memory."""
    chosen = load_board(board)
    program = compile_model(read_model(model), chosen.overlay, name=model.name)
    report = describe(program, board=chosen.name, clock_hz=round(chosen.clock_hz))
    if output is not None:
        write_file(output, program.to_bytes())
    if as_json:
        print_json(report.to_json())
    else:
        _print(report, chosen)


def _print(report: CompileReport, board: Board) -> None:
    print_table(
        ["#", "operator", "placed on", "MACs", "cycles", "because"],
        [[row.index, row.op, row.placement, row.macs, row.cycles, row.reason] for row in report.ops],
    )
    print_table(
        ["memory", "used", "of"],
        [[name, use.used, use.available] for name, use in report.memory.items()],
    )
    clock = f"{report.clock_hz / 1e6:g} MHz" + ("" if board.clock_verified else ", a clock that nothing has verified")
    terminal().print(
        f"{report.model} on {report.board} (overlay {report.parameters}): {report.macs:,} MACs in {report.cycles:,} "
        f"cycles, {report.latency_us:g} us at {clock}",
        soft_wrap=True,
    )
