"""A pipeline file brought to life: source, pipeline, and the device that they make."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from edge_runtime.boards import load_board
from edge_runtime.bundles import Bundle, Requirements
from edge_runtime.daemon.build import Deployment, deploy, deploy_bundle
from edge_runtime.daemon.bundle_keeper import BundleKeeper, Workshop
from edge_runtime.daemon.config import PipelineConfig, ServiceTable
from edge_runtime.daemon.device import RunningDevice, Unit
from edge_runtime.daemon.engine import Engine, build_engine
from edge_runtime.daemon.fanout import FanOut
from edge_runtime.daemon.notify import keep_watchdog
from edge_runtime.daemon.online import OnlineKeeper
from edge_runtime.daemon.pipeline import Pipeline
from edge_runtime.daemon.recorder import Recorder
from edge_runtime.daemon.serial_commands import SerialCommands
from edge_runtime.daemon.shadow import Shadow, ShadowPlace
from edge_runtime.daemon.sinks import open_sinks
from edge_runtime.daemon.watch import FeatureKeeper, HubWatcher
from edge_runtime.errors import AcceleratorError, ConfigError
from edge_runtime.features import FeatureView, OnlineStore
from edge_runtime.service.hub import Hub
from edge_runtime.service.server import Address, serve
from edge_runtime.sources.base import Source
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
    source = config.source.open()
    recorder, place, hub, commands = Recorder(config.pipeline.name), ShadowPlace(), Hub(), _Commands()
    keeper = None if config.bundles is None else BundleKeeper(config.bundles, place)
    workshop = _workshop(config, source, recorder, board=board)
    engine = workshop.own() if keeper is None else keeper.first_engine(workshop)
    sinks = open_sinks(
        config.sink, device=config.device.name, pipelines=[config.pipeline.name], on_command=commands.carry_out
    )
    online = _online(config, engine.deployment.view)
    shown = [] if config.service is None else [HubWatcher(hub)]
    pipeline = Pipeline(
        recorder,
        engine.computer,
        engine.open_step,
        FanOut(sinks),
        status_every=config.pipeline.status_every,
        watchers=[*shown, *_feature_keepers(sinks), *online, place],
        channels=source.channels,
        features=engine.deployment.view.output_names,
    )
    unit = Unit(pipeline, engine, keeper)
    if keeper is not None:
        keeper.installs(partial(_install, unit, online))
        pipeline.mend_with(keeper.mend)
    device = RunningDevice(config.device.name, [unit], hub, online=[kept.store for kept in online])
    commands.device = device
    if config.pipeline.tap is not None:
        source = TappedSource(source, config.pipeline.tap)
    return Plant(
        engine.deployment, source, pipeline, device, (*_beside(config, device, keeper), *[kept.run for kept in online])
    )


async def _install(unit: Unit, online: Sequence[OnlineKeeper], engine: Engine) -> None:
    await unit.install(engine)
    for kept in online:
        kept.view = engine.deployment.view


def _online(config: PipelineConfig, view: FeatureView) -> list[OnlineKeeper]:
    table = config.online
    if table is None:
        return []
    store = OnlineStore(table.path, keep_s=table.keep_for)
    return [OnlineKeeper(store, view, table.key or config.device.name, flush_every=table.flush_every)]


def _workshop(config: PipelineConfig, source: Source, recorder: Recorder, *, board: str | None) -> Workshop:
    chosen = load_board(board or config.model.board)

    def own() -> Engine:
        return build_engine(deploy(config.model, config.view, board=board), config, source, recorder)

    def engine(bundle: Bundle) -> Engine:
        deployment = deploy_bundle(bundle, config.model, board=board)
        return build_engine(deployment, config, source, recorder, place=bundle.digest[:16])

    def shadow(bundle: Bundle) -> Shadow:
        # By the reference, which gives the same bits: the overlay is left to what serves.
        model = config.model.model_copy(update={"accelerator": "reference", "check": False})
        deployment = deploy_bundle(bundle, model, board=board)
        if config.learns:
            deployment.network.linear_head()
        still = config.model_copy(update={"learning": None})
        made = build_engine(deployment, still, source, Recorder(f"{recorder.pipeline} shadow"))
        return Shadow(made.computer, made.open_step)

    return Workshop(Requirements(chosen.name, chosen.overlay, source.channels), own, engine, shadow)


def _feature_keepers(sinks: Mapping[str, Sink]) -> list[FeatureKeeper]:
    stores = [sink for sink in sinks.values() if isinstance(sink, StoreSink)]
    return [FeatureKeeper(sink) for sink in stores if sink.wants_features]


def _beside(
    config: PipelineConfig, device: RunningDevice, keeper: BundleKeeper | None
) -> tuple[Callable[[], Coroutine[Any, Any, None]], ...]:
    tasks: list[Callable[[], Coroutine[Any, Any, None]]] = [partial(keep_watchdog, device.is_ready)]
    if keeper is not None:
        tasks.append(keeper.serve)
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
