"""Plays one seed's scenario through the daemon: frozen and learning side by side, each with its own overlay."""

from __future__ import annotations

import time
from dataclasses import dataclass

from edge_runtime.daemon.build import Deployment, build_learning
from edge_runtime.daemon.parts import build_pipeline
from edge_runtime.daemon.pipeline_report import PipelineReport
from edge_runtime.daemon.run import run_pipelines
from edge_runtime.demo.labels import ScenarioLabels
from edge_runtime.demo.progress import Progress
from edge_runtime.demo.scenario import Scenario
from edge_runtime.demo.scores import Accuracies
from edge_runtime.demo.track import Track, TrackSink
from edge_runtime.sources.pace import Pace
from edge_runtime.sources.recording import RecordedSource
from edge_runtime.telemetry.record import Record

__all__ = ["Played", "play"]

BLOCK_SIZE = 10
"""Samples in a block: one second of the watch."""


@dataclass(frozen=True)
class Played:
    """One seed, played.

    Parameters
    ----------
    scenario
        What was played.
    frozen, learning
        What the two pipelines told.
    reports
        What they counted, in the same order.
    elapsed_s
        How long it took.
    stopped
        Whether a signal ended it early.
    """

    scenario: Scenario
    frozen: Track
    learning: Track
    reports: tuple[PipelineReport, PipelineReport]
    elapsed_s: float
    stopped: bool

    def accuracies(self) -> Accuracies:
        """Return the accuracies on the evaluation cases."""
        return Accuracies(
            before=self.frozen.evaluation_accuracy(turned=False),
            frozen_after=self.frozen.evaluation_accuracy(turned=True),
            learned_after=self.learning.evaluation_accuracy(turned=True),
        )


async def play(deployment: Deployment, scenario: Scenario, *, pace: Pace, progress: Progress) -> Played:
    """Play a scenario.

    Parameters
    ----------
    deployment
        The network and its overlay; each pipeline opens one of its own.
    scenario
        The stream, and which of its cases are labelled.
    pace
        How fast: a factor of real time, or ``"max"``.
    progress
        Sees every record as it comes.

    Raises
    ------
    EdgeRuntimeError
        Whatever ends a pipeline.
    """
    source = RecordedSource(scenario.recording, block_size=BLOCK_SIZE, pace=pace)
    tracks = {"frozen": Track(scenario), "learning": Track(scenario)}
    learning = build_learning(deployment.network, ScenarioLabels(scenario))

    def watcher(name: str) -> TrackSink:
        def watch(record: Record) -> None:
            progress.record(name, tracks[name], record)

        return TrackSink(tracks[name], watch)

    pipelines = [
        build_pipeline(
            name,
            deployment,
            source,
            sinks={"track": watcher(name)},
            learning=learning if name == "learning" else None,
        )
        for name in tracks
    ]
    began = time.perf_counter()
    stopped = await run_pipelines(source, pipelines, handle_signals=True)
    elapsed = time.perf_counter() - began
    reports = (pipelines[0].report(), pipelines[1].report())
    return Played(scenario, tracks["frozen"], tracks["learning"], reports, elapsed, stopped)
