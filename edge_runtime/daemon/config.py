"""A pipeline as a TOML file describes it: source, view, model, learning and sinks."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PositiveInt, ValidationInfo, model_validator
from typing_extensions import Self

from edge_runtime.config import NearbyPath, Table, parse_table, read_toml
from edge_runtime.daemon.learning_table import LearningTable
from edge_runtime.daemon.logs import LogTable
from edge_runtime.daemon.score_alarm import AlarmTable
from edge_runtime.daemon.sink_tables import SinkTable
from edge_runtime.daemon.supervisor import SupervisorTable
from edge_runtime.errors import ConfigError
from edge_runtime.features.view import FeatureView
from edge_runtime.sources.tables import AnySourceTable, RecordingTable
from edge_runtime.units import Duration, Size

__all__ = [
    "BundlesTable",
    "DeviceTable",
    "LearningTable",
    "ModelTable",
    "OnlineTable",
    "PipelineConfig",
    "PipelineTable",
    "SerialCommandsTable",
    "ServiceTable",
    "check_labels",
    "load_pipeline",
    "parse_pipeline",
]


def _host_name() -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "-", socket.gethostname()) or "device"


def _board_file_beside(board: str, info: ValidationInfo) -> str:
    folder = (info.context or {}).get("folder")
    return str(folder / board) if folder is not None and board.endswith(".toml") else board


BoardName = Annotated[str, Field(min_length=1), AfterValidator(_board_file_beside)]
"""A board's name, or a ``.toml`` file with one; a relative path starts at the folder of the file that names it."""


class DeviceTable(Table):
    """The device as others see it."""

    name: str = Field(
        default_factory=_host_name, pattern=r"^[A-Za-z0-9_.-]+$", description="letters, digits, '_', '.' and '-'"
    )


class PipelineTable(Table):
    """The pipeline as a whole."""

    name: str = Field(min_length=1, description="what the records call this pipeline")
    status_every: Duration = 10.0
    tap: NearbyPath | None = Field(default=None, description="a Unix socket where `record` may listen")
    memory: Size | None = Field(default=None, description="the most that the ring buffer may take")


class ModelTable(Table):
    """The network, and what runs it."""

    path: NearbyPath = Field(description="an int8 .tflite file")
    accelerator: Literal["overlay", "reference", "cpu"] = "overlay"
    board: BoardName = "laptop_sim"
    check: bool = True
    classes: tuple[str, ...] = ()
    reserved_classes: int = Field(
        default=0, ge=0, description="how many of the network's last outputs are no classes yet"
    )


class OnlineTable(Table):
    """The online store of features; without this table there is none."""

    key: str | None = Field(
        default=None, min_length=1, description="whose features they are; the device's, if not said"
    )
    path: NearbyPath | None = Field(default=None, description="an SQLite file with the history; it survives a restart")
    flush_every: Duration = 10.0
    keep_for: Duration = Field(default=7 * 86_400.0, description="how much history stays")


class ServiceTable(Table):
    """The service over HTTP; without this table there is none."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    token_file: NearbyPath | None = None
    cert_file: NearbyPath | None = None
    key_file: NearbyPath | None = None


class BundlesTable(Table):
    """Bundles that are sent to the running daemon; without this table it takes none."""

    folder: NearbyPath = Field(description="where bundles are kept")
    keys: tuple[NearbyPath, ...] = Field(min_length=1, description="public keys of those who may sign, as PEM files")
    trial: Duration = Field(default=600.0, description="how long a new bundle serves without a failure until it stays")


class SerialCommandsTable(Table):
    """Labels and commands over a serial port; without this table none come that way."""

    port: str = Field(min_length=1)
    baud: PositiveInt = 115_200


class PipelineConfig(Table):
    """A whole pipeline file."""

    device: DeviceTable = Field(default_factory=DeviceTable)
    pipeline: PipelineTable
    source: AnySourceTable
    view: FeatureView
    model: ModelTable
    learning: LearningTable | None = None
    alarm: AlarmTable | None = None
    online: OnlineTable | None = None
    sink: tuple[SinkTable, ...] = ()
    service: ServiceTable | None = None
    serial_commands: SerialCommandsTable | None = None
    bundles: BundlesTable | None = None
    supervisor: SupervisorTable = Field(default_factory=SupervisorTable)
    log: LogTable = Field(default_factory=LogTable)

    @model_validator(mode="after")
    def _learning_has_classes(self) -> Self:
        if self.learns and not self.model.classes:
            raise ValueError('model.classes: missing; learning needs the classes\' names, like ["walking", "running"]')
        return self

    @model_validator(mode="after")
    def _alarm_is_about_a_network_that_stays(self) -> Self:
        if self.alarm is not None and self.learns:
            raise ValueError("alarm: watches what the network itself says; it cannot stand beside [learning]")
        return self

    @property
    def hears(self) -> bool:
        """Whether labels and commands can come from outside."""
        by_mqtt = any(sink.kind == "mqtt" and sink.commands for sink in self.sink)
        return self.service is not None or self.serial_commands is not None or by_mqtt

    @property
    def learns(self) -> bool:
        """Whether the last layer learns."""
        return self.learning is not None and self.learning.enabled


def load_pipeline(path: Path | str) -> PipelineConfig:
    """Read a pipeline file; ``view = {file = "…"}`` takes the view from a file of its own.

    Raises
    ------
    ConfigError
        If it, or the view that it names, cannot be read or has a mistake: one line.
    """
    path = Path(path)
    data = read_toml(path)
    if "pipelines" in data:
        raise ConfigError(f"{path}: names several pipelines; give the file of one of them")
    return parse_pipeline(data, path)


def parse_pipeline(data: Mapping[str, Any], path: Path) -> PipelineConfig:
    """Check what stands in a pipeline file, which is at `path`.

    Raises
    ------
    ConfigError
        As `load_pipeline` does.
    """
    if "view" in data:
        data = {**data, "view": _view_table(data["view"], path)}
    return parse_table(data, PipelineConfig, str(path), folder=path.parent)


def check_labels(config: PipelineConfig, where: str, *, hears: bool) -> None:
    """Refuse a pipeline that shall learn and gets no labels.

    Parameters
    ----------
    config
        The pipeline.
    where
        What the message calls its file.
    hears
        Whether labels can come from outside.

    Raises
    ------
    ConfigError
        If it does.
    """
    if config.learns and not isinstance(config.source, RecordingTable) and not hears:
        raise ConfigError(
            f'{where}: learning.enabled: needs labels; they come from a source of kind "recording", from a [service], '
            'from [serial_commands], or from a sink of kind "mqtt"'
        )


def _view_table(view: Any, path: Path) -> Any:
    """Return the view's table, wherever it stands."""
    if not isinstance(view, dict) or "file" not in view:
        return view
    if set(view) != {"file"} or not isinstance(view["file"], str):
        raise ConfigError(f'{path}: view: should be either {{file = "…"}} and nothing else, or the view itself')
    file = path.parent / Path(view["file"]).expanduser()
    # Checked under its own name first, so that a mistake is told where it stands.
    FeatureView.from_toml(file)
    return read_toml(file)
