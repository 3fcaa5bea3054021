"""What a pipeline runs at a time: a network with its view, and the labels that are about its predictions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from edge_runtime.accelerator import ReferenceAccelerator
from edge_runtime.bundles import network_fingerprint
from edge_runtime.daemon.build import Deployment, build_learning
from edge_runtime.daemon.config import LearningTable, PipelineConfig
from edge_runtime.daemon.labels import DelayedTruth, LabelFeed, LabelQueue
from edge_runtime.daemon.learning import Learning
from edge_runtime.daemon.merged_labels import MergedLabels
from edge_runtime.daemon.recorder import Recorder
from edge_runtime.daemon.score_alarm import AlarmTable, WindowAlarm
from edge_runtime.daemon.step import Step
from edge_runtime.errors import ConfigError
from edge_runtime.features.compute import FeatureComputer
from edge_runtime.features.shared import ViewReader
from edge_runtime.learning.statistics import TrainingStatistics
from edge_runtime.sources.base import Source
from edge_runtime.sources.recording import RecordedSource

__all__ = ["Computer", "Engine", "OpenStep", "build_engine", "engine_of"]

Computer = FeatureComputer | ViewReader
"""What makes windows of blocks."""


class OpenStep(Protocol):
    """Opens what runs a network."""

    def __call__(self, *, standby: bool = False, learns: bool = True) -> Step:
        """Open it."""


@dataclass(frozen=True)
class Engine:
    """A network that a pipeline can run, and go on with after another one ran in between.

    Parameters
    ----------
    deployment
        The network and its view.
    computer
        Computes the view.
    make_computer
        Makes another one, for when that has failed.
    open_step
        Opens the accelerator, or the reference in its place (``standby``), to learn or not (``learns``); in the
        pipeline's own thread.
    labels
        Takes labels from outside for this network's predictions; None: it takes none.
    """

    deployment: Deployment
    computer: Computer
    make_computer: Callable[[], Computer]
    open_step: OpenStep
    labels: LabelQueue | None = None


def engine_of(
    deployment: Deployment,
    source: Source,
    recorder: Recorder,
    *,
    learning: Learning | None = None,
    memory: int | None = None,
    labels: LabelQueue | None = None,
    computer: Computer | None = None,
    alarm: WindowAlarm | None = None,
) -> Engine:
    """Put an engine together.

    Parameters
    ----------
    deployment
        The network.
    source
        Where the blocks will come from.
    recorder
        Makes the pipeline's records.
    learning
        None: the network stays as it is.
    memory
        The most bytes that the ring buffer may take; None: what it needs.
    labels
        Takes labels from outside.
    computer
        Computes the view, where another pipeline wants the same; None: one is made.
    alarm
        Watches the network's scores; None: nothing does.

    Raises
    ------
    ConfigError
        If the ring buffer does not fit into `memory`.
    DataError
        If the source lacks a channel that the view needs.
    """

    def open_step(*, standby: bool = False, learns: bool = True) -> Step:
        accelerator = ReferenceAccelerator() if standby else deployment.open_accelerator()
        try:
            return Step(
                *(deployment.network, accelerator, deployment.program),
                recorder=recorder,
                learning=learning if learns else None,
                alarm=alarm,
            )
        except Exception:
            accelerator.close()
            raise

    def compute() -> FeatureComputer:
        return FeatureComputer(deployment.view, source.rate_hz, source.channels, budget=memory)

    return Engine(deployment, computer or compute(), compute, open_step, labels)


def build_engine(
    deployment: Deployment,
    config: PipelineConfig,
    source: Source,
    recorder: Recorder,
    *,
    labels: LabelQueue | None = None,
    place: str = "",
    computer: Computer | None = None,
) -> Engine:
    """Make a network ready to run in a pipeline, as the pipeline's file says.

    Parameters
    ----------
    deployment
        The network.
    config
        Says whether and how it learns.
    source
        Where the blocks will come from.
    recorder
        Makes the pipeline's records.
    labels
        Brings labels from outside; None: none come.
    place
        The folder within the learning's state that is this network's own.
    computer
        Computes the view, where another pipeline wants the same.

    Raises
    ------
    ConfigError
        If it should learn, and there are no labels.
    DataError
        If the source lacks a channel that the view needs.
    ModelError
        If it should learn, and has no head that can.
    StateError
        If what had been learnt cannot be read.
    """
    table = config.learning if config.learns else None
    learning = (
        None
        if table is None
        else _learning(*(deployment, source, table, labels, place), takes_heads=config.bundles is not None)
    )
    memory = None if config.pipeline.memory is None else int(config.pipeline.memory)
    alarm = None if config.alarm is None else _alarm(deployment, config.alarm, place)
    return engine_of(
        *(deployment, source, recorder), learning=learning, memory=memory, labels=labels, computer=computer, alarm=alarm
    )


def _alarm(deployment: Deployment, table: AlarmTable, place: str) -> WindowAlarm:
    network = network_fingerprint(deployment.program.model)
    folder = None if table.state is None else table.state / place
    return WindowAlarm(table, deployment.network, about=network, folder=folder)


def _learning(
    deployment: Deployment,
    source: Source,
    table: LearningTable,
    labels: LabelQueue | None,
    place: str,
    *,
    takes_heads: bool,
) -> Learning:
    network = deployment.network
    feeds: list[LabelFeed] = [] if labels is None else [labels]
    if isinstance(source, RecordedSource) and source.recording.spans:
        classes = {name: index for index, name in enumerate(network.classes)}
        feeds.append(DelayedTruth(source.recording, classes, delay_s=table.label_delay))
    if not feeds:
        raise ConfigError("learning.enabled: needs labels, but the recording has no spans that say what was true")
    statistics = deployment.statistics
    if statistics is None and table.statistics is not None and not place:
        statistics = TrainingStatistics.read(table.statistics)
    return build_learning(
        network,
        feeds[0] if len(feeds) == 1 else MergedLabels(feeds),
        plan=table.plan(),
        statistics=statistics,
        state=table.state / place if table.state is not None and place else table.state,
        held_out=deployment.held_out,
        takes_heads=takes_heads,
    )
