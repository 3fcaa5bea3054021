"""A device's file brought to life: its sources, its pipelines, and what answers for them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from edge_runtime.boards import load_board
from edge_runtime.bundles import Bundle, Requirements
from edge_runtime.daemon.build import deploy, deploy_bundle
from edge_runtime.daemon.bundle_keeper import BundleKeeper, Workshop
from edge_runtime.daemon.config import PipelineConfig
from edge_runtime.daemon.device import RunningDevice
from edge_runtime.daemon.device_file import DeviceConfig
from edge_runtime.daemon.engine import Engine, build_engine
from edge_runtime.daemon.fanout import FanOut
from edge_runtime.daemon.labels import LabelQueue
from edge_runtime.daemon.notify import keep_watchdog
from edge_runtime.daemon.online import OnlineKeeper
from edge_runtime.daemon.pipeline import OWN_STAGES, Pipeline
from edge_runtime.daemon.recorder import Recorder
from edge_runtime.daemon.reload import Handles, Reloader
from edge_runtime.daemon.run import Beside, Stream, run_streams
from edge_runtime.daemon.serial_commands import SerialCommands
from edge_runtime.daemon.service_files import address_of
from edge_runtime.daemon.shadow import Shadow, ShadowPlace
from edge_runtime.daemon.sharing import Overlays, Sources, Views, share_sinks
from edge_runtime.daemon.supervisor import Stage
from edge_runtime.daemon.unit import Unit
from edge_runtime.daemon.watch import FeatureKeeper, HubWatcher
from edge_runtime.errors import AcceleratorError
from edge_runtime.features import FeatureView, OnlineStore
from edge_runtime.model.head import QuantizedHead
from edge_runtime.service.access import Access
from edge_runtime.service.hub import Hub
from edge_runtime.service.server import serve
from edge_runtime.sources.base import Source
from edge_runtime.sources.tap import TappedSource
from edge_runtime.store import StoreSink
from edge_runtime.telemetry.borrowed import lender_of
from edge_runtime.telemetry.sink import Sink

__all__ = ["Plant", "build_plant"]


@dataclass(frozen=True)
class Plant:
    """What a device's file describes, not yet running.

    Parameters
    ----------
    streams
        The sources with their pipelines.
    device
        The device as others see it.
    sinks
        Sinks that several pipelines share.
    reloader
        Reads the file again.
    beside
        What runs beside the pipelines: the service, systemd's watchdog, and the online stores' writing.
    """

    streams: tuple[Stream, ...]
    device: RunningDevice
    sinks: tuple[Sink, ...]
    reloader: Reloader
    beside: Beside

    @property
    def pipelines(self) -> tuple[Pipeline, ...]:
        """All pipelines."""
        return tuple(pipeline for stream in self.streams for pipeline in stream.pipelines)

    async def run(self, *, handle_signals: bool = False, beside: Beside = ()) -> bool:
        """Run it as `run_streams` does, with something more beside it."""
        self.reloader.begin()
        hears = [self.reloader.on_hangup] if handle_signals else []
        return await run_streams(
            self.streams, handle_signals=handle_signals, beside=(*self.beside, *hears, *beside), sinks=self.sinks
        )


class _Commands:
    """Passes commands on to the device, which is made after the sinks that bring them."""

    device: RunningDevice | None = None

    async def carry_out(self, command: str, payload: bytes) -> dict[str, Any]:
        if self.device is None:
            raise AcceleratorError("the device is not ready; ask again later")
        return await self.device.carry_out(command, payload)


def build_plant(config: DeviceConfig, *, board: str | None = None) -> Plant:
    """Build what a device's file describes.

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
    hub, commands, shared = Hub(), _Commands(), _Shared(config, board)
    sinks, lent = share_sinks(config, commands.carry_out)
    made = [_build(one, shared, sinks[one.pipeline.name], hub) for one in config.pipelines]
    shared.views.begin()
    online = [store for one in made for store in one.online]
    service = Stage("service", config.tables.supervisor.policy("service"), owner=config.tables.device.name)
    table = config.tables.service
    access = None if table is None else Access(address_of(table), on_new_token=hub.dismiss)
    reloader = Reloader(config, {one.unit.name: one.handles for one in made}, [service], access)
    device = RunningDevice(
        config.tables.device.name,
        [one.unit for one in made],
        hub,
        online=online,
        overlays=shared.overlays.status,
        service=service,
        reload=reloader.reload,
    )
    commands.device = device
    beside = [*_beside(config, device, service, access), *(task for one in made for task in one.beside)]
    return Plant(_streams(made), device, tuple(lent), reloader, tuple(beside))


@dataclass
class _Shared:
    """What pipelines share while they are built."""

    config: DeviceConfig
    board: str | None

    def __post_init__(self) -> None:
        self.source_stages: dict[Source, Stage] = {}
        self.sources, self.views = Sources(self.config), Views(self.config)
        self.overlays = Overlays(self.config, board=self.board)
        self.stages = {one.pipeline.name: self._stages_of(one) for one in self.config.pipelines}

    def _stages_of(self, config: PipelineConfig) -> dict[str, Stage]:
        policy, name = self.config.tables.supervisor.policy, config.pipeline.name
        stages = {stage: Stage(stage, policy(stage), owner=name) for stage in OWN_STAGES}
        source = self.sources.of(config)
        self.source_stages.setdefault(source, Stage("source", policy("source"), owner=name))
        return {"source": self.source_stages[source], **stages}


