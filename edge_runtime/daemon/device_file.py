"""A device as a TOML file describes it: one pipeline, or several with what they share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from edge_runtime.config import NearbyPath, Table, parse_table, read_toml
from edge_runtime.daemon.config import (
    DeviceTable,
    PipelineConfig,
    SerialCommandsTable,
    ServiceTable,
    check_labels,
    parse_pipeline,
)
from edge_runtime.daemon.logs import LogTable
from edge_runtime.daemon.supervisor import SupervisorTable
from edge_runtime.errors import ConfigError
from edge_runtime.sources.tables import AnySourceTable, MqttTable, SerialTable

__all__ = ["DeviceConfig", "device_of", "load_device"]


class DeviceTables(Table):
    """What belongs to the device as a whole, not to one of its pipelines."""

    device: DeviceTable = Field(default_factory=DeviceTable)
    service: ServiceTable | None = None
    serial_commands: SerialCommandsTable | None = None
    supervisor: SupervisorTable = Field(default_factory=SupervisorTable)
    log: LogTable = Field(default_factory=LogTable)


class DeviceFile(DeviceTables):
    """A file that names several pipelines' files."""

    pipelines: tuple[NearbyPath, ...] = Field(min_length=1, description="the pipelines' files")


@dataclass(frozen=True)
class DeviceConfig:
    """A device with its pipelines.

    Parameters
    ----------
    path
        The file that describes it.
    tables
        What belongs to the device as a whole.
    pipelines
        Its pipelines; their names differ.

    Raises
    ------
    ConfigError
        If two pipelines want what only one can have.
    """

    path: Path
    tables: DeviceTables
    pipelines: tuple[PipelineConfig, ...]

    def __post_init__(self) -> None:
        _check_names(self)
        for what, users in _claims(self.pipelines).items():
            if len(users) > 1:
                raise ConfigError(f"{self.path}: {what} is wanted by {' and by '.join(users)}; only one can have it")
        for config in self.pipelines:
            check_labels(config, str(self.path), hears=self.hears)

    @property
    def hears(self) -> bool:
        """Whether labels and commands can come from outside."""
        tables = self.tables
        by_mqtt = any(config.hears for config in self.pipelines)
        return by_mqtt or tables.service is not None or tables.serial_commands is not None


def load_device(path: Path | str) -> DeviceConfig:
    """Read a device's file: ``pipelines = ["a.toml", "b.toml"]`` and what they share, or the file of a single pipeline.

    Raises
    ------
    ConfigError
        If it, or a file that it names, cannot be read or has a mistake: one line.
    """
    path = Path(path)
    data = read_toml(path)
    if "pipelines" not in data:
        return device_of(parse_pipeline(data, path), path)
    file = parse_table(data, DeviceFile, str(path), folder=path.parent)
    return DeviceConfig(path, file, tuple(_member(one, path) for one in file.pipelines))


def device_of(config: PipelineConfig, path: Path) -> DeviceConfig:
    """Return the device that a single pipeline's file, which is at `path`, describes."""
    own = {name: getattr(config, name) for name in DeviceTables.model_fields}
    return DeviceConfig(path, DeviceTables.model_construct(**own), (config,))


def _member(path: Path, device: Path) -> PipelineConfig:
    """Read the file of one of several pipelines."""
    data = read_toml(path)
    shared = [name for name in DeviceTables.model_fields if name in data]
    if shared:
        raise ConfigError(f"{path}: {shared[0]}: belongs to the device; put it into {device}, which names this file")
    return parse_pipeline(data, path)


def _check_names(device: DeviceConfig) -> None:
    counts = Counter(config.pipeline.name for config in device.pipelines)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise ConfigError(f"{device.path}: two pipelines are called {twice[0]!r}; give each a name of its own")


def _claims(pipelines: Sequence[PipelineConfig]) -> Mapping[str, list[str]]:
    """Return, by thing, who wants it for himself; what is said in the same words by several is shared by them."""
    claims: dict[str, dict[str, str]] = {}
    for config in pipelines:
        for what, said in _claims_of(config):
            claims.setdefault(what, {}).setdefault(said, config.pipeline.name)
    return {what: list(dict.fromkeys(users.values())) for what, users in claims.items()}


def _claims_of(config: PipelineConfig) -> Iterator[tuple[str, str]]:
    """Yield what a pipeline wants, and in which words; its own name stands where it cannot be shared at all."""
    own = config.pipeline.name
    paths = {
        "pipeline.tap": config.pipeline.tap,
        "learning.state": config.learning.state if config.learning else None,
        "alarm.state": config.alarm.state if config.alarm else None,
        "online.path": config.online.path if config.online else None,
        "bundles.folder": config.bundles.folder if config.bundles else None,
    }
    yield from ((f"{key} {path.resolve()}", own) for key, path in paths.items() if path is not None)
    yield from _source_claims(config.source)
    for sink in config.sink:
        said = sink.model_dump_json()
        if sink.kind == "mqtt":
            yield f"the broker {sink.broker} as client {sink.client_id or 'of the device'}", said
            if sink.commands:
                yield f"the commands from {sink.broker} under {sink.prefix}", said
        for key in ("path", "outbox", "port"):
            value: Any = getattr(sink, key, None)
            if value is not None:
                yield str(value.resolve() if isinstance(value, Path) else value), said


def _source_claims(source: AnySourceTable) -> Iterator[tuple[str, str]]:
    if isinstance(source, SerialTable):
        yield source.port, source.model_dump_json()
    elif isinstance(source, MqttTable):
        yield f"the broker {source.host} as client {source.client}", source.model_dump_json()
