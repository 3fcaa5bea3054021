"""How records look on the wire, one module a format."""

from __future__ import annotations

from edge_runtime.telemetry.payloads.base import Message, Payloads, Topics
from edge_runtime.telemetry.payloads.home_assistant import discovery_messages
from edge_runtime.telemetry.payloads.native import NativePayloads
from edge_runtime.telemetry.payloads.senml import SenmlPayloads, from_senml, to_senml
from edge_runtime.telemetry.payloads.sparkplug import SparkplugPayloads

__all__ = [
    "Message",
    "NativePayloads",
    "Payloads",
    "SenmlPayloads",
    "SparkplugPayloads",
    "Topics",
    "discovery_messages",
    "from_senml",
    "to_senml",
]
