"""Saved states: a header, raw arrays and a checksum; no pickle.

::

    8 bytes   magic "EDGESTAT"
    2 bytes   version, little-endian
    4 bytes   length of the header, little-endian
    ...       header: JSON {"kind", "parameters", "arrays": [{"name", "dtype", "shape"}, ...]}, UTF-8
    ...       the arrays in that order, C order, little-endian, nothing between them
    32 bytes  SHA-256 of everything before
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import StateError

__all__ = ["VERSION", "Arrays", "State", "pack", "refill", "unpack"]

Arrays = dict[str, npt.NDArray[Any]]
State = tuple[dict[str, Any], Arrays]
"""What a part of a state hands over: numbers, strings and lists for JSON, and arrays by name."""

VERSION = 1

_MAGIC = b"EDGESTAT"
_PREFIX = struct.Struct("<8sHI")
_DIGEST_BYTES = hashlib.sha256().digest_size
_DTYPES = frozenset({"|b1", "|i1", "<i2", "<i4", "<i8", "<f2", "<f4", "<f8"})


def pack(kind: str, parameters: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """Put a state into bytes.

    Parameters
    ----------
    kind
        What this is the state of.
    parameters
        Whatever JSON holds exactly.
    arrays
        Arrays of bool, int8 to int64, or float16 to float64, of any shape.

    Raises
    ------
    StateError
        If an array has another dtype.
    """
    stored = {name: _little_endian(name, array) for name, array in arrays.items()}
    layout = [{"name": name, "dtype": array.dtype.str, "shape": list(array.shape)} for name, array in stored.items()]
    header = json.dumps({"kind": kind, "parameters": dict(parameters), "arrays": layout}, sort_keys=True).encode()
    body = b"".join([_PREFIX.pack(_MAGIC, VERSION, len(header)), header, *(a.tobytes() for a in stored.values())])
    return body + hashlib.sha256(body).digest()


def unpack(data: bytes) -> tuple[str, dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Return the ``(kind, parameters, arrays)`` that `pack` put into `data`; the arrays are fresh copies.

    Raises
    ------
    StateError
        If the data is truncated, altered, of another version, or no saved state at all.
    """
    start = _check_envelope(data)
    end = len(data) - _DIGEST_BYTES
    header_end = start + _PREFIX.unpack_from(data)[2]
    try:
        header = json.loads(data[start:header_end])
        arrays, used = _read_arrays(data[:end], header_end, header["arrays"])
        kind, parameters = str(header["kind"]), dict(header["parameters"])
    except (KeyError, TypeError, ValueError) as error:
        raise StateError(
            f"the saved state's header cannot be read ({error}): it was not written by this project"
        ) from error
    if used != end:
        raise StateError(f"the saved state holds {end - used} bytes more than its header describes")
    return kind, parameters, arrays


def _little_endian(name: str, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    stored = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).reshape(array.shape)
    if stored.dtype.str not in _DTYPES:
        raise StateError(f"array '{name}' is {array.dtype}: a state holds bool, int8 to int64, and float16 to float64")
    return stored


def _check_envelope(data: bytes) -> int:
    if len(data) < _PREFIX.size + _DIGEST_BYTES:
        raise StateError(f"the saved state is {len(data)} bytes long: too short to be one, or cut off")
    magic, version, _ = _PREFIX.unpack_from(data)
    if magic != _MAGIC:
        raise StateError("this is not a saved state: it does not begin with EDGESTAT")
    if version != VERSION:
        raise StateError(f"the saved state has version {version}: this release reads version {VERSION}")
    if hashlib.sha256(data[:-_DIGEST_BYTES]).digest() != data[-_DIGEST_BYTES:]:
        raise StateError("the saved state is damaged: its SHA-256 does not match")
    return _PREFIX.size


def _read_arrays(body: bytes, offset: int, layout: list[dict[str, Any]]) -> tuple[dict[str, npt.NDArray[Any]], int]:
    arrays: dict[str, npt.NDArray[Any]] = {}
    for entry in layout:
        if entry["dtype"] not in _DTYPES:
            raise ValueError(f"unknown dtype {entry['dtype']!r}")
        if min(entry["shape"], default=0) < 0:
            raise ValueError(f"shape {entry['shape']}")
        dtype, shape = np.dtype(entry["dtype"]), tuple(int(n) for n in entry["shape"])
        count = int(np.prod(shape, dtype=np.int64))
        flat = np.frombuffer(body, dtype, count, offset)
        arrays[entry["name"]] = flat.astype(dtype.newbyteorder("=")).reshape(shape)
        offset += count * dtype.itemsize
    return arrays, offset


def refill(own: Arrays, saved: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write saved arrays over one's own; KeyError or ValueError where they are missing or of other shapes."""
    for name, array in own.items():
        if saved[name].shape != array.shape:
            raise ValueError(f"'{name}' is {list(saved[name].shape)} and should be {list(array.shape)}")
    for name, array in own.items():
        array[...] = saved[name]
