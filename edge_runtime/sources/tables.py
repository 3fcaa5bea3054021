"""Sources as pipeline files declare them, and how each is opened; others join as entry points.

A package adds a source by an entry point of the group ``edge_runtime.sources``: its name is the ``kind``, and what it
names is called with the table's other keys and returns a `Source`.
"""

from __future__ import annotations

from abc import abstractmethod
from importlib.metadata import EntryPoint, entry_points
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, PositiveFloat, PositiveInt, Tag, field_validator, model_validator
from typing_extensions import Self

from edge_runtime.config import NearbyPath, Table
from edge_runtime.errors import ConfigError
from edge_runtime.sources.base import Source
from edge_runtime.sources.host import HostSource
from edge_runtime.sources.iio import IioSource
from edge_runtime.sources.merged import MergedSource
from edge_runtime.sources.microphone import MicrophoneSource
from edge_runtime.sources.mqtt import MqttSource
from edge_runtime.sources.payload import Form
from edge_runtime.sources.recording import RecordedSource
from edge_runtime.sources.serial_frames import SerialSource
from edge_runtime.sources.serial_lines import LineSource
from edge_runtime.sources.serial_link import LinkStream, SerialLinkSource
from edge_runtime.sources.signals import Bearing
from edge_runtime.sources.synthetic import SyntheticSource, bearing_source, motion_source
from edge_runtime.units import Duration, Frequency

__all__ = [
    "AnySourceTable",
    "RecordingTable",
    "SourceTable",
    "SyntheticTable",
]

GROUP = "edge_runtime.sources"
Pace = PositiveFloat | Literal["max"]
Channels = Annotated[tuple[str, ...], Field(min_length=1)]


class SourceTable(Table):
    """A source in a pipeline file."""

    kind: str

    @abstractmethod
    def open(self) -> Source:
        """Return the source.

        Raises
        ------
        InputError
            If what it names is not there, or makes no sense.
        ToolError
            If it takes a package that is not installed.
        """


class RecordingTable(SourceTable):
    """A recording, played as it was recorded or at another pace."""

    kind: Literal["recording"]
    path: NearbyPath = Field(description="a recording: .mcap, .npz, .csv, .wav or .parquet")
    channels: tuple[str, ...] | None = None
    block_size: PositiveInt = 64
    pace: Pace = "max"

    def open(self) -> Source:
        """Return the source."""
        return RecordedSource(self.path, channels=self.channels, block_size=self.block_size, pace=self.pace)


class SyntheticTable(SourceTable):
    """A computed stream."""

    kind: Literal["synthetic"]
    model: Literal["sines", "bearing", "motion"] = "sines"
    channels: Channels | None = None
    rate: Frequency
    seed: int = 0
    block_size: PositiveInt = 64
    blocks: PositiveInt | None = None
    pace: Pace = "max"
    noise: float = Field(default=0.1, ge=0)
    fault: Literal["none", "outer", "inner", "ball"] = "none"
    shaft: Frequency = 30.0
    gait: Literal["standing", "walking", "running"] = "walking"

    @model_validator(mode="after")
    def _names_channels(self) -> Self:
        if (self.channels is None) == (self.model == "sines"):
            what = "missing; sines need their channels' names" if self.channels is None else "the model has its own"
            raise ValueError(f"channels: {what}")
        return self

    def open(self) -> Source:
        """Return the source."""
        options: dict[str, Any] = {
            name: getattr(self, name) for name in ("seed", "block_size", "blocks", "pace", "noise")
        }
        if self.model == "bearing":
            return bearing_source(self.rate, bearing=Bearing(shaft_hz=self.shaft), fault=self.fault, **options)
        if self.model == "motion":
            return motion_source(self.rate, gait=self.gait, **options)
        return SyntheticSource(self.channels or (), self.rate, **options)


class LinkStreamTable(Table):
    """One of the streams of a serial link."""

    stream: int = Field(ge=0, le=255)
    channels: Channels
    rate: Frequency
    hold: bool = False


class SerialTable(SourceTable):
    """A device behind a serial port: one stream of it, or several, which come onto the grid of the rate."""

    kind: Literal["serial"]
    port: str = Field(min_length=1, description="the device's path, like /dev/ttyACM0")
    baud: PositiveInt = 115_200
    format: Literal["frames", "csv", "json"] = "frames"
    channels: tuple[str, ...] = ()
    rate: Frequency
    stream: int = Field(default=0, ge=0, le=255)
    streams: tuple[LinkStreamTable, ...] = Field(default=(), description="several streams, in place of channels")
    silence: Duration = 5.0
    patience: Duration = Field(default=1.0, description="how long a stream that is behind is waited for")

    @model_validator(mode="after")
    def _is_one_or_several(self) -> Self:
        if bool(self.channels) == bool(self.streams):
            raise ValueError("channels: give either channels, or streams with channels of their own")
        if self.streams and self.format != "frames":
            raise ValueError('streams: only format = "frames" has several streams on a link')
        return self

    def open(self) -> Source:
        """Return the source."""
        if self.streams:
            streams = [LinkStream(one.stream, one.channels, one.rate, one.hold) for one in self.streams]
            return SerialLinkSource(
                *(self.port, streams, self.rate),
                baud=self.baud,
                silence_s=self.silence,
                patience_s=self.patience,
            )
        if self.format == "frames":
            return SerialSource(
                self.port, self.channels, self.rate, baud=self.baud, stream=self.stream, silence_s=self.silence
            )
        return LineSource(self.port, self.channels, self.rate, form=self.format, baud=self.baud, silence_s=self.silence)


