"""Operators that only move numbers.

Source: TensorFlow Lite 2.14, the operators' ``Prepare`` functions under ``lite/kernels``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from edge_runtime.errors import ModelError
from edge_runtime.model.graph import (
    Activation,
    ConcatenationOptions,
    GatherOptions,
    Graph,
    MirrorMode,
    MirrorPadOptions,
    Operator,
    PackOptions,
    SqueezeOptions,
    Tensor,
    UnpackOptions,
    describe,
    options_of,
)
from edge_runtime.model.operator_checks.needs import (
    INT8,
    INT32,
    need_constant,
    need_int8,
    need_movable,
    need_rank,
    need_same_quantization,
    need_shape,
    need_vector,
    optional,
    wrong,
)
from edge_runtime.model.shapes import (
    broadcast_shape,
    integers_of,
    normal_axis,
    paddings_of,
    slice_of,
    split_of,
    strided_slices,
)

__all__ = [
    "check_broadcast",
    "check_concatenation",
    "check_expand_dims",
    "check_gather",
    "check_mirror_pad",
    "check_pack",
    "check_pad",
    "check_reshape",
    "check_reverse",
    "check_shape",
    "check_slice",
    "check_split",
    "check_squeeze",
    "check_strided_slice",
    "check_tile",
    "check_transpose",
    "check_unpack",
    "shape_matches",
]

#: TFLite's loops over dimensions have so many levels.
_MOST_DIMENSIONS = 5


def shape_matches(asked: Sequence[int], shape: tuple[int, ...]) -> bool:
    """Return whether a RESHAPE that asks for `asked`, where one length may be -1, gives `shape`, sizes being equal."""
    if len(asked) != len(shape) or list(asked).count(-1) > 1:
        return False
    return all(want in (-1, have) for want, have in zip(asked, shape, strict=True))


def _movable_ends(graph: Graph, operator: Operator, position: int = 0) -> tuple[Tensor, Tensor]:
    """Return the input that is moved and the first output, which are of one type."""
    source, output = graph.tensor(operator.inputs[position]), graph.output_tensor(operator)
    need_movable(operator, "input", source)
    need_movable(operator, "output", output, source.dtype)
    return source, output


def _viewed_ends(graph: Graph, operator: Operator) -> tuple[Tensor, Tensor]:
    """Return input and output of a view; positions, as ARG_MAX gives them, may be int64."""
    source, output = graph.tensor(operator.inputs[0]), graph.output_tensor(operator)
    return (source, output) if source.dtype == output.dtype == np.int64 else _movable_ends(graph, operator)


def check_reshape(graph: Graph, operator: Operator) -> None:
    """Check a RESHAPE; one that has its new shape as an option is checked by the reader."""
    source, output = _viewed_ends(graph, operator)
    if source.size != output.size:
        found = f"has shape {list(output.shape)}; it must hold the input's {source.size} elements"
        raise wrong(operator, "output", output, found)
    shape = optional(graph, operator, 1)
    if shape is not None:
        _check_shape_input(operator, shape, output)


def _check_shape_input(operator: Operator, shape: Tensor, output: Tensor) -> None:
    need_constant(operator, "shape", shape)
    if shape.dtype != INT32 or len(shape.shape) != 1 or shape.data is None:
        raise wrong(operator, "shape", shape, f"is {shape.dtype} {list(shape.shape)}; it must be an int32 vector")
    asked = shape.data.tolist()
    if not shape_matches(asked, output.shape):
        raise wrong(operator, "output", output, f"has shape {list(output.shape)}; what is asked for is {asked}")


def check_squeeze(graph: Graph, operator: Operator) -> None:
    """Check a SQUEEZE."""
    source, output = _viewed_ends(graph, operator)
    rank = len(source.shape)
    named = {normal_axis(operator, axis, rank) for axis in options_of(operator, SqueezeOptions).dims}
    if any(source.shape[axis] != 1 for axis in named):
        raise wrong(operator, "input", source, f"has shape {list(source.shape)}; dimensions {sorted(named)} must be 1")
    gone = named or {axis for axis in range(rank) if source.shape[axis] == 1}
    need_shape(operator, "output", output, [length for axis, length in enumerate(source.shape) if axis not in gone])


def check_expand_dims(graph: Graph, operator: Operator) -> None:
    """Check an EXPAND_DIMS."""
    source, output = _viewed_ends(graph, operator)
    axes = integers_of(graph, operator, 1)
    if len(axes) != 1:
        raise ModelError(f"{describe(operator)} names {len(axes)} dimensions; it needs 1")
    axis = normal_axis(operator, axes[0], len(source.shape) + 1)
    if source.dtype == INT8:
        need_same_quantization(operator, "input", source, output)
    need_shape(operator, "output", output, (*source.shape[:axis], 1, *source.shape[axis:]))


def check_pad(graph: Graph, operator: Operator) -> None:
    """Check a PAD or PADV2."""
    output = _check_padded(graph, operator)
    value = optional(graph, operator, 2)
    if value is not None:
        need_int8(operator, "value", value)
        need_constant(operator, "value", value)
        if value.size != 1:
            raise wrong(operator, "value", value, f"has shape {list(value.shape)}; it must be one number")
        need_same_quantization(operator, "value", value, output)


def _check_padded(graph: Graph, operator: Operator) -> Tensor:
    source, output = graph.tensor(operator.inputs[0]), graph.output_tensor(operator)
    need_int8(operator, "input", source)
    need_int8(operator, "output", output)
    need_rank(operator, "input", source, range(1, _MOST_DIMENSIONS + 1))
    around = paddings_of(graph, operator)
    shape = [length + sum(added) for length, added in zip(source.shape, around, strict=True)]
    need_shape(operator, "output", output, shape)
    need_same_quantization(operator, "input", source, output)
    return output


def check_mirror_pad(graph: Graph, operator: Operator) -> None:
    """Check a MIRROR_PAD."""
    _check_padded(graph, operator)
    left_out = options_of(operator, MirrorPadOptions).mode is MirrorMode.REFLECT
    shape, around = graph.tensor(operator.inputs[0]).shape, paddings_of(graph, operator)
    if any(max(added) > length - left_out for length, added in zip(shape, around, strict=True)):
        raise ModelError(
            f"{describe(operator)} mirrors {list(around)} at the edges of {list(shape)}, which has not so much"
        )


def check_tile(graph: Graph, operator: Operator) -> None:
    """Check a TILE."""
    source, output = _movable_ends(graph, operator)
    times = integers_of(graph, operator, 1)
    if graph.tensor(operator.inputs[1]).shape != (len(source.shape),) or min(times, default=1) < 1:
        raise ModelError(f"{describe(operator)} repeats {list(source.shape)} {list(times)} times")
    need_shape(operator, "output", output, [length * time for length, time in zip(source.shape, times, strict=True)])
    if source.dtype == INT8:
        need_same_quantization(operator, "input", source, output)


def check_broadcast(graph: Graph, operator: Operator) -> None:
    """Check a BROADCAST_TO."""
    source, output = _movable_ends(graph, operator)
    need_vector(graph, operator, 1, "shape", output.shape)
    need_shape(operator, "output", output, broadcast_shape(operator, source.shape, output.shape))
    if source.dtype == INT8:
        need_same_quantization(operator, "input", source, output)


def check_reverse(graph: Graph, operator: Operator) -> None:
    """Check a REVERSE_V2."""
    source, output = _movable_ends(graph, operator)
    need_rank(operator, "input", source, range(1, _MOST_DIMENSIONS + 1))
    axes = integers_of(graph, operator, 1, int64=False)
    if graph.tensor(operator.inputs[1]).shape != (1,):
        raise ModelError(f"{describe(operator)} names {len(axes)} dimensions; only a vector of 1 is supported")
    normal_axis(operator, axes[0], len(source.shape))
    need_shape(operator, "output", output, source.shape, "the input's is")
    if source.dtype == INT8:
        need_same_quantization(operator, "input", source, output)


def check_concatenation(graph: Graph, operator: Operator) -> None:
    """Check a CONCATENATION."""
    source, output = _movable_ends(graph, operator)
    options = options_of(operator, ConcatenationOptions)
    if options.activation is not Activation.NONE:
        raise ModelError(f"{describe(operator)} has fused activation {options.activation.value}; it can have none")
    axis = normal_axis(operator, options.axis, len(source.shape))
    parts = [graph.tensor(index) for index in operator.inputs]
    for position, part in enumerate(parts):
        need_movable(operator, f"input {position}", part, source.dtype)
        need_rank(operator, f"input {position}", part, [len(source.shape)])
        same = (*source.shape[:axis], part.shape[axis], *source.shape[axis + 1 :])
        need_shape(operator, f"input {position}", part, same)
        # the older kernel alone rescales
        if part.dtype == INT8 and not output.unsigned:
            need_same_quantization(operator, f"input {position}", part, output)
    whole = sum(part.shape[axis] for part in parts)
    need_shape(operator, "output", output, (*source.shape[:axis], whole, *source.shape[axis + 1 :]))


def check_strided_slice(graph: Graph, operator: Operator) -> None:
    """Check a STRIDED_SLICE."""
    source, output = _movable_ends(graph, operator)
    need_rank(operator, "input", source, range(1, _MOST_DIMENSIONS + 1))
    index = strided_slices(graph, operator)
    need_shape(operator, "output", output, _sliced(source.shape, index))


def _sliced(shape: tuple[int, ...], index: Sequence[slice | int]) -> tuple[int, ...]:
    """Return the shape of what numpy would give, without its data."""
    lengths = [
        len(range(*entry.indices(length)))
        for entry, length in zip(index, shape, strict=False)
        if isinstance(entry, slice)
    ]
    return (*lengths, *shape[len(index) :])


def check_slice(graph: Graph, operator: Operator) -> None:
    """Check a SLICE."""
    source, output = _movable_ends(graph, operator)
    need_rank(operator, "input", source, range(1, _MOST_DIMENSIONS + 1))
    need_shape(operator, "output", output, _sliced(source.shape, slice_of(graph, operator)))


def check_split(graph: Graph, operator: Operator) -> None:
    """Check a SPLIT or SPLIT_V."""
    position, axis, lengths = split_of(graph, operator)
    source = graph.tensor(operator.inputs[position])
    need_movable(operator, "input", source)
    for number, (index, length) in enumerate(zip(operator.outputs, lengths, strict=True)):
        part = graph.tensor(index)
        need_movable(operator, f"output {number}", part, source.dtype)
        need_shape(operator, f"output {number}", part, (*source.shape[:axis], length, *source.shape[axis + 1 :]))


def check_pack(graph: Graph, operator: Operator) -> None:
    """Check a PACK."""
    source, output = _movable_ends(graph, operator)
    options = options_of(operator, PackOptions)
    if options.count != len(operator.inputs):
        raise ModelError(f"{describe(operator)} has {len(operator.inputs)} inputs; its options say {options.count}")
    axis = normal_axis(operator, options.axis, len(source.shape) + 1)
    for position, index in enumerate(operator.inputs):
        part = graph.tensor(index)
        need_movable(operator, f"input {position}", part, source.dtype)
        need_shape(operator, f"input {position}", part, source.shape)
        if part.dtype == INT8:
            need_same_quantization(operator, f"input {position}", part, output)
    need_shape(operator, "output", output, (*source.shape[:axis], options.count, *source.shape[axis:]))


def check_unpack(graph: Graph, operator: Operator) -> None:
    """Check an UNPACK."""
    source, _ = _movable_ends(graph, operator)
    options = options_of(operator, UnpackOptions)
    axis = normal_axis(operator, options.axis, len(source.shape))
    if not options.count == len(operator.outputs) == source.shape[axis]:
        found = f"{len(operator.outputs)} outputs of {source.shape[axis]}; its options say {options.count}"
        raise ModelError(f"{describe(operator)} has {found}")
    for number, index in enumerate(operator.outputs):
        part = graph.tensor(index)
        need_movable(operator, f"output {number}", part, source.dtype)
        need_shape(operator, f"output {number}", part, (*source.shape[:axis], *source.shape[axis + 1 :]))
        if part.dtype == INT8:
            need_same_quantization(operator, f"output {number}", part, source)


def check_transpose(graph: Graph, operator: Operator) -> None:
    """Check a TRANSPOSE."""
    source, output = _movable_ends(graph, operator)
    need_rank(operator, "input", source, range(1, _MOST_DIMENSIONS + 1))
    order = integers_of(graph, operator, 1)
    if sorted(order) != list(range(len(source.shape))):
        raise ModelError(f"{describe(operator)} orders dimensions as {list(order)}; there are {len(source.shape)}")
    need_shape(operator, "output", output, [source.shape[axis] for axis in order])


def check_gather(graph: Graph, operator: Operator) -> None:
    """Check a GATHER of constant positions."""
    source, output = _movable_ends(graph, operator)
    options = options_of(operator, GatherOptions)
    if options.batch_dims:
        raise ModelError(f"{describe(operator)} has batch_dims {options.batch_dims}; only 0 is supported")
    axis = normal_axis(operator, options.axis, len(source.shape))
    positions = integers_of(graph, operator, 1)
    if not all(0 <= position < source.shape[axis] for position in positions):
        raise ModelError(f"{describe(operator)} takes positions {list(positions)} of {source.shape[axis]}")
    taken = graph.tensor(operator.inputs[1]).shape
    need_shape(operator, "output", output, (*source.shape[:axis], *taken, *source.shape[axis + 1 :]))


def check_shape(graph: Graph, operator: Operator) -> None:
    """Check a SHAPE."""
    source, output = graph.tensor(operator.inputs[0]), graph.output_tensor(operator)
    if output.dtype not in (np.int32, np.int64):
        raise wrong(operator, "output", output, f"is {output.dtype}; it must be int32 or int64")
    need_shape(operator, "output", output, (len(source.shape),))
    if math.prod(source.shape) < 1:
        raise wrong(operator, "input", source, f"has shape {list(source.shape)}; it must hold something")