@dataclass(frozen=True)
class _Built:
    """A pipeline, and what belongs to it."""

    unit: Unit
    source: Source
    tap: Path | None
    handles: Handles
    beside: Beside

    @property
    def online(self) -> list[OnlineStore]:
        """Where its features are."""
        return [kept.store for kept in self.handles.online]


def _build(config: PipelineConfig, shared: _Shared, sinks: Mapping[str, Sink], hub: Hub) -> _Built:
    source, recorder, place = shared.sources.of(config), Recorder(config.pipeline.name), ShadowPlace()
    keeper = None if config.bundles is None else BundleKeeper(config.bundles, place)
    workshop = _workshop(config, shared, recorder)
    stages = shared.stages[config.pipeline.name]
    engine = workshop.own() if keeper is None else keeper.first_engine(workshop)
    online = _online(config, engine.deployment.view, shared.config.tables.device.name)
    shown = [] if shared.config.tables.service is None else [HubWatcher(hub)]
    pipeline = Pipeline(
        recorder,
        engine,
        FanOut(sinks, policy=shared.config.tables.supervisor.policy("sinks")),
        status_every=config.pipeline.status_every,
        watchers=[*shown, *_feature_keepers(sinks), *online, place],
        channels=source.channels,
        stages=stages,
    )
    if keeper is not None:
        keeper.serves(partial(_install, pipeline, online), pipeline.tell_event)
        pipeline.mend_with(keeper.mend)
    beside = [*([] if keeper is None else [keeper.serve]), *(kept.run for kept in online)]
    handles = Handles(pipeline, list(sinks.values()), [*stages.values(), *pipeline.fanout.stages], online, keeper)
    return _Built(Unit(pipeline, stages, keeper), source, config.pipeline.tap, handles, tuple(beside))


def _streams(made: Sequence[_Built]) -> tuple[Stream, ...]:
    """Put pipelines that read the same source together; taps lie between it and them."""
    by_source: dict[Source, list[_Built]] = {}
    for one in made:
        by_source.setdefault(one.source, []).append(one)
    streams = []
    for source, readers in by_source.items():
        for tap in dict.fromkeys(one.tap for one in readers if one.tap is not None):
            source = TappedSource(source, tap)  # noqa: PLW2901 # a tap around a tap
        streams.append(Stream(source, tuple(one.unit.pipeline for one in readers), readers[0].unit.stages["source"]))
    return tuple(streams)


async def _install(pipeline: Pipeline, online: Sequence[OnlineKeeper], engine: Engine) -> QuantizedHead | None:
    """Switch a pipeline to an engine, and return the learned head that served before, where one did."""
    head = await pipeline.ask(lambda step: step.learned_head)
    await pipeline.switch(engine)
    for kept in online:
        kept.view = engine.deployment.view
    return head


def _online(config: PipelineConfig, view: FeatureView, device: str) -> list[OnlineKeeper]:
    table = config.online
    if table is None:
        return []
    store = OnlineStore(table.path, keep_s=table.keep_for)
    return [OnlineKeeper(store, view, table.key or device, flush_every=table.flush_every)]


def _workshop(config: PipelineConfig, shared: _Shared, recorder: Recorder) -> Workshop:
    source, board = shared.sources.of(config), shared.board
    chosen = load_board(board or config.model.board)
    opens = partial(shared.overlays.open, recorder.pipeline)
    stage = shared.stages[recorder.pipeline]["accelerator"]

    def labels() -> LabelQueue | None:
        return LabelQueue() if config.learns and shared.config.hears else None

    def own() -> Engine:
        deployment = deploy(config.model, config.view, board=board, opens=opens, stage=stage)
        computer = shared.views.computer(config, source)
        return build_engine(deployment, config, source, recorder, labels=labels(), computer=computer)

    def engine(bundle: Bundle) -> Engine:
        deployment = deploy_bundle(bundle, config.model, board=board, opens=opens, stage=stage)
        return build_engine(deployment, config, source, recorder, labels=labels(), place=bundle.digest[:16])

    def shadow(bundle: Bundle | None, head: QuantizedHead | None = None) -> Shadow:
        # By the reference, which gives the same bits: the overlay is left to what serves.
        model = config.model.model_copy(update={"accelerator": "reference", "check": False})
        if bundle is None:
            deployment = deploy(model, config.view, board=board)
        else:
            deployment = deploy_bundle(bundle, model, board=board)
        if config.learns:
            deployment.network.linear_head()
        still = config.model_copy(update={"learning": None, "alarm": None})
        made = build_engine(deployment, still, source, Recorder(f"{recorder.pipeline} shadow"))
        return Shadow(made.computer, made.open_step, head=head)

    requirements = Requirements(chosen.name, chosen.overlay, source.channels)
    return Workshop(requirements, own, engine, shadow, judges=config.learns)


def _feature_keepers(sinks: Mapping[str, Sink]) -> list[FeatureKeeper]:
    stores = [lent for sink in sinks.values() if isinstance(lent := lender_of(sink), StoreSink)]
    return [FeatureKeeper(sink) for sink in stores if sink.wants_features]


def _beside(config: DeviceConfig, device: RunningDevice, service: Stage, access: Access | None) -> Beside:
    tasks: list[Callable[[], Coroutine[Any, Any, None]]] = [partial(keep_watchdog, device.is_up)]
    if access is not None:
        serving = partial(serve, device, access, listening=lambda _: _begin(service))
        tasks.append(partial(service.keep, serving))
    if config.tables.serial_commands is not None:
        table = config.tables.serial_commands
        tasks.append(SerialCommands(table.port, table.baud, device.carry_out).serve)
    return tuple(tasks)


def _begin(stage: Stage) -> None:
    stage.began = True
