"""Records and the sinks they go to."""

from __future__ import annotations

from edge_runtime.telemetry.jsonl import JsonLinesSink, StandardOutputSink
from edge_runtime.telemetry.memory import MemorySink
from edge_runtime.telemetry.record import SCHEMA, Record, encode_record, make_record
from edge_runtime.telemetry.sink import Sink

__all__ = [
    "SCHEMA",
    "JsonLinesSink",
    "MemorySink",
    "Record",
    "Sink",
    "StandardOutputSink",
    "encode_record",
    "make_record",
]
