"""`edge-runtime demo`: the whole loop on recorded data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from edge_runtime.cli.output import JsonFlag, print_json, print_table, terminal
from edge_runtime.demo import DemoOptions, DemoResult, LineProgress, LiveProgress, Progress, percent, run_demo
from edge_runtime.errors import MismatchError

__all__ = ["demo"]


def demo(
    *,
    seed: Annotated[int, typer.Option(min=0, help="The first seed; it is played slowly enough to watch.")] = 0,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds.")] = 10,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for report.html.")] = Path("out/demo"),
    trace: Annotated[
        Path | None, typer.Option(help="Write waveforms of the first inferences to this .fst or .vcd file.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Stream real sensor data through the simulated overlay, turn the watch half-way, and learn from late labels.

    Exit status 0 only if every output of the overlay was the reference's.
    """
    progress = _progress()
    try:
        result, report = run_demo(DemoOptions(seed, seeds, output, trace), progress)
    finally:
        progress.close()
    if as_json:
        print_json({**result.to_dict(), "report": str(report)})
    else:
        _print(result, report)
    if result.mismatches:
        raise MismatchError(f"{result.mismatches:,} of {result.compared:,} output elements differ from the reference's")


def _progress() -> Progress:
    """Show progress on standard error: live in a terminal, else in lines."""
    console = terminal(errors=True)
    return LiveProgress(console) if sys.stderr.isatty() else LineProgress(console)


def _print(result: DemoResult, report: Path) -> None:
    rows = []
    for played, found in zip(result.played, result.accuracies, strict=True):
        shares = [found.before, found.frozen_after, found.learned_after, found.recovered]
        rows.append([f"{played.scenario.seed}", *[percent(share) for share in shares], played.reports[1].serving])
    mean, recovery = result.recovery.mean, result.recovery
    shares = [mean.before, mean.frozen_after, mean.learned_after, recovery.recovered]
    rows.append(["all", *[percent(share) for share in shares], ""])
    print_table(["seed", "before", "frozen after", "learned after", "won back", "head at the end"], rows)
    console = terminal()
    if recovery.interval:
        low, high = recovery.interval
        console.print(
            f"won back {percent(recovery.recovered)} of what the turn took (95 %: {percent(low)} to {percent(high)})"
        )
    console.print(f"{result.mismatches:,} mismatches in {result.compared:,} output elements of the overlay")
    latency = result.latency
    console.print(
        f"{result.windows:,} windows, {result.windows_per_s:,.0f}/s, p50 {latency.p50_ms:.2f} ms, p99 "
        f"{latency.p99_ms:.2f} ms, {result.cycles_per_inference:g} cycles an inference"
    )
    console.print(f"report: {report}", soft_wrap=True)
