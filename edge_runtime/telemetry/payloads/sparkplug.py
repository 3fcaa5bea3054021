"""Sparkplug B (version 3.0): the device is an edge node, its pipelines' fields are metrics.

Birth and death certificates carry the session's ``bdSeq``; every message after the birth carries ``seq``, 0 to 255
and round.
The birth names all metrics that the node has told so far. Metrics keep the time of acquisition, and
``is_historical`` marks those
that come late.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from edge_runtime.telemetry.link import Letter
from edge_runtime.telemetry.payloads.base import Message, Payloads, Topics
from edge_runtime.telemetry.payloads.protobuf import double_field, message_field, text_field, varint_field

__all__ = ["SparkplugPayloads"]

INT64, DOUBLE, BOOLEAN, STRING = 4, 10, 11, 12
"""Data types, Sparkplug 3.0 section 6.4.16."""

MEDIA_TYPE = "application/x-protobuf"
REBIRTH = "Node Control/Rebirth"


class SparkplugPayloads(Payloads):
    """Publishes as a Sparkplug edge node.

    Parameters
    ----------
    topics
        The device's name is the edge node's.
    group
        The group id.
    """

    def __init__(self, topics: Topics, group: str) -> None:
        super().__init__(topics)
        self._group = group
        self._bd_seq = -1
        self._seq = 0
        self._known: dict[str, bytes] = {}

    def begin(self) -> None:
        """Begin a session with the next ``bdSeq``."""
        self._bd_seq = (self._bd_seq + 1) % 256
        self._seq = 0

    def births(self) -> list[Message]:
        """Return NBIRTH, with all metrics that were ever told and their last values."""
        metrics = [
            self._bd_metric(),
            _metric(REBIRTH, False, _now_ms()),
            *self._known.values(),
        ]
        return [self._message("NBIRTH", metrics)]

    def will(self) -> Message:
        """Return NDEATH."""
        payload = varint_field(1, _now_ms()) + message_field(2, self._bd_metric())
        return Message(self._topic("NDEATH"), payload, MEDIA_TYPE)

    def messages(self, letters: Sequence[Letter]) -> Iterable[Message]:
        """Return one NDATA for all of the records."""
        metrics = []
        for letter in letters:
            for name, value in _metrics_of(letter.record):
                encoded = _metric(name, value, letter.record["t_ns"] // 1_000_000, historical=letter.late)
                self._known[name] = _metric(name, value, letter.record["t_ns"] // 1_000_000)
                metrics.append(encoded)
        return [self._message("NDATA", metrics)]

    def _message(self, kind: str, metrics: Sequence[bytes]) -> Message:
        body = varint_field(1, _now_ms()) + b"".join(message_field(2, metric) for metric in metrics)
        payload = body + varint_field(3, self._seq)
        self._seq = (self._seq + 1) % 256
        return Message(self._topic(kind), payload, MEDIA_TYPE, qos=0 if kind == "NBIRTH" else 1)

    def _topic(self, kind: str) -> str:
        return f"spBv1.0/{self._group}/{kind}/{self.topics.device}"

    def _bd_metric(self) -> bytes:
        return _metric("bdSeq", max(self._bd_seq, 0), _now_ms())


def _metrics_of(record: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """Yield a record's plain fields as metrics' names and values."""
    base = f"{record.get('pipeline', 'device')}/{record.get('kind', 'record')}"
    for key, value in record.items():
        if key in ("schema", "pipeline", "kind", "late"):
            continue
        if isinstance(value, (bool, int, float, str)):
            yield f"{base}/{key}", value
        elif key == "outputs":
            for position, output in enumerate(value):
                yield f"{base}/outputs/{position}", output


def _metric(name: str, value: bool | float | str, t_ms: int, *, historical: bool = False) -> bytes:
    data_type, encoded = _typed(value)
    flag = varint_field(5, 1) if historical else b""
    return text_field(1, name) + varint_field(3, t_ms) + varint_field(4, data_type) + flag + encoded


def _typed(value: bool | float | str) -> tuple[int, bytes]:
    if isinstance(value, bool):
        return BOOLEAN, varint_field(14, value)
    if isinstance(value, int):
        return INT64, varint_field(11, value)
    if isinstance(value, float):
        return DOUBLE, double_field(13, value)
    return STRING, text_field(15, value)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
