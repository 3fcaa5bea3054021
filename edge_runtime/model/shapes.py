"""What becomes of shapes: reductions, slices, broadcasting; what a constant input asks for.

Source: TensorFlow Lite 2.14, the operators' ``Prepare`` functions.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge_runtime.errors import ModelError
from edge_runtime.model.graph import Graph, Operator, OpKind, SplitOptions, StridedSliceOptions, describe, options_of

__all__ = [
    "blocks_of",
    "broadcast_shape",
    "integers_of",
    "normal_axis",
    "paddings_of",
    "reduced_axes",
    "slice_of",
    "split_of",
    "strided_slices",
]

#: Far more than any network needs; keeps a damaged file from asking for all memory.
_LARGEST_PADDING = 1 << 20


def integers_of(graph: Graph, operator: Operator, position: int, *, int64: bool = True) -> tuple[int, ...]:
    """Return the integers of a constant input, flattened.

    Parameters
    ----------
    graph, operator, position
        Which input of what.
    int64
        Whether TFLite's kernel also takes int64.

    Raises
    ------
    ModelError
        If the input is not there, not constant, or not of such a type.
    """
    allowed = (np.int32, np.int64) if int64 else (np.int32,)
    index = operator.inputs[position] if position < len(operator.inputs) else -1
    tensor = graph.tensor(index) if index >= 0 else None
    if tensor is None or tensor.data is None or tensor.dtype not in allowed:
        what = "is absent" if tensor is None else f"is {tensor.dtype}, and computed at run time or not of integers"
        types = " or ".join(np.dtype(kind).name for kind in allowed)
        raise ModelError(f"{describe(operator)}, input {position}: {what}; it must be a constant of {types}")
    return tuple(int(value) for value in tensor.data.flat)


def normal_axis(operator: Operator, axis: int, rank: int) -> int:
    """Return a dimension's number counted from the first one.

    Raises
    ------
    ModelError
        If there is no such dimension.
    """
    if not -rank <= axis < rank:
        raise ModelError(f"{describe(operator)} names dimension {axis} of {rank}")
    return axis % rank


def reduced_axes(graph: Graph, operator: Operator) -> tuple[int, ...]:
    """Return the dimensions that a MEAN, SUM, REDUCE_MAX or REDUCE_MIN reduces, in order, each once."""
    rank = len(graph.tensor(operator.inputs[0]).shape)
    named = {normal_axis(operator, axis, rank) for axis in integers_of(graph, operator, 1, int64=False)}
    return tuple(sorted(named))


def broadcast_shape(operator: Operator, one: Sequence[int], other: Sequence[int]) -> tuple[int, ...]:
    """Return the shape that two shapes broadcast to.

    Raises
    ------
    ModelError
        If they do not.
    """
    try:
        return np.broadcast_shapes(tuple(one), tuple(other))
    except ValueError:
        raise ModelError(f"{describe(operator)} has inputs of shapes {list(one)} and {list(other)}") from None


def strided_slices(graph: Graph, operator: Operator) -> tuple[slice | int, ...]:
    """Return what a STRIDED_SLICE takes, as an index for numpy: a slice or, where the dimension goes, a number.

    Raises
    ------
    ModelError
        If begin, end and strides are not constants that suit the input, or the ellipsis or new-axis mask is used.
    """
    options = options_of(operator, StridedSliceOptions)
    if options.ellipsis_mask or options.new_axis_mask:
        raise ModelError(f"{describe(operator)} uses an ellipsis or a new axis, which is not supported")
    shape = graph.tensor(operator.inputs[0]).shape
    begin, end, strides = (integers_of(graph, operator, position) for position in (1, 2, 3))
    if not len(begin) == len(end) == len(strides) <= len(shape):
        raise ModelError(f"{describe(operator)} has begin {begin}, end {end} and strides {strides} for {list(shape)}")
    return tuple(
        _slice_along(operator, options, position, (begin[position], end[position], strides[position]), shape[position])
        for position in range(len(begin))
    )


def _slice_along(
    operator: Operator, options: StridedSliceOptions, position: int, numbers: tuple[int, int, int], length: int
) -> slice | int:
    begin, end, stride = numbers
    bit = 1 << position
    if stride == 0:
        raise ModelError(f"{describe(operator)} has a stride of 0 in dimension {position}")
    if options.shrink_axis_mask & bit:
        if not -length <= begin < length or stride < 0:
            raise ModelError(f"{describe(operator)} takes element {begin} of dimension {position}, which has {length}")
        return begin % length
    first = None if options.begin_mask & bit else begin
    last = None if options.end_mask & bit else end
    # negative ones count from the end, and all are cut to the dimension: in TFLite as in Python
    return slice(first, last, stride)


def slice_of(graph: Graph, operator: Operator) -> tuple[slice, ...]:
    """Return what a SLICE takes, as an index for numpy.

    Raises
    ------
    ModelError
        If begin and size are not constants that suit the input.
    """
    shape = graph.tensor(operator.inputs[0]).shape
    begin, size = (integers_of(graph, operator, position) for position in (1, 2))
    if not len(begin) == len(size) == len(shape):
        raise ModelError(f"{describe(operator)} has begin {begin} and size {size} for {list(shape)}")
    lengths = [
        length - first if count == -1 else count for first, count, length in zip(begin, size, shape, strict=True)
    ]
    for first, count, length in zip(begin, lengths, shape, strict=True):
        if first < 0 or count < 1 or first + count > length:
            raise ModelError(f"{describe(operator)} takes {count} from {first} on, of {length}")
    return tuple(slice(first, first + count) for first, count in zip(begin, lengths, strict=True))


def paddings_of(graph: Graph, operator: Operator) -> tuple[tuple[int, int], ...]:
    """Return how many elements a PAD or PADV2 adds before and after, for each dimension.

    Raises
    ------
    ModelError
        If the paddings are no constants that suit the input.
    """
    rank = len(graph.tensor(operator.inputs[0]).shape)
    numbers = integers_of(graph, operator, 1)
    shape = graph.tensor(operator.inputs[1]).shape
    if shape != (rank, 2) or any(not 0 <= number <= _LARGEST_PADDING for number in numbers):
        raise ModelError(f"{describe(operator)} has paddings {numbers} of shape {list(shape)}, for {rank} dimensions")
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


def blocks_of(graph: Graph, operator: Operator) -> tuple[tuple[int, ...], tuple[tuple[int, int], ...]]:
    """Return the block of a SPACE_TO_BATCH_ND or BATCH_TO_SPACE_ND, and what is padded to or cropped from each side.

    Both are given for each dimension between the first and the last one.

    Raises
    ------
    ModelError
        If they are no constants of as many dimensions as the input has there.
    """
    between = len(graph.tensor(operator.inputs[0]).shape) - 2
    block, numbers = (integers_of(graph, operator, position, int64=False) for position in (1, 2))
    shape = graph.tensor(operator.inputs[2]).shape
    if graph.tensor(operator.inputs[1]).shape != (between,) or min(block, default=0) < 1:
        raise ModelError(f"{describe(operator)} has blocks of {list(block)}, for {between} dimensions of a picture")
    if shape != (between, 2) or any(not 0 <= number <= _LARGEST_PADDING for number in numbers):
        raise ModelError(
            f"{describe(operator)} has borders {list(numbers)} of shape {list(shape)}, for {between} dimensions"
        )
    return block, tuple(zip(numbers[::2], numbers[1::2], strict=True))


def split_of(graph: Graph, operator: Operator) -> tuple[int, int, tuple[int, ...]]:
    """Return which input a SPLIT or SPLIT_V splits, along which dimension, and into which lengths.

    Raises
    ------
    ModelError
        If dimension or lengths are not constants that suit the input.
    """
    count = options_of(operator, SplitOptions).count
    by_length = operator.kind is OpKind.SPLIT_V
    data, named = (0, 2) if by_length else (1, 0)
    shape = graph.tensor(operator.inputs[data]).shape
    axes = integers_of(graph, operator, named)
    if len(axes) != 1 or len(operator.outputs) != count or count < 1:
        raise ModelError(f"{describe(operator)} has {len(operator.outputs)} outputs; its options say {count}")
    axis = normal_axis(operator, axes[0], len(shape))
    lengths = _lengths(shape[axis], integers_of(graph, operator, 1)) if by_length else (shape[axis] // count,) * count
    if len(lengths) != count or sum(lengths) != shape[axis] or min(lengths) < 1:
        raise ModelError(f"{describe(operator)} splits {shape[axis]} into {list(lengths)}")
    return data, axis, lengths


def _lengths(whole: int, asked: Sequence[int]) -> tuple[int, ...]:
    """Return a SPLIT_V's lengths, the one that is -1 being what the others leave."""
    rest = whole - sum(length for length in asked if length != -1)
    return tuple(rest if length == -1 else length for length in asked) if list(asked).count(-1) <= 1 else ()
