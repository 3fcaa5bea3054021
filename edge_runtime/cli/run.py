"""`edge-runtime run`: the daemon."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import anyio
import typer

from edge_runtime.cli.output import JsonFlag, print_json, terminal
from edge_runtime.daemon import PipelineConfig, PipelineReport, load_pipeline, run_pipelines
from edge_runtime.daemon.plant import build_plant
from edge_runtime.errors import ConfigError, MismatchError, SinkError

__all__ = ["run", "run_config"]


def run(
    pipeline: Annotated[Path, typer.Argument(metavar="PIPELINE.toml", help="The pipeline file.")],
    *,
    board: Annotated[str | None, typer.Option(help="Another board than the file names.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Run a pipeline until its source ends, or SIGINT or SIGTERM stops it.

    What has come by then is still computed and written. Exit status 0 only if every record was written, and
    every compared output was the reference's.
    """
    run_config(load_pipeline(pipeline), pipeline, board=board, as_json=as_json)


def run_config(config: PipelineConfig, path: Path, *, board: str | None, as_json: bool) -> None:
    """Run a pipeline, whose file is at `path`, and tell what came of it; `run` and `replay` share this."""
    _check_output(config, path, as_json=as_json)
    plant = build_plant(config, board=board)
    stopped = anyio.run(
        partial(run_pipelines, plant.source, [plant.pipeline], handle_signals=True, beside=plant.beside)
    )
    report = plant.pipeline.report()
    if as_json:
        about = {
            "board": plant.deployment.board.name,
            "accelerator": config.model.accelerator,
            "parameters": plant.deployment.board.overlay.hash,
        }
        print_json({**report.to_dict(), **about, "stopped": stopped})
    else:
        _print_summary(report)
    _judge(report)


def _check_output(config: PipelineConfig, path: Path, *, as_json: bool) -> None:
    if as_json and any(sink.kind == "stdout" for sink in config.sink):
        raise ConfigError(f"{path}: a sink of kind 'stdout' and --json cannot share standard output; leave one of them")


def _print_summary(report: PipelineReport) -> None:
    """Tell people on standard error; standard output may carry the records."""
    console = terminal(errors=True)
    console.print(
        f"{report.pipeline}: {report.windows:,} windows, {report.windows_per_s:,.0f}/s, "
        f"p50 {report.p50_ms:.2f} ms, p99 {report.p99_ms:.2f} ms, head {report.serving}"
    )
    if report.skipped or report.held or report.marked or report.filled or report.late_blocks or report.bad_blocks:
        console.print(
            f"  not whole: {report.skipped:,} windows skipped, {report.held:,} held, {report.marked:,} marked, "
            f"{report.filled:,} filled; {report.gaps:,} gaps, {report.late_blocks:,} late and {report.bad_blocks:,} "
            "bad blocks"
        )
    if report.compared is not None:
        console.print(f"  {report.compared:,} output bytes compared with the reference, {report.mismatches:,} differ")
    for sink in report.sinks:
        console.print(f"  {sink.sink}: {sink.acknowledged:,} records written, {sink.lost:,} lost")


def _judge(report: PipelineReport) -> None:
    if report.mismatches:
        raise MismatchError(
            f"{report.mismatches:,} of {report.compared:,} output elements differ from the reference's; "
            "run edge-runtime verify on the model to see where"
        )
    for sink in report.sinks:
        if sink.lost:
            raise SinkError(f"{sink.sink}: {sink.lost:,} records were lost; the log says why")
