"""What the verbs ask over HTTP, asked over MQTT: ``--url mqtt://broker:1883/DEVICE``."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import anyio

from edge_runtime.errors import ConfigError
from edge_runtime.telemetry.mqtt import Broker
from edge_runtime.telemetry.mqtt.ask import ask_device
from edge_runtime.telemetry.payloads.base import Topics

__all__ = ["ask_by_mqtt"]

URL = re.compile(
    r"(?P<scheme>mqtts?)://(?:(?P<user>[^@/]+)@)?(?P<host>[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:]+\])"
    r"(?::(?P<port>\d{1,5}))?/(?:(?P<prefix>.+)/)?(?P<device>[A-Za-z0-9_.-]+)"
)
COMMANDS = {
    "/status": "status",
    "/rollback": "rollback",
    "/learning": "learning",
    "/bundles": "bundle",
    "/bundles/action": "bundle-action",
    "/heads": "head",
}


def ask_by_mqtt(
    url: str, path: str, ca_file: Path | None, body: dict[str, Any] | bytes | None, *, deadline_s: float
) -> dict[str, Any]:
    """Ask a device by its broker what is asked by HTTP else; the password is taken from EDGE_RUNTIME_MQTT_PASSWORD.

    Raises
    ------
    ConfigError
        If the address is wrong, or the device refuses; the message says why.
    LinkError
        If there is no answer.
    """
    match = URL.fullmatch(url)
    if match is None:
        raise ConfigError(f"--url is {url!r}; by MQTT it must be like mqtt://broker.local:1883/press-7")
    scheme, user, host, port, prefix, device = match.groups()
    tls = scheme == "mqtts"
    broker = Broker(
        host.strip("[]"),
        int(port) if port else (8883 if tls else 1883),
        username=user,
        password=os.environ.get("EDGE_RUNTIME_MQTT_PASSWORD"),
        tls=tls,
        ca_file=ca_file,
    )
    topics = Topics(device, prefix or "edge/v1")
    command, payload, pipeline = _command(path, body)

    async def ask() -> dict[str, Any]:
        return await ask_device(broker, topics, command, payload, pipeline=pipeline, deadline_s=deadline_s)

    answer = anyio.run(ask)
    if "error" in answer:
        raise ConfigError(f"{device}: {answer['error']}")
    return {"statuses": [answer["status"]]} if path == "/labels" else answer


def _command(path: str, body: dict[str, Any] | bytes | None) -> tuple[str, bytes, str]:
    """Return the command, its payload, and the pipeline that a file is for, for a request."""
    path, _, query = path.partition("?")
    (pipeline,) = parse_qs(query).get("pipeline", [""])
    if path == "/bundles" and body is None:
        return "bundles", _bytes({"pipeline": pipeline}), ""
    if path == "/labels" and isinstance(body, dict):
        (label,) = body["labels"]
        return "label", _bytes(label), ""
    return COMMANDS[path], _bytes(body), pipeline


def _bytes(body: dict[str, Any] | bytes | None) -> bytes:
    return b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
