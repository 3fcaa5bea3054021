"""Runs the demo: the first seed to watch, the others as fast as they go, then the report."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio

from edge_runtime.daemon.build import Deployment, deploy
from edge_runtime.daemon.config import ModelTable
from edge_runtime.demo.pictures import check_plotting
from edge_runtime.demo.play import Played, play
from edge_runtime.demo.probe import count_layers, trace_inferences
from edge_runtime.demo.progress import Progress
from edge_runtime.demo.report import render_report
from edge_runtime.demo.result import DemoResult
from edge_runtime.demo.scenario import Scenario, build_scenario
from edge_runtime.errors import ConfigError
from edge_runtime.features.view import FeatureView
from edge_runtime.files import write_file
from edge_runtime.paths import examples_folder
from edge_runtime.sources.pace import Pace

__all__ = ["DemoOptions", "run_demo"]

LIVE_SECONDS = 15.0
BOARD = "laptop_sim"
REPORT = "report.html"


@dataclass(frozen=True)
class DemoOptions:
    """What the demo shall do.

    Parameters
    ----------
    first_seed, seeds
        The seeds played are `first_seed` and the `seeds` - 1 after it.
    folder
        Where the report goes; it is made when it is missing.
    trace
        Write waveforms of the first inferences to this file.
    live_seconds
        How long the first seed is made to last, so that it can be watched; 0: as fast as it goes.
    """

    first_seed: int = 0
    seeds: int = 10
    folder: Path = Path("out/demo")
    trace: Path | None = None
    live_seconds: float = LIVE_SECONDS


def run_demo(options: DemoOptions, progress: Progress) -> tuple[DemoResult, Path]:
    """Run the demo and write its report; return the result and the report's path.

    Raises
    ------
    EdgeRuntimeError
        Whatever is missing, or fails.
    KeyboardInterrupt
        If SIGINT or SIGTERM ended it.
    """
    check_plotting()
    folder = _make_folder(options.folder)
    scenarios = [build_scenario(options.first_seed + number) for number in range(options.seeds)]
    deployment = _deploy(scenarios[0])
    progress.say("Opening the overlay; if its simulation is not in the cache, it is built first (some seconds)")
    layers = count_layers(deployment)
    if options.trace is not None:
        progress.say(f"Writing waveforms of the first inferences to {options.trace}")
        trace_inferences(deployment, scenarios[0], options.trace)
    began = time.perf_counter()
    played = anyio.run(partial(_play_all, deployment, scenarios, options, progress))
    result = DemoResult(deployment, played, layers, time.perf_counter() - began)
    report = folder / REPORT
    write_file(report, render_report(result).encode())
    return result, report


async def _play_all(
    deployment: Deployment, scenarios: list[Scenario], options: DemoOptions, progress: Progress
) -> list[Played]:
    played = []
    for number, scenario in enumerate(scenarios, start=1):
        progress.begin(scenario, number=number, seeds=len(scenarios))
        pace = _live_pace(scenario, options.live_seconds) if number == 1 else "max"
        one = await play(deployment, scenario, pace=pace, progress=progress)
        if one.stopped:
            raise KeyboardInterrupt
        progress.end(scenario, one.accuracies(), mismatches=sum(report.mismatches or 0 for report in one.reports))
        played.append(one)
    return played


def _live_pace(scenario: Scenario, seconds: float) -> Pace:
    return scenario.recording.duration_s / seconds if seconds > 0 else "max"


def _deploy(scenario: Scenario) -> Deployment:
    folder = examples_folder() / "activity"
    model = ModelTable(path=folder / "activity.tflite", board=BOARD, classes=scenario.class_names)
    return deploy(model, FeatureView.from_toml(folder / "view.toml"))


def _make_folder(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be made ({error.strerror}); name another folder with -o") from error
    return folder
