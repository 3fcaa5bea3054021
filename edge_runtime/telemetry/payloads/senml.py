"""SenML (RFC 8428), as JSON or CBOR.

A record becomes a run of SenML records with one base name, ``urn:dev:edge:DEVICE:PIPELINE:KIND:``, and one base
time, the
time of acquisition. Each field is one SenML record: numbers as ``v``, text as ``vs``, truth values as ``vb``; arrays
and
tables are taken apart, ``outputs`` into ``outputs/0``, ``outputs/1`` …. ``None`` is left out. A SenML time is a
number of seconds,
too coarse for nanoseconds, so ``t_ns`` is there as text too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import cbor2

from edge_runtime.errors import DataError
from edge_runtime.telemetry.link import Letter
from edge_runtime.telemetry.payloads.base import Message, Payloads, Topics, by_kind

__all__ = ["SenmlPayloads", "from_senml", "to_senml"]

LABELS = {"bn": -2, "bt": -3, "n": 0, "v": 2, "vs": 3, "vb": 4}
"""RFC 8428, table 4: what the fields are called in CBOR."""

EXACT_TEXT = ("t_ns", "start_ns")
"""Integers beyond 2**53, which a SenML number may lose."""

MEDIA_TYPES = {"json": "application/senml+json", "cbor": "application/senml+cbor"}


class SenmlPayloads(Payloads):
    """A SenML pack in each message.

    Parameters
    ----------
    topics
        Where they go; they also give the base names.
    encoding
        How packs are written.
    """

    def __init__(self, topics: Topics, encoding: Literal["json", "cbor"] = "json") -> None:
        super().__init__(topics)
        self._encoding = encoding

    def messages(self, letters: Sequence[Letter]) -> Iterable[Message]:
        """Return one message for each run of records of one kind."""
        for pipeline, kind, group in by_kind(letters):
            pack = [entry for letter in group for entry in to_senml(letter.record, device=self.topics.device)]
            yield Message(self.topics.records(pipeline, kind), self._encode(pack), MEDIA_TYPES[self._encoding])

    def _encode(self, pack: list[dict[str, Any]]) -> bytes:
        if self._encoding == "json":
            return json.dumps(pack, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
        return cbor2.dumps([{LABELS[key]: value for key, value in entry.items()} for entry in pack])


def to_senml(record: Mapping[str, Any], *, device: str) -> list[dict[str, Any]]:
    """Return a record as SenML records, the first of which carries base name and base time.

    Examples
    --------
    >>> to_senml({"kind": "event", "id": "a-1", "t_ns": 5_000_000_000, "pipeline": "p", "n": 2}, device="d")[0]
    {'bn': 'urn:dev:edge:d:p:event:', 'bt': 5.0, 'n': 'id', 'vs': 'a-1'}
    """
    base = {
        "bn": f"urn:dev:edge:{device}:{record.get('pipeline', 'device')}:{record.get('kind', 'record')}:",
        "bt": record["t_ns"] / 1e9,
    }
    fields = {key: value for key, value in record.items() if key not in ("pipeline", "kind")}
    entries = [{"n": name, **_value(name, value)} for name, value in _leaves("", fields)]
    return [{**base, **entries[0]}, *entries[1:]]


def from_senml(payload: bytes, *, encoding: Literal["json", "cbor"] = "json") -> list[dict[str, Any]]:
    """Return the records in a pack, with their fields as `to_senml` named them.

    Raises
    ------
    DataError
        If the payload is no SenML pack of this project.
    """
    try:
        pack = json.loads(payload) if encoding == "json" else _named(cbor2.loads(payload))
        return list(_records(pack))
    except (ValueError, KeyError, TypeError, AttributeError, cbor2.CBORDecodeError) as error:
        raise DataError(f"not a SenML pack of a device: {error!r}") from error


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(f"{path}/{key}" if path else str(key), inner)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _leaves(f"{path}/{position}", inner)
    elif value is not None:
        yield path, value


def _value(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"vb": value}
    if isinstance(value, str) or name in EXACT_TEXT:
        return {"vs": str(value)}
    return {"v": value}


def _named(pack: list[dict[int, Any]]) -> list[dict[str, Any]]:
    names = {label: name for name, label in LABELS.items()}
    return [{names[label]: value for label, value in entry.items()} for entry in pack]


def _records(pack: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    if not isinstance(pack, list):
        raise TypeError("it is no array")
    record: dict[str, Any] | None = None
    for entry in pack:
        if "bn" in entry:
            if record is not None:
                yield record
            *_, pipeline, kind, _ = entry["bn"].split(":")
            record = {"pipeline": pipeline, "kind": kind}
        if record is None:
            raise ValueError("the first entry has no base name")
        value = next(entry[key] for key in ("v", "vs", "vb") if key in entry)
        record[entry["n"]] = int(value) if entry["n"] in EXACT_TEXT else value
    if record is not None:
        yield record
