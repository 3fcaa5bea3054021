"""`edge-runtime run`: the daemon."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import anyio
import typer

from edge_runtime.cli.output import JsonFlag, print_json, terminal
from edge_runtime.daemon import DeviceConfig, PipelineReport, load_device
from edge_runtime.daemon.plant import Plant, build_plant
from edge_runtime.errors import ConfigError, EdgeRuntimeError, MismatchError, SinkError

__all__ = ["run", "run_device"]


def run(
    pipeline: Annotated[Path, typer.Argument(metavar="PIPELINE.toml", help="The file of a pipeline, or of several.")],
    *,
    board: Annotated[str | None, typer.Option(help="Another board than the file names.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Run a pipeline, or several, until their sources end, or SIGINT or SIGTERM stops them.

    What has come by then is still computed and written. Exit status 0 only if every record was written, and
    every compared output was the reference's.
    """
    run_device(load_device(pipeline), board=board, as_json=as_json)


def run_device(config: DeviceConfig, *, board: str | None, as_json: bool) -> None:
    """Run a device and tell what came of it; `run` and `replay` share this."""
    _check_output(config, as_json=as_json)
    plant = build_plant(config, board=board)
    failure, stopped = _run(plant)
    reports = [pipeline.report() for pipeline in plant.pipelines]
    if failure is not None and len(reports) == 1:
        raise failure
    if as_json:
        print_json(_as_json(config, plant, reports, stopped))
    else:
        for report in reports:
            _print_summary(report)
    if failure is not None:
        raise failure
    for report in reports:
        _judge(report)


def _run(plant: Plant) -> tuple[EdgeRuntimeError | None, bool]:
    """Run it, and return what went wrong, if it was not what others go on without; and whether a signal ended it."""
    try:
        return None, anyio.run(partial(plant.run, handle_signals=True))
    except EdgeRuntimeError as error:
        return error, False


def _as_json(config: DeviceConfig, plant: Plant, reports: Sequence[PipelineReport], stopped: bool) -> dict[str, Any]:
    by_name = {one.pipeline.name: one.model.accelerator for one in config.pipelines}
    described = {}
    for pipeline, report in zip(plant.pipelines, reports, strict=True):
        board = pipeline.engine.deployment.board
        about = {"board": board.name, "accelerator": by_name[pipeline.name], "parameters": board.overlay.hash}
        described[pipeline.name] = {**report.to_dict(), **about}
    if len(described) == 1:
        return {**next(iter(described.values())), "stopped": stopped}
    return {
        "device": plant.device.name,
        "pipelines": described,
        "overlays": plant.device.status()["overlays"],
        "stopped": stopped,
    }


def _check_output(config: DeviceConfig, *, as_json: bool) -> None:
    if as_json and any(sink.kind == "stdout" for one in config.pipelines for sink in one.sink):
        raise ConfigError(
            f"{config.path}: a sink of kind 'stdout' and --json cannot share standard output; leave one of them"
        )


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
