"""What the pipelines of a device share: sources, views, sinks and overlays; what is equal is there once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from edge_runtime.accelerator import Accelerator, SharedOverlay, open_accelerator
from edge_runtime.boards import Board, load_board
from edge_runtime.daemon.config import PipelineConfig
from edge_runtime.daemon.device_file import DeviceConfig
from edge_runtime.daemon.sinks import open_sinks
from edge_runtime.features import FeatureComputer, FeatureView
from edge_runtime.features.shared import SharedView, ViewReader
from edge_runtime.sources.base import Source
from edge_runtime.telemetry.borrowed import BorrowedSink
from edge_runtime.telemetry.mqtt import CommandHandler
from edge_runtime.telemetry.sink import Sink

__all__ = ["Overlays", "Sources", "Views", "share_sinks"]


class Sources:
    """Each source once, however many pipelines read it.

    Parameters
    ----------
    device
        The device.

    Raises
    ------
    InputError
        If a source cannot be opened.
    """

    def __init__(self, device: DeviceConfig) -> None:
        self._sources: dict[str, Source] = {}
        for config in device.pipelines:
            said = _source_words(config)
            if said not in self._sources:
                self._sources[said] = config.source.open()

    def of(self, config: PipelineConfig) -> Source:
        """Return a pipeline's source."""
        return self._sources[_source_words(config)]


class Views:
    """A view that several pipelines want over the same source, computed once.

    Parameters
    ----------
    device
        The device.
    """

    def __init__(self, device: DeviceConfig) -> None:
        self._wanted = Counter(_view_words(config) for config in device.pipelines)
        self._shared: dict[tuple[str, str, int | None], SharedView] = {}
        self._begun = False

    def begin(self) -> None:
        """Let nobody join any more: one who came in the middle of a stream would be ahead of the others, or behind."""
        self._begun = True

    def computer(self, config: PipelineConfig, source: Source) -> ViewReader | None:
        """Return what computes a pipeline's view together with others'; None where it is by itself."""
        words = _view_words(config)
        if self._begun or self._wanted[words] < 2:
            return None
        if words not in self._shared:
            self._shared[words] = SharedView(lambda: _compute(config.view, source, words[2]))
        return self._shared[words].reader()


class Overlays:
    """The overlays that several pipelines share.

    Parameters
    ----------
    device
        The device.
    board
        Another board than its files name.

    Raises
    ------
    ConfigError
        If there is no such board.
    """

    def __init__(self, device: DeviceConfig, *, board: str | None = None) -> None:
        models = [config.model for config in device.pipelines]
        boards = [load_board(board or model.board) for model in models if model.accelerator == "overlay"]
        counts = Counter(one.name for one in boards)
        self._shared = {one.name: _shared_overlay(one) for one in boards if counts[one.name] > 1}

    def open(self, pipeline: str, kind: Any, board: Board, *, deadline_s: float) -> Accelerator:
        """Open a pipeline's accelerator: its place on the overlay where that is shared."""
        if kind == "overlay" and board.name in self._shared:
            return self._shared[board.name].tenant(pipeline, deadline_s=deadline_s)
        return open_accelerator(kind, board, deadline_s=deadline_s)

    def status(self) -> dict[str, Any]:
        """Return what each shared overlay did, by board."""
        return {name: asdict(shared.counts) for name, shared in self._shared.items()}


def share_sinks(device: DeviceConfig, on_command: CommandHandler) -> tuple[dict[str, dict[str, Sink]], list[Sink]]:
    """Open the device's sinks.

    Parameters
    ----------
    device
        The device.
    on_command
        Carries out commands that come over MQTT.

    Returns
    -------
    Each pipeline's sinks by name; and those that several share, which whoever runs the pipelines opens and closes.

    Raises
    ------
    ConfigError, SinkError
        As `open_sinks` does.
    """
    name = device.tables.device.name
    if len(device.pipelines) == 1:
        (config,) = device.pipelines
        only = config.pipeline.name
        return {only: open_sinks(config.sink, device=name, pipelines=[only], on_command=on_command)}, []
    users = _sink_users(device)
    opened: dict[str, tuple[str, Sink]] = {}
    sinks: dict[str, dict[str, Sink]] = {config.pipeline.name: {} for config in device.pipelines}
    for config in device.pipelines:
        for position, table in enumerate(config.sink):
            said = table.model_dump_json()
            if said not in opened:
                ((called, sink),) = open_sinks(
                    [table], device=name, pipelines=users[said], on_command=on_command, first=position
                ).items()
                opened[said] = (f"{config.pipeline.name}.{called}", sink)
            called, sink = opened[said]
            sinks[config.pipeline.name][called] = BorrowedSink(sink) if len(users[said]) > 1 else sink
    return sinks, [sink for said, (_, sink) in opened.items() if len(users[said]) > 1]


def _sink_users(device: DeviceConfig) -> Mapping[str, list[str]]:
    users: dict[str, list[str]] = {}
    for config in device.pipelines:
        for said in {table.model_dump_json() for table in config.sink}:
            users.setdefault(said, []).append(config.pipeline.name)
    return users


def _source_words(config: PipelineConfig) -> str:
    return config.source.model_dump_json()


def _view_words(config: PipelineConfig) -> tuple[str, str, int | None]:
    memory = config.pipeline.memory
    return _source_words(config), config.view.fingerprint, None if memory is None else int(memory)


def _compute(view: FeatureView, source: Source, memory: int | None) -> FeatureComputer:
    return FeatureComputer(view, source.rate_hz, source.channels, budget=memory)


def _shared_overlay(board: Board) -> SharedOverlay:
    return SharedOverlay(lambda: open_accelerator("overlay", board))
