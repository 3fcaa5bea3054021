"""What checks of operators have in common: each says what is wrong with which tensor, and what would be right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import ModelError
from edge_runtime.model.fixed_point import quantize_multiplier
from edge_runtime.model.graph import Graph, Operator, Quantization, Tensor, describe, quantization_of

__all__ = [
    "FLOAT32",
    "INT8",
    "INT32",
    "MOVABLE",
    "check_factors",
    "ends",
    "need_byte",
    "need_constant",
    "need_int8",
    "need_movable",
    "need_quantized",
    "need_rank",
    "need_same_quantization",
    "need_shape",
    "need_signed",
    "need_vector",
    "optional",
    "wrong",
]

INT8, INT32, FLOAT32 = (np.dtype(t) for t in (np.int8, np.int32, np.float32))

#: The types that operators which only move numbers may move.
MOVABLE = (INT8, INT32, FLOAT32)

_ADVICE: Mapping[np.dtype[Any], str] = {
    FLOAT32: "give an int8 model, e.g. converted with representative data and TFLITE_BUILTINS_INT8",
    np.dtype(np.uint8): "only quantised tensors may be uint8; give it a scale and a zero point",
    np.dtype(np.int16): "16-bit activations are not supported yet; convert the model again, to int8",
}


def ends(graph: Graph, operator: Operator) -> tuple[Tensor, Tensor]:
    """Return an operator's first input and its first output, both of them int8."""
    source, output = graph.tensor(operator.inputs[0]), graph.output_tensor(operator)
    need_int8(operator, "input", source)
    need_int8(operator, "output", output)
    return source, output


def optional(graph: Graph, operator: Operator, position: int) -> Tensor | None:
    """Return an input, None where it is absent."""
    index = operator.inputs[position] if position < len(operator.inputs) else -1
    return None if index == -1 else graph.tensor(index)


def need_byte(operator: Operator, role: str, tensor: Tensor) -> None:
    """Check that a tensor is int8 or uint8, quantised as a whole: of a network's own inputs and outputs."""
    if tensor.dtype != np.uint8:
        need_int8(operator, role, tensor)
    elif tensor.quantization is None or not tensor.quantization.per_tensor:
        raise wrong(operator, role, tensor, "is uint8, but has not one scale and zero point")


def need_int8(operator: Operator, role: str, tensor: Tensor) -> None:
    """Check that a tensor is int8, quantised as a whole."""
    if not need_quantized(operator, role, tensor, INT8).per_tensor:
        raise wrong(operator, role, tensor, "has a scale per channel; only weights may")


def need_quantized(operator: Operator, role: str, tensor: Tensor, dtype: np.dtype[Any]) -> Quantization:
    """Check that a tensor is of a type, and quantised."""
    if tensor.dtype != dtype:
        raise wrong(operator, role, tensor, f"is {tensor.dtype}: {_ADVICE.get(tensor.dtype, f'it must be {dtype}')}")
    if tensor.quantization is None:
        raise wrong(operator, role, tensor, "has no scale and zero point")
    return tensor.quantization


def need_movable(operator: Operator, role: str, tensor: Tensor, dtype: np.dtype[Any] | None = None) -> None:
    """Check that a tensor is of a type that can be moved about, and of the same as another one."""
    if tensor.dtype not in MOVABLE:
        advice = _ADVICE.get(tensor.dtype, f"it must be one of {', '.join(map(str, MOVABLE))}")
        raise wrong(operator, role, tensor, f"is {tensor.dtype}: {advice}")
    if tensor.dtype == INT8:
        need_int8(operator, role, tensor)
    if dtype is not None and tensor.dtype != dtype:
        raise wrong(operator, role, tensor, f"is {tensor.dtype}; it must be {dtype}, as the input")


def need_constant(operator: Operator, role: str, tensor: Tensor) -> None:
    """Check that a tensor's data is in the model."""
    if not tensor.is_constant:
        raise wrong(operator, role, tensor, "is computed at run time; it must be a constant")


def need_rank(operator: Operator, role: str, tensor: Tensor, ranks: Sequence[int]) -> None:
    """Check how many dimensions a tensor has."""
    if len(tensor.shape) not in ranks:
        allowed = str(ranks[0]) if len(ranks) == 1 else f"{ranks[0]} to {ranks[-1]}"
        raise wrong(operator, role, tensor, f"has shape {list(tensor.shape)}; it needs {allowed} dimensions")


def need_shape(operator: Operator, role: str, tensor: Tensor, shape: Sequence[int], why: str = "it must be") -> None:
    """Check that a tensor has the shape that follows from others."""
    if tensor.shape != tuple(shape):
        raise wrong(operator, role, tensor, f"has shape {list(tensor.shape)}; {why} {list(shape)}")


def need_signed(operator: Operator, output: Tensor) -> None:
    """Check that an operator is not one of the older scheme, which TFLite does not have it in."""
    if output.unsigned:
        raise wrong(operator, "output", output, f"is uint8; TFLite has {operator.kind.value} for int8 only")


def need_vector(graph: Graph, operator: Operator, position: int, role: str, numbers: Sequence[int]) -> None:
    """Check that an input is a constant int32 vector of these numbers, as the output's shape asks for."""
    vector = graph.tensor(operator.inputs[position])
    need_constant(operator, role, vector)
    if vector.dtype != INT32 or len(vector.shape) != 1 or vector.data is None:
        raise wrong(operator, role, vector, f"is {vector.dtype} {list(vector.shape)}; it must be an int32 vector")
    if vector.data.tolist() != list(numbers):
        raise wrong(operator, role, vector, f"is {vector.data.tolist()}; the output's shape asks for {list(numbers)}")


def need_same_quantization(operator: Operator, role: str, tensor: Tensor, output: Tensor) -> None:
    """Check that a tensor has the output's scale and zero point."""
    one, other = quantization_of(tensor), quantization_of(output)
    if (one.scale, one.zero_point) != (other.scale, other.zero_point):
        found = f"has scale {one.scale:g} and zero point {one.zero_point}"
        raise wrong(operator, role, tensor, f"{found}; the output's are {other.scale:g} and {other.zero_point}")


def check_factors(operator: Operator, factors: npt.ArrayLike) -> None:
    """Check that factors from scales are such that TFLite can work with them."""
    try:
        for factor in np.unique(np.asarray(factors, np.float64)).tolist():
            quantize_multiplier(factor)
    except ModelError as error:
        raise ModelError(f"{describe(operator)} has scales out of proportion: {error}") from None


def wrong(operator: Operator, role: str, tensor: Tensor, found: str) -> ModelError:
    """Return an error that names an operator, what a tensor is to it, and what is wrong with it."""
    return ModelError(f"{describe(operator)}, {role}: {describe(tensor)} {found}")
