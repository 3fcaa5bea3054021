"""Tensors of the Open Inference Protocol, as JSON and by its binary extension."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError
from edge_runtime.service.bodies import InferRequest, RequestTensor, ResponseTensor
from edge_runtime.service.device import ModelInfo, TensorInfo

__all__ = ["DATATYPES", "datatype_of", "read_inputs", "write_outputs"]

DATATYPES = {
    "BOOL": np.dtype(np.bool_),
    "UINT8": np.dtype(np.uint8),
    "INT8": np.dtype(np.int8),
    "INT16": np.dtype(np.int16),
    "INT32": np.dtype(np.int32),
    "INT64": np.dtype(np.int64),
    "FP32": np.dtype(np.float32),
}
"""The protocol's names for numpy's types, little-endian on the wire."""


def datatype_of(dtype: np.dtype[Any]) -> str:
    """Return the protocol's name of a type."""
    return next(name for name, known in DATATYPES.items() if known == dtype)


def read_inputs(model: ModelInfo, request: InferRequest, binary: bytes) -> list[npt.NDArray[Any]]:
    """Return a request's inputs in the model's order.

    Parameters
    ----------
    model
        The model that is asked.
    request
        The request's JSON.
    binary
        What stands after the JSON: the inputs with ``binary_data_size``, in order.

    Raises
    ------
    DataError
        If an input is missing, unknown, or not what the model takes.
    """
    given: dict[str, npt.NDArray[Any]] = {}
    for tensor in request.inputs:
        raw, binary = _cut(tensor, binary)
        given[tensor.name] = _array(_wanted(model, tensor), tensor, raw)
    if binary:
        raise DataError(f"{len(binary)} bytes of binary data belong to no input")
    missing = [wanted.name for wanted in model.inputs if wanted.name not in given]
    if missing:
        raise DataError(f"input {missing[0]!r} is missing")
    return [given[wanted.name] for wanted in model.inputs]


def write_outputs(
    model: ModelInfo, request: InferRequest, outputs: Sequence[npt.NDArray[Any]]
) -> tuple[list[ResponseTensor], bytes]:
    """Return the outputs that a request wants, and the binary data of those that it wants that way.

    Raises
    ------
    DataError
        If it wants an output that the model has not.
    """
    by_name = {info.name: (info, array) for info, array in zip(model.outputs, outputs, strict=True)}
    everything = [(info.name, request.parameters.get("binary_data_output", False)) for info in model.outputs]
    wanted = (
        everything
        if request.outputs is None
        else [(o.name, o.parameters.get("binary_data", False)) for o in request.outputs]
    )
    tensors, binary = [], b""
    for name, is_binary in wanted:
        if name not in by_name:
            raise DataError(f"output {name!r} is unknown; the model has {', '.join(by_name)}")
        info, array = by_name[name]
        raw = np.ascontiguousarray(array).tobytes() if is_binary else None
        binary += raw or b""
        tensors.append(
            ResponseTensor(
                name=name,
                shape=list(array.shape),
                datatype=info.datatype,
                parameters=None if raw is None else {"binary_data_size": len(raw)},
                data=None if raw is not None else array.ravel().tolist(),
            )
        )
    return tensors, binary


def _cut(tensor: RequestTensor, binary: bytes) -> tuple[bytes | None, bytes]:
    size = tensor.parameters.get("binary_data_size")
    if size is None:
        return None, binary
    if isinstance(size, bool) or not isinstance(size, int) or not 0 <= size <= len(binary):
        raise DataError(f"input {tensor.name!r}: binary_data_size is {size!r}, but {len(binary)} bytes are left")
    return binary[:size], binary[size:]


def _wanted(model: ModelInfo, tensor: RequestTensor) -> TensorInfo:
    for wanted in model.inputs:
        if wanted.name == tensor.name:
            break
    else:
        names = ", ".join(repr(known.name) for known in model.inputs)
        raise DataError(f"input {tensor.name!r} is unknown; the model takes {names}")
    if tensor.datatype != wanted.datatype or tuple(tensor.shape) != wanted.shape:
        right = f"{wanted.datatype}{list(wanted.shape)}"
        raise DataError(f"input {tensor.name!r} is {tensor.datatype}{tensor.shape}; it must be {right}")
    return wanted


def _array(wanted: TensorInfo, tensor: RequestTensor, raw: bytes | None) -> npt.NDArray[Any]:
    dtype = DATATYPES[wanted.datatype]
    count = int(np.prod(wanted.shape))
    if raw is not None:
        if len(raw) != count * dtype.itemsize:
            raise DataError(f"input {tensor.name!r} has {len(raw)} bytes; it must have {count * dtype.itemsize}")
        return np.frombuffer(raw, dtype.newbyteorder("<")).astype(dtype).reshape(wanted.shape)
    values = _flat(tensor.data or [])
    if len(values) != count:
        raise DataError(f"input {tensor.name!r} has {len(values)} values; it must have {count}")
    return _typed(values, dtype, tensor.name).reshape(wanted.shape)


def _flat(data: list[Any]) -> list[Any]:
    """Take nested lists apart, without recursion: what comes from outside may be nested deeply."""
    flat: list[Any] = []
    waiting = [data]
    while waiting:
        current = waiting.pop()
        if isinstance(current, list):
            waiting.extend(reversed(current))
        else:
            flat.append(current)
    return flat


def _typed(values: list[Any], dtype: np.dtype[Any], name: str) -> npt.NDArray[Any]:
    allowed: tuple[type, ...] = (int, float) if dtype.kind == "f" else (bool,) if dtype.kind == "b" else (int,)
    for value in values:
        if not isinstance(value, allowed) or (isinstance(value, bool) and dtype.kind != "b"):
            raise DataError(f"input {name!r} holds {value!r}; {datatype_of(dtype)} values are {allowed[-1].__name__}s")
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        outside = [value for value in values if not limits.min <= value <= limits.max]
        if outside:
            raise DataError(f"input {name!r} holds {outside[0]}; it must be between {limits.min} and {limits.max}")
    return np.array(values, dtype)
