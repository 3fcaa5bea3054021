"""Home Assistant's MQTT discovery: sensors appear there by themselves.

The state of each sensor is taken from the newest record of the device's own topics, so discovery goes with the
native JSON
payloads only.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from edge_runtime.telemetry.payloads.base import Message, Topics

__all__ = ["discovery_messages"]

LAST = "{{ value_json[-1].%s }}"

SENSORS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("prediction", "name", {"name": "class", "icon": "mdi:brain"}),
    ("prediction", "latency_ms", {"name": "latency", "unit_of_measurement": "ms", "entity_category": "diagnostic"}),
    ("status", "accuracy", {"name": "accuracy", "state_class": "measurement", "entity_category": "diagnostic"}),
    ("status", "serving", {"name": "serving head", "entity_category": "diagnostic"}),
)


def discovery_messages(topics: Topics, pipelines: Sequence[str], *, prefix: str = "homeassistant") -> list[Message]:
    """Return the retained messages that announce a device's sensors.

    Parameters
    ----------
    topics
        The device's topics.
    pipelines
        The names of its pipelines.
    prefix
        Home Assistant's discovery prefix.
    """
    return [
        _discovery(topics, pipeline, kind, field, about, prefix)
        for pipeline in pipelines
        for kind, field, about in SENSORS
    ]


def _discovery(topics: Topics, pipeline: str, kind: str, field: str, about: dict[str, Any], prefix: str) -> Message:
    unique = f"{topics.device}_{pipeline}_{kind}_{field}"
    config = {
        **about,
        "name": f"{pipeline} {about['name']}",
        "unique_id": unique,
        "state_topic": topics.records(pipeline, kind),
        "value_template": LAST % field,
        "availability_topic": topics.availability,
        "availability_template": "{{ 'online' if value_json.online else 'offline' }}",
        "device": {"identifiers": [f"edge_runtime_{topics.device}"], "name": topics.device, "model": "edge_runtime"},
        "origin": {"name": "edge_runtime"},
    }
    return Message(f"{prefix}/sensor/{unique}/config", json.dumps(config).encode(), "application/json", retain=True)
