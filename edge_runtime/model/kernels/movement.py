"""Operators that only move numbers: shapes, slices, joins, borders.

Source: TensorFlow Lite 2.14, the operators' files under ``lite/kernels``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.model.channels import constant_of
from edge_runtime.model.fixed_point import Rounding
from edge_runtime.model.graph import (
    ConcatenationOptions,
    GatherOptions,
    Graph,
    MirrorMode,
    MirrorPadOptions,
    Operator,
    PackOptions,
    Tensor,
    UnpackOptions,
    options_of,
    quantization_of,
)
from edge_runtime.model.kernels.kernel import Kernel, one_output, unary
from edge_runtime.model.kernels.table import every_value
from edge_runtime.model.scales import limits_of
from edge_runtime.model.shapes import integers_of, paddings_of, slice_of, split_of, strided_slices

__all__ = [
    "prepare_broadcast",
    "prepare_concatenation",
    "prepare_gather",
    "prepare_mirror_pad",
    "prepare_pack",
    "prepare_pad",
    "prepare_reverse",
    "prepare_shape",
    "prepare_slice",
    "prepare_split",
    "prepare_strided_slice",
    "prepare_tile",
    "prepare_transpose",
    "prepare_unpack",
    "prepare_view",
]

_Array = npt.NDArray[Any]


def _moving(function: Callable[[_Array], _Array]) -> Kernel:
    """Return a kernel of a function that may give a view, copied: outputs must not change when an input is reused."""
    return unary(lambda values: np.array(function(values), order="C"))


def prepare_view(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (nothing is rounded)
    """Return a RESHAPE, SQUEEZE or EXPAND_DIMS as a kernel: the same numbers in another shape."""
    shape = graph.output_tensor(operator).shape
    return _moving(lambda values: values.reshape(shape))


def prepare_pad(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (nothing is rounded)
    """Return a PAD or PADV2 as a kernel."""
    around = paddings_of(graph, operator)
    if len(operator.inputs) > 2:
        value = constant_of(graph.tensor(operator.inputs[2])).reshape(-1)[0]
    else:
        value = quantization_of(graph.output_tensor(operator)).zero_point
    return unary(lambda values: np.pad(values, around, constant_values=value))


def prepare_mirror_pad(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (nothing is rounded)
    """Return a MIRROR_PAD as a kernel."""
    around = paddings_of(graph, operator)
    reflect = options_of(operator, MirrorPadOptions).mode is MirrorMode.REFLECT
    return unary(lambda values: np.pad(values, around, mode="reflect" if reflect else "symmetric"))


def prepare_tile(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (nothing is rounded)
    """Return a TILE as a kernel."""
    times = integers_of(graph, operator, 1)
    return _moving(lambda values: np.tile(values, times))


def prepare_broadcast(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (nothing is rounded)
    """Return a BROADCAST_TO as a kernel."""
    shape = graph.output_tensor(operator).shape
    return _moving(lambda values: np.broadcast_to(values, shape))


def prepare_reverse(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (nothing is rounded)
    """Return a REVERSE_V2 as a kernel."""
    axes = integers_of(graph, operator, 1)
    return _moving(lambda values: np.flip(values, axes))


def prepare_concatenation(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (nothing is rounded)
    """Return a CONCATENATION as a kernel."""
    axis, output = options_of(operator, ConcatenationOptions).axis, graph.output_tensor(operator)
    if not output.unsigned:
        return one_output(lambda inputs: np.concatenate(inputs, axis=axis))
    tables = [_rescaling(graph.tensor(index), output) for index in operator.inputs]

    def concatenation(inputs: Sequence[Any]) -> _Array:
        parts = [table[values.view(np.uint8)] for table, values in zip(tables, inputs, strict=True)]
        return np.concatenate(parts, axis=axis)

    return one_output(concatenation)


def _rescaling(source: Tensor, output: Tensor) -> npt.NDArray[np.int8]:
    """Return what the older scheme's CONCATENATION makes of each value of an input with a scale of its own."""
    values = every_value(source.dtype)
    given, wanted = quantization_of(source), quantization_of(output)
    if (given.scale, given.zero_point) == (wanted.scale, wanted.zero_point):
        return values.astype(np.int8)
    # in float32, and from the numbers as they are in the file
    scale = given.scales[0] * (np.float32(1) / wanted.scales[0])
    steps = (values + 128).astype(np.float32) * scale + np.float32(-(given.zero_point + 128)) * scale
    rounded = np.trunc(steps + np.copysign(0.5, steps, dtype=np.float64)) + wanted.zero_point
    return np.asarray(np.clip(rounded, *limits_of(output))).astype(np.int8)


def prepare_pack(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (nothing is rounded)
    """Return a PACK as a kernel."""
    axis = options_of(operator, PackOptions).axis
    return one_output(lambda inputs: np.stack(inputs, axis=axis))


def prepare_unpack(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (nothing is rounded)
    """Return an UNPACK as a kernel."""
    axis = options_of(operator, UnpackOptions).axis

    def unpack(inputs: Sequence[Any]) -> Sequence[_Array]:
        return [np.array(part, order="C") for part in np.moveaxis(inputs[0], axis, 0)]

    return unpack


def prepare_split(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (nothing is rounded)
    """Return a SPLIT or SPLIT_V as a kernel."""
    position, axis, lengths = split_of(graph, operator)
    ends = np.cumsum(lengths)[:-1]

    def split(inputs: Sequence[Any]) -> Sequence[_Array]:
        return [np.array(part, order="C") for part in np.split(inputs[position], ends, axis=axis)]

    return split


def prepare_strided_slice(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (nothing is rounded)
    """Return a STRIDED_SLICE as a kernel."""
    index = strided_slices(graph, operator)
    return _moving(lambda values: values[index])


def prepare_slice(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (nothing is rounded)
    """Return a SLICE as a kernel."""
    index = slice_of(graph, operator)
    return _moving(lambda values: values[index])


def prepare_transpose(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (nothing is rounded)
    """Return a TRANSPOSE as a kernel."""
    order = integers_of(graph, operator, 1)
    return _moving(lambda values: values.transpose(order))


def prepare_gather(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (nothing is rounded)
    """Return a GATHER of constant positions as a kernel."""
    axis = options_of(operator, GatherOptions).axis
    positions = constant_of(graph.tensor(operator.inputs[1]))
    return _moving(lambda values: values.take(positions, axis=axis))


def prepare_shape(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (nothing is rounded)
    """Return a SHAPE as a kernel."""
    dtype = graph.output_tensor(operator).dtype
    return unary(lambda values: np.array(values.shape, dtype))
