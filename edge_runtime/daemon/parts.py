"""A pipeline put together from parts, without a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from edge_runtime.daemon.build import Deployment
from edge_runtime.daemon.engine import engine_of
from edge_runtime.daemon.fanout import FanOut
from edge_runtime.daemon.learning import Learning
from edge_runtime.daemon.pipeline import Pipeline
from edge_runtime.daemon.recorder import Recorder
from edge_runtime.daemon.supervisor import NEVER, Stage
from edge_runtime.daemon.watch import Watcher
from edge_runtime.sources.base import Source
from edge_runtime.telemetry.sink import Sink

__all__ = ["build_pipeline"]


def build_pipeline(
    name: str,
    deployment: Deployment,
    source: Source,
    *,
    sinks: Mapping[str, Sink],
    learning: Learning | None = None,
    status_every: float = 10.0,
    watchers: Sequence[Watcher] = (),
    stages: Mapping[str, Stage] = MappingProxyType({}),
) -> Pipeline:
    """Put a pipeline together.

    Parameters
    ----------
    name
        What its records call it.
    deployment
        The network and what runs it; several pipelines may share one, each opens an accelerator of its own.
    source
        Where the blocks will come from.
    sinks
        Where records go, each with the name that reports call it by; they belong to the pipeline.
    learning
        None: the network stays as it is.
    status_every
        Seconds from one status record to the next.
    watchers
        See what goes through.
    stages
        What is done when a stage fails, by name: one of the pipeline's own, or ``sinks``, whose policy each sink has.

    Raises
    ------
    DataError
        If the source lacks a channel that the view needs.
    """
    recorder = Recorder(name)
    engine = engine_of(deployment, source, recorder, learning=learning)
    return Pipeline(
        *(recorder, engine, FanOut(sinks, policy=stages["sinks"].policy if "sinks" in stages else NEVER)),
        status_every=status_every,
        watchers=watchers,
        channels=source.channels,
        stages=stages,
    )
