"""Payloads of messages into samples: JSON, SenML, MessagePack and raw arrays."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError, ToolError
from edge_runtime.stream.clock import NS_PER_S

__all__ = ["Form", "Readings", "decode_payload"]

Form = Literal["json", "senml", "msgpack", "raw"]

SENML_ABSOLUTE_S = 2**28
"""Times below this are relative to now (RFC 8428, section 4.5.3)."""


@dataclass(frozen=True)
class Readings:
    """What a message says.

    Parameters
    ----------
    samples
        float32[n, channels]; NaN where a channel has no value.
    first_ns
        When the first sample was acquired; None if the message does not tell.
    sequence
        The message's number; None if it has none.
    """

    samples: npt.NDArray[np.float32]
    first_ns: int | None = None
    sequence: int | None = None


def decode_payload(payload: bytes, form: Form, channels: Sequence[str], *, prefix: str = "") -> Readings:
    """Read a message.

    ``json`` and ``msgpack``: an object with a number, or a list of numbers, for each channel, and if the sender likes
    ``t`` (seconds since the epoch of the first sample) or ``t_ns``, and ``seq``; or a plain number or list, for a
    stream of one channel. ``senml``: RFC 8428 in JSON, names resolved with their base names; one time for all.
    ``raw``: little-endian float32[n, channels].

    Parameters
    ----------
    payload, form
        The bytes, and what they are.
    channels
        The channels that are wanted; what else there is, is ignored.
    prefix
        What the channels' names begin with before the names in the message.

    Raises
    ------
    DataError
        If the bytes are not that, or none of the channels is there.
    ToolError
        If MessagePack is wanted, and its package is not installed.
    """
    if form == "raw":
        return _raw(payload, len(channels))
    try:
        value = _unpacker()(payload) if form == "msgpack" else json.loads(payload)
        return _senml(value, channels) if form == "senml" else _object(value, channels, prefix)
    except (KeyError, RecursionError, TypeError, ValueError, OverflowError) as error:
        raise DataError(f"a message cannot be read as {form}: {error}") from error


def _raw(payload: bytes, channels: int) -> Readings:
    if not payload or len(payload) % (4 * channels):
        raise DataError(f"a raw message has {len(payload)} bytes; there should be 4 x {channels} for each sample")
    return Readings(np.frombuffer(payload, "<f4").reshape(-1, channels).astype(np.float32))


def _object(value: Any, channels: Sequence[str], prefix: str) -> Readings:
    if not isinstance(value, dict):
        # A plain value is that of the topic itself.
        value = {"": value}
    named = {f"{prefix}/{name}".strip("/") if prefix else name: content for name, content in value.items()}
    if set(value) == {""} and not prefix and len(channels) == 1:
        named = {channels[0]: value[""]}
    first_ns = _first_ns(value)
    return Readings(_table(named, channels), first_ns, _whole(value.get("seq")))


def _first_ns(value: Mapping[str, Any]) -> int | None:
    if value.get("t_ns") is not None:
        return int(value["t_ns"])
    return None if value.get("t") is None else round(float(value["t"]) * NS_PER_S)


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _table(named: Mapping[str, Any], channels: Sequence[str]) -> npt.NDArray[np.float32]:
    columns = [np.atleast_1d(np.array(named.get(name, np.nan), dtype=np.float64)) for name in channels]
    there = {column.size for name, column in zip(channels, columns, strict=True) if name in named}
    if len(there) != 1 or 0 in there or any(column.ndim != 1 for column in columns):
        raise DataError(
            f"a message has {', '.join(sorted(named)) or 'nothing'}; wanted are {', '.join(channels)}, each as "
            "long as the others"
        )
    count = there.pop()
    with np.errstate(over="ignore"):
        return np.stack([np.broadcast_to(column, (count,)) for column in columns], axis=1).astype(np.float32)


def _senml(value: Any, channels: Sequence[str]) -> Readings:
    base: dict[str, Any] = {}
    named: dict[str, list[float]] = {}
    times: list[float] = []
    if not isinstance(value, list) or not all(isinstance(record, dict) for record in value):
        raise DataError("a SenML pack is no list of records")
    for record in value:
        base.update({key: content for key, content in record.items() if key in ("bn", "bt", "bv")})
        name = f"{base.get('bn', '')}{record.get('n', '')}"
        if "v" in record and name in channels:
            named.setdefault(name, []).append(float(record["v"]) + float(base.get("bv", 0.0)))
            times.append(float(base.get("bt", 0.0)) + float(record.get("t", 0.0)))
    if not named:
        raise DataError(f"a SenML pack has none of {', '.join(channels)}")
    first = min(times)
    return Readings(_table(named, channels), round(first * NS_PER_S) if first >= SENML_ABSOLUTE_S else None)


def _unpacker() -> Callable[[bytes], Any]:
    try:
        import msgpack  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ToolError("MessagePack payloads need msgpack: pip install 'edge-runtime[msgpack]'") from error

    def unpack(payload: bytes) -> Any:
        try:
            return msgpack.unpackb(payload)
        except Exception as error:
            # msgpack's exceptions have no common base that says that the bytes are wrong.
            raise ValueError(str(error) or type(error).__name__) from error

    return unpack
