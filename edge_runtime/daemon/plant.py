"""A pipeline file brought to life: source, pipeline, and the device that they make."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from edge_runtime.daemon.build import Deployment, build_learning, build_pipeline, deploy
from edge_runtime.daemon.config import LearningTable, PipelineConfig, ServiceTable
from edge_runtime.daemon.device import RunningDevice, Unit
from edge_runtime.daemon.labels import DelayedTruth, LabelFeed, LabelQueue
from edge_runtime.daemon.learning import Learning
from edge_runtime.daemon.merged_labels import MergedLabels
from edge_runtime.daemon.network import Network
from edge_runtime.daemon.notify import keep_watchdog
from edge_runtime.daemon.online import OnlineKeeper
from edge_runtime.daemon.pipeline import Pipeline
from edge_runtime.daemon.serial_commands import SerialCommands
from edge_runtime.daemon.sinks import open_sinks
from edge_runtime.daemon.watch import FeatureKeeper, HubWatcher
from edge_runtime.errors import AcceleratorError, ConfigError
from edge_runtime.features import OnlineStore
from edge_runtime.learning.options import LearnerOptions
from edge_runtime.learning.statistics import TrainingStatistics
from edge_runtime.service.hub import Hub
from edge_runtime.service.server import Address, serve
from edge_runtime.sources.base import Source
from edge_runtime.sources.recording import RecordedSource
from edge_runtime.sources.tap import TappedSource
from edge_runtime.store import StoreSink
from edge_runtime.telemetry.sink import Sink

__all__ = ["Plant", "build_plant"]


@dataclass(frozen=True)
class Plant:
    """What a pipeline file describes, not yet running.

    Parameters
    ----------
    deployment
        The network and what runs it.
    source
        Where blocks come from.
    pipeline
        The pipeline.
    device
        The device as others see it.
    beside
        What runs beside the pipeline: the service, systemd's watchdog, and the online store's writing.
    """

    deployment: Deployment
    source: Source
    pipeline: Pipeline
    device: RunningDevice
    beside: tuple[Callable[[], Coroutine[Any, Any, None]], ...]


class _Commands:
    """Passes commands on to the device, which is made after the sinks that bring them."""

    device: RunningDevice | None = None

    async def carry_out(self, command: str, payload: bytes) -> dict[str, Any]:
        if self.device is None:
            raise AcceleratorError("the device is not ready; ask again later")
        return await self.device.carry_out(command, payload)


def build_plant(config: PipelineConfig, *, board: str | None = None) -> Plant:
    """Build what a pipeline file describes.

    Parameters
    ----------
    config
        The checked file.
    board
        Another board than the file names.

    Raises
    ------
    InputError
        If the file's parts are not there or do not go together.
    """
    deployment = deploy(config.model, config.view, board=board)
    source = config.source.open()
    labels = LabelQueue() if config.learns and config.hears else None
    learning = None
    if config.learns and config.learning is not None:
        learning = _learning(deployment.network, source, config.learning, labels)
    commands, hub = _Commands(), Hub()
    sinks = open_sinks(
        config.sink, device=config.device.name, pipelines=[config.pipeline.name], on_command=commands.carry_out
    )
    online = _online(config)
    pipeline = build_pipeline(
        config.pipeline.name,
        deployment,
        source,
        sinks=sinks,
        learning=learning,
        status_every=config.pipeline.status_every,
        watchers=[*([] if config.service is None else [HubWatcher(hub)]), *_feature_keepers(sinks), *online],
        memory=None if config.pipeline.memory is None else int(config.pipeline.memory),
    )
    stores = [keeper.store for keeper in online]
    device = RunningDevice(config.device.name, [Unit(pipeline, deployment, labels)], hub, online=stores)
    commands.device = device
    if config.pipeline.tap is not None:
        source = TappedSource(source, config.pipeline.tap)
    beside = (*_beside(config, device), *[keeper.run for keeper in online])
    return Plant(deployment, source, pipeline, device, beside)


def _online(config: PipelineConfig) -> list[OnlineKeeper]:
    table = config.online
    if table is None:
        return []
    store = OnlineStore(table.path, keep_s=table.keep_for)
    return [OnlineKeeper(store, config.view, table.key or config.device.name, flush_every=table.flush_every)]


def _feature_keepers(sinks: Mapping[str, Sink]) -> list[FeatureKeeper]:
    stores = [sink for sink in sinks.values() if isinstance(sink, StoreSink)]
    return [FeatureKeeper(sink) for sink in stores if sink.wants_features]


def _beside(config: PipelineConfig, device: RunningDevice) -> tuple[Callable[[], Coroutine[Any, Any, None]], ...]:
    tasks: list[Callable[[], Coroutine[Any, Any, None]]] = [partial(keep_watchdog, device.is_ready)]
    if config.service is not None:
        tasks.append(partial(serve, device, _address(config.service)))
    if config.serial_commands is not None:
        table = config.serial_commands
        tasks.append(SerialCommands(table.port, table.baud, device.carry_out).serve)
    return tuple(tasks)


def _address(table: ServiceTable) -> Address:
    token = None if table.token_file is None else _token(table.token_file)
    return Address(table.host, table.port, token, table.cert_file, table.key_file)


def _token(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: the token cannot be read: {error}; give a text file with it") from error


def _learning(network: Network, source: Source, table: LearningTable, labels: LabelQueue | None) -> Learning:
    feeds: list[LabelFeed] = [] if labels is None else [labels]
    if isinstance(source, RecordedSource) and source.recording.spans:
        classes = {name: index for index, name in enumerate(network.classes)}
        feeds.append(DelayedTruth(source.recording, classes, delay_s=table.label_delay))
    if not feeds:
        raise ConfigError("learning.enabled: needs labels, but the recording has no spans that say what was true")
    feed = feeds[0] if len(feeds) == 1 else MergedLabels(feeds)
    options = LearnerOptions(capacity=table.capacity, memory_bytes=table.memory_bytes, startup=table.startup)
    statistics = None if table.statistics is None else TrainingStatistics.read(table.statistics)
    return build_learning(network, feed, heads=table.heads, options=options, statistics=statistics, state=table.state)