class MqttTable(SourceTable):
    """Messages from a broker."""

    kind: Literal["mqtt"]
    host: str = Field(min_length=1, description="the broker's name or address")
    port: int = Field(default=1883, ge=1, le=65_535)
    topic: str = Field(min_length=1, description="what is subscribed to; wildcards are allowed")
    format: Form = "json"
    channels: Channels
    rate: Frequency
    client: str = Field(min_length=1, description="the session's name at the broker, this source's alone")
    username: str | None = None
    password: str | None = None
    ca: NearbyPath | None = None
    reorder: int = Field(default=0, ge=0, le=1000)

    def open(self) -> Source:
        """Return the source."""
        return MqttSource(
            self.host,
            self.topic,
            self.channels,
            self.rate,
            client=self.client,
            port=self.port,
            form=self.format,
            username=self.username,
            password=self.password,
            ca=self.ca,
            reorder=self.reorder,
        )


class IioTable(SourceTable):
    """A device of the kernel's industrial I/O."""

    kind: Literal["iio"]
    device: str = Field(min_length=1, description="its name, or iio:deviceN")
    channels: Channels
    rate: Frequency
    buffered: bool = False
    block_size: PositiveInt = 64

    def open(self) -> Source:
        """Return the source."""
        return IioSource(self.device, self.channels, self.rate, buffered=self.buffered, block_size=self.block_size)


class HostTable(SourceTable):
    """The machine itself."""

    kind: Literal["host"]
    channels: Channels = ("cpu_percent", "memory_percent")
    rate: Frequency = 10.0

    def open(self) -> Source:
        """Return the source."""
        return HostSource(self.channels, self.rate)


class MicrophoneTable(SourceTable):
    """A microphone; files are recordings."""

    kind: Literal["microphone"]
    channels: Channels = ("left",)
    rate: Frequency = 16_000.0
    block_size: PositiveInt = 512
    device: str | None = None

    def open(self) -> Source:
        """Return the source."""
        return MicrophoneSource(self.channels, self.rate, block_size=self.block_size, device=self.device)


class MergedTable(SourceTable):
    """Several sources on the grid of one rate."""

    kind: Literal["merged"]
    rate: Frequency
    sources: tuple[SimpleSourceTable, ...] = Field(min_length=1)
    hold: tuple[int, ...] = ()
    patience: Duration = 1.0

    @model_validator(mode="after")
    def _holds_what_is_there(self) -> Self:
        wrong = [number for number in self.hold if not 0 <= number < len(self.sources)]
        if wrong:
            raise ValueError(f"hold: there is no source {wrong[0]}; they are counted from 0 to {len(self.sources) - 1}")
        return self

    def open(self) -> Source:
        """Return the source."""
        return MergedSource(
            [table.open() for table in self.sources], self.rate, hold=self.hold, patience_s=self.patience
        )


class PluginTable(SourceTable):
    """A source of another package: all other keys are given to it."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)

    @field_validator("kind")
    @classmethod
    def _is_known(cls, kind: str) -> str:
        if _plugin(kind) is None:
            names = [*BUILT_IN, *(found.name for found in entry_points(group=GROUP))]
            raise ValueError(f"{kind!r} is unknown; it must be one of {', '.join(map(repr, names))}")
        return kind

    def open(self) -> Source:
        """Return the source."""
        found = _plugin(self.kind)
        if found is None:
            raise ConfigError(f"source: {self.kind!r} is not installed any more")
        try:
            source = found.load()(**(self.__pydantic_extra__ or {}))
        except TypeError as error:
            raise ConfigError(f"source of kind {self.kind!r}: {error}") from error
        if not isinstance(source, Source):
            raise ConfigError(f"source of kind {self.kind!r}: {found.value} gives no Source")
        return source


def _plugin(kind: str) -> EntryPoint | None:
    return next(iter(entry_points(group=GROUP, name=kind)), None)


def _tag(value: Any) -> str:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return kind if kind in BUILT_IN else "plugin"


SimpleSourceTable = Annotated[
    Annotated[RecordingTable, Tag("recording")]
    | Annotated[SyntheticTable, Tag("synthetic")]
    | Annotated[SerialTable, Tag("serial")]
    | Annotated[MqttTable, Tag("mqtt")]
    | Annotated[IioTable, Tag("iio")]
    | Annotated[HostTable, Tag("host")]
    | Annotated[MicrophoneTable, Tag("microphone")]
    | Annotated[PluginTable, Tag("plugin")],
    Discriminator(_tag, custom_error_type="nested", custom_error_message="a merged source cannot hold another one"),
]
MergedTable.model_rebuild()

AnySourceTable = Annotated[
    Annotated[RecordingTable, Tag("recording")]
    | Annotated[SyntheticTable, Tag("synthetic")]
    | Annotated[SerialTable, Tag("serial")]
    | Annotated[MqttTable, Tag("mqtt")]
    | Annotated[IioTable, Tag("iio")]
    | Annotated[HostTable, Tag("host")]
    | Annotated[MicrophoneTable, Tag("microphone")]
    | Annotated[MergedTable, Tag("merged")]
    | Annotated[PluginTable, Tag("plugin")],
    Discriminator(_tag),
]
"""Any source that a pipeline file may declare."""

BUILT_IN = ("recording", "synthetic", "serial", "mqtt", "iio", "host", "microphone", "merged")
