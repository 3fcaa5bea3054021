"""Records, the sinks they go to, and the outbox that keeps them until they have arrived."""

from __future__ import annotations

from edge_runtime.telemetry.backoff import Backoff
from edge_runtime.telemetry.forward import Forwarder, LinkState
from edge_runtime.telemetry.jsonl import JsonLinesSink, StandardOutputSink
from edge_runtime.telemetry.link import Carrier, Letter, Link, MemoryCarrier
from edge_runtime.telemetry.memory import MemorySink
from edge_runtime.telemetry.outbox import Outbox, Spool
from edge_runtime.telemetry.outbox_sink import OutboxSink
from edge_runtime.telemetry.rate import RateLimit
from edge_runtime.telemetry.record import SCHEMA, Record, encode_record, make_record
from edge_runtime.telemetry.sink import Sink

__all__ = [
    "SCHEMA",
    "Backoff",
    "Carrier",
    "Forwarder",
    "JsonLinesSink",
    "Letter",
    "Link",
    "LinkState",
    "MemoryCarrier",
    "MemorySink",
    "Outbox",
    "OutboxSink",
    "RateLimit",
    "Record",
    "Sink",
    "Spool",
    "StandardOutputSink",
    "encode_record",
    "make_record",
]
