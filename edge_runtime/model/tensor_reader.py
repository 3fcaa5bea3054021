"""Reads the tensors of a TFLite file: shapes, types, quantisation and constants' data."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import tflite

from edge_runtime.errors import ModelError
from edge_runtime.model.graph import Quantization, Tensor
from edge_runtime.model.tflite_fields import integers, names_of, text_of
from edge_runtime.model.tflite_schema import DTYPES

__all__ = ["read_tensors"]

_MAX_RANK = 8
_TYPE_NAMES = names_of(tflite.TensorType)


def read_tensors(model: Any, subgraph: Any) -> list[Tensor]:
    """Return a subgraph's tensors, constants with their data.

    Parameters
    ----------
    model, subgraph
        The ``tflite.Model`` and ``tflite.SubGraph``.

    Raises
    ------
    ModelError
        If a tensor has a feature that is not supported, or data that does not fill its shape.
    """
    return [_read(model, subgraph.Tensors(i), i) for i in range(subgraph.TensorsLength())]


def _read(model: Any, tensor: Any, index: int) -> Tensor:
    name = text_of(tensor.Name())
    what = f"tensor {index} ({name!r})"
    _refuse_features(tensor, what)
    shape, dtype = _shape(tensor, what), DTYPES[tensor.Type()]
    content = _content(model, tensor.Buffer(), what)
    data = None if content is None else _constant(content, shape, dtype, what)
    if data is not None and tensor.IsVariable():
        raise ModelError(f"{what} is a variable with data, which is not supported; TFLite starts it at zero")
    return Tensor(index, name, shape, dtype, _quantization(tensor, what), data, bool(tensor.IsVariable()))


def _refuse_features(tensor: Any, what: str) -> None:
    features = {
        "sparse": tensor.Sparsity() is not None,
        "a variant": not tensor.VariantTensorsIsNone(),
        f"of type {_TYPE_NAMES.get(tensor.Type(), tensor.Type())}": tensor.Type() not in DTYPES,
    }
    for feature, present in features.items():
        if present:
            raise ModelError(f"{what} is {feature}, which is not supported; give a plain int8 model")


def _shape(tensor: Any, what: str) -> tuple[int, ...]:
    if tensor.ShapeLength() > _MAX_RANK:
        raise ModelError(f"{what} has {tensor.ShapeLength()} dimensions; at most {_MAX_RANK} are supported")
    shape = integers(tensor, "Shape")
    # only tensors that nobody reads or writes may be empty: `check_structure` sees to that
    if any(length < 0 for length in shape):
        raise ModelError(f"{what} has shape {list(shape)}; every dimension must be fixed and at least 1")
    return shape


def _quantization(tensor: Any, what: str) -> Quantization | None:
    parameters = tensor.Quantization()
    if parameters is None or parameters.ScaleLength() == 0:
        return None
    if parameters.DetailsType():
        raise ModelError(f"{what} has a quantisation scheme of its own, which is not supported; only affine ones are")
    if parameters.ScaleLength() != parameters.ZeroPointLength():
        raise ModelError(f"{what} has {parameters.ScaleLength()} scales but {parameters.ZeroPointLength()} zero points")
    return Quantization(
        parameters.ScaleAsNumpy().astype(np.float32),
        parameters.ZeroPointAsNumpy().astype(np.int64),
        parameters.QuantizedDimension(),
    )


def _content(model: Any, index: int, what: str) -> npt.NDArray[np.uint8] | None:
    """Return a buffer's bytes, None where it has none, which makes a tensor one that is computed."""
    if index >= model.BuffersLength():
        raise ModelError(f"damaged: {what} refers to buffer {index}, of {model.BuffersLength()}")
    buffer = model.Buffers(index)
    if buffer.Offset() or buffer.Size():
        raise ModelError(f"{what} has its data outside the FlatBuffer, which is not supported")
    # an empty vector of data is data, and too little, to TFLite as well
    return None if buffer.DataIsNone() else np.asarray(buffer.DataAsNumpy(), np.uint8)


def _constant(
    content: npt.NDArray[np.uint8], shape: tuple[int, ...], dtype: np.dtype[Any], what: str
) -> npt.NDArray[Any]:
    expected = math.prod(shape) * dtype.itemsize
    if len(content) != expected:
        raise ModelError(f"{what} has {len(content)} bytes of data; its shape and type need {expected}")
    data = content.view(dtype).reshape(shape)
    data.flags.writeable = False
    return data
