"""`edge-runtime compile`: who runs what, cycles and memory; and the program as a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from edge_runtime.accelerator.load_time import serial_times
from edge_runtime.boards import Board, load_board
from edge_runtime.cli.output import BoardOption, JsonFlag, ModelArgument, print_json, print_table, terminal
from edge_runtime.compiler import Program, compile_model
from edge_runtime.compiler.report import CompileReport, SerialTimes, describe, transfer_lines
from edge_runtime.compiler.report_page import report_page
from edge_runtime.files import read_model, write_file

__all__ = ["compile_verb"]


def compile_verb(
    model: ModelArgument,
    *,
    board: BoardOption = "laptop_sim",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the program to this file.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the report with its pictures to this file.")] = None,
    allow_cpu: Annotated[
        bool, typer.Option("--allow-cpu", help="Let the CPU run what does not fit the overlay.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Compile an int8 TFLite model for a board's overlay, and report placement, exact cycles and memory."""
    chosen = load_board(board)
    program = compile_model(read_model(model), chosen.overlay, name=model.name, allow_cpu=allow_cpu)
    report = replace(
        describe(program, board=chosen.name, clock_hz=round(chosen.clock_hz)), serial=_serial(program, chosen)
    )
    if output is not None:
        write_file(output, program.to_bytes())
    if html is not None:
        write_file(html, report_page(report, chosen.overlay).encode())
    if as_json:
        print_json(report.to_json())
    else:
        _print(report, chosen)


def _serial(program: Program, board: Board) -> SerialTimes | None:
    return serial_times(program, board.serial.baud) if board.serial else None


def _print(report: CompileReport, board: Board) -> None:
    print_table(
        ["#", "operator", "placed on", "MACs", "cycles", "because"],
        [[row.index, row.op, row.placement, row.macs, row.cycles, row.reason] for row in report.ops],
    )
    print_table(
        ["memory", "used", "of"],
        [[name, use.used, use.available] for name, use in report.memory.items()],
    )
    _print_roofline(report)
    _print_memory_map(report)
    for warning in report.warnings:
        terminal().print(f"warning: {warning}", soft_wrap=True)
    clock = f"{report.clock_hz / 1e6:g} MHz" + ("" if board.clock_verified else ", a clock that nothing has verified")
    terminal().print(
        f"{report.model} on {report.board} (overlay {report.parameters}): {report.macs:,} MACs in {report.cycles:,} "
        f"cycles, {report.latency_us:g} us at {clock}; {100 * report.utilisation:.1f} % of the array's limit; "
        f"fully-connected layers round as {_GOLDEN[report.rounding]}",
        soft_wrap=True,
    )
    for line in transfer_lines(report):
        terminal().print(line, soft_wrap=True)


_GOLDEN = {"double": "tflite-runtime 2.14", "single": "LiteRT 2"}
_BAR_CELLS = 20


def _print_roofline(report: CompileReport) -> None:
    print_table(
        ["operators", "unit", "MACs an output", "MACs a cycle", "possible", "of it", "bound by"],
        [
            [
                " + ".join(map(str, point.operators)),
                point.unit,
                round(point.macs_per_output, 1),
                round(point.macs_per_cycle, 1),
                round(point.possible, 1),
                f"{_bar(point.share)} {100 * point.share:.0f} %",
                point.bound,
            ]
            for point in report.roofline
        ],
    )


def _bar(share: float) -> str:
    full = round(min(1.0, share) * _BAR_CELLS)
    return "#" * full + "." * (_BAR_CELLS - full)


def _print_memory_map(report: CompileReport) -> None:
    print_table(
        ["part", "tensor", "from", "bytes", "layers"],
        [
            [row.part, f"{row.tensor} {row.name}", row.address, row.size, f"{row.first} to {row.last}"]
            for row in report.memory_map
        ],
    )
