"""The record: what a sink takes, and what stands on each line of a JSON lines file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError

__all__ = ["SCHEMA", "AttachedRecord", "Record", "encode_record", "make_record"]

SCHEMA = 1
"""Version of the records' layout; it rises when a field changes its meaning or goes away."""

Record = Mapping[str, Any]


class AttachedRecord(dict[str, Any]):
    """A record with arrays beside it, for a sink that keeps such things; to every other one it is the record alone.

    Parameters
    ----------
    record
        The record.
    arrays
        What belongs to it and is too large for everybody.
    """

    def __init__(self, record: Record, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        super().__init__(record)
        self.arrays = dict(arrays)


def make_record(kind: str, *, record_id: str, t_ns: int, **fields: Any) -> dict[str, Any]:
    """Make a record.

    Parameters
    ----------
    kind
        What it tells: ``"prediction"``, ``"label"``, ``"promotion"``, ``"event"`` ….
    record_id
        Unique among all records of all runs, so that a receiver can drop what it got twice.
    t_ns
        When it happened in the stream, nanoseconds since the Unix epoch, UTC.
    **fields
        Whatever else it says: values that JSON can hold, or numpy scalars and arrays.

    Examples
    --------
    >>> make_record("event", record_id="a-1", t_ns=5, what="started")
    {'schema': 1, 'kind': 'event', 'id': 'a-1', 't_ns': 5, 'what': 'started'}
    """
    return {"schema": SCHEMA, "kind": kind, "id": record_id, "t_ns": t_ns, **fields}


def encode_record(record: Record) -> bytes:
    r"""Encode a record as one line of JSON, with its line feed.

    Raises
    ------
    DataError
        If it holds something that JSON cannot: NaN, infinity, or an object of unknown type.

    Examples
    --------
    >>> encode_record({"id": "a-1", "t_ns": 5})
    b'{"id":"a-1","t_ns":5}\n'
    """
    try:
        text = json.dumps(record, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain)
    except (TypeError, ValueError) as error:
        name = record.get("id", "without an id")
        raise DataError(f"record {name} cannot be written as JSON: {error}; use finite numbers and text") from error
    return text.encode() + b"\n"


def _plain(value: object) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is no JSON type")
