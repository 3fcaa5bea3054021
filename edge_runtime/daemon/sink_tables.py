"""The sinks that a pipeline file may name."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PositiveFloat, PositiveInt, model_validator
from typing_extensions import Self

from edge_runtime.config import NearbyPath, Table
from edge_runtime.store.retention import SMALLEST_CAP as SMALLEST_STORE
from edge_runtime.telemetry.outbox.spool import SMALLEST_CAP
from edge_runtime.telemetry.serial.frames import WINDOW
from edge_runtime.units import Duration, Size

__all__ = [
    "JsonLinesTable",
    "MqttTable",
    "OutboxTable",
    "SerialTable",
    "SinkTable",
    "StandardOutputTable",
    "StoreTable",
]

URL = re.compile(r"(mqtts?)://([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:]+\])(?::(\d{1,5}))?/?")


class AnySinkTable(Table):
    """What every sink may have."""

    kinds: tuple[str, ...] | None = Field(default=None, description="which kinds of records it takes")


class JsonLinesTable(AnySinkTable):
    """Records into a file."""

    kind: Literal["jsonl"]
    path: NearbyPath


class StandardOutputTable(AnySinkTable):
    """Records to standard output."""

    kind: Literal["stdout"]


class OutboxTable(AnySinkTable):
    """What every sink has that sends records elsewhere: they wait in an outbox until they are acknowledged."""

    outbox: NearbyPath = Field(description="the file in which records wait, an SQLite database")
    outbox_cap: Size = Field(default=64 * 2**20, ge=SMALLEST_CAP)
    when_full: Literal["oldest", "newest", "block"] = "oldest"
    commit_every: Duration = Field(default=0.05, le=10.0)
    priorities: dict[str, int] = Field(default_factory=dict)
    late_after: Duration = 10.0
    rate_limit: PositiveFloat | None = Field(default=None, description="records a second")


class StoreTable(AnySinkTable):
    """Records and features into a store on the device."""

    kind: Literal["store"]
    path: NearbyPath = Field(description="an SQLite database; made where it is missing")
    kinds: tuple[str, ...] | None = ("prediction", "label", "head", "evaluation", "event")
    features: bool = Field(default=True, description="whether each window's features are kept")
    keep_rows: PositiveInt | None = Field(default=None, description="rows of each kind")
    keep_for: Duration | None = Field(default=None, description='how long a row is kept, like "720 h"')
    cap: Size = Field(default=256 * 2**20, ge=SMALLEST_STORE, description="bytes of its files together")
    commit_every: Duration = Field(default=0.2, le=60.0)


def _is_broker(url: str) -> str:
    match = URL.fullmatch(url)
    if match is None or not 0 < int(match[3] or 1) < 65536:
        raise ValueError('should be like "mqtt://broker.local:1883", or "mqtts://…" for an encrypted connection')
    return url


class MqttTable(OutboxTable):
    """Records to an MQTT broker, and commands from it."""

    kind: Literal["mqtt"]
    broker: Annotated[str, AfterValidator(_is_broker)] = Field(description='like "mqtts://broker.local:8883"')
    version: Literal["5", "3.1.1"] = "5"
    client_id: str | None = Field(default=None, min_length=1, max_length=64)
    username: str | None = None
    password_file: NearbyPath | None = None
    ca_file: NearbyPath | None = None
    cert_file: NearbyPath | None = None
    key_file: NearbyPath | None = None
    keepalive: Duration = Field(default=30.0, ge=1.0, le=65_535.0)
    session: Duration = Field(default=7 * 24 * 3600.0, le=4_294_967_294.0)
    deadline: Duration = Field(default=10.0, gt=0.0)
    prefix: str = Field(default="edge/v1", pattern=r"^[^+#]+[^+#/]$")
    payload: Literal["json", "cbor", "senml+json", "senml+cbor", "sparkplug"] = "json"
    group: str = Field(default="edge", pattern=r"^[^+#/]+$", description="Sparkplug's group id")
    home_assistant: bool = False
    commands: bool = True

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if self.home_assistant and self.payload != "json":
            raise ValueError('home_assistant: needs payload = "json", from which its sensors take their values')
        if (self.ca_file or self.cert_file or self.key_file) and not self.address[0]:
            raise ValueError('ca_file, cert_file, key_file: need an encrypted connection: broker = "mqtts://…"')
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file, key_file: a certificate and its key go together; give both or neither")
        return self

    @property
    def address(self) -> tuple[bool, str, int]:
        """Whether the connection is encrypted, the host and the port."""
        match = URL.fullmatch(self.broker)
        scheme, host, port = match.groups() if match else ("mqtt", "localhost", None)
        encrypted = scheme == "mqtts"
        return encrypted, host.strip("[]"), int(port) if port else (8883 if encrypted else 1883)


class SerialTable(OutboxTable):
    """Records over a serial line, to whoever acknowledges them."""

    kind: Literal["serial"]
    port: str = Field(min_length=1, description='the device\'s path, like "/dev/ttyUSB0"')
    baud: PositiveInt = 115_200
    hardware_flow: bool = Field(default=False, description="whether RTS and CTS are wired")
    window: int = Field(default=8, ge=1, le=WINDOW, description="records under way at once")
    retry: Duration = Field(default=0.5, gt=0.0)
    deadline: Duration = Field(default=10.0, gt=0.0)


SinkTable = Annotated[
    JsonLinesTable | StandardOutputTable | StoreTable | MqttTable | SerialTable, Field(discriminator="kind")
]
