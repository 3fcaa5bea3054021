"""Dilated convolutions that a file spells out as batches: what converters make of them where the batch is not fixed.

    SPACE_TO_BATCH_ND -> convolution -> BATCH_TO_SPACE_ND

is a PAD and one convolution with the block as its dilation: each output is computed from the same elements with the
same weights. Files with an open batch also give the tensors between a batch of 1, which TFLite corrects on loading.
In one dimension a view to four dimensions and one back stand around the convolution.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from edge_runtime.errors import ModelError
from edge_runtime.model.graph import (
    Conv2DOptions,
    DepthwiseConv2DOptions,
    Graph,
    NoOptions,
    Operator,
    OpKind,
    Padding,
    Quantization,
    Tensor,
)
from edge_runtime.model.operator_checks import check_operator
from edge_runtime.model.shapes import blocks_of

__all__ = ["join_dilations"]

_VIEWS = (OpKind.EXPAND_DIMS, OpKind.RESHAPE, OpKind.SQUEEZE)
_Pairs = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class _Chain:
    """The operators from a SPACE_TO_BATCH_ND to its BATCH_TO_SPACE_ND, and the convolution among them."""

    operators: tuple[Operator, ...]
    convolution: Operator
    options: Conv2DOptions | DepthwiseConv2DOptions

    @property
    def first(self) -> Operator:
        return self.operators[0]

    @property
    def last(self) -> Operator:
        return self.operators[-1]


def join_dilations(graph: Graph) -> Graph:
    """Return a graph in which convolutions between SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND are dilated ones.

    What does not fit is left as it is, for the checks to judge. Tensors keep their indices, new ones stand at the end;
    the operators are numbered anew.

    Parameters
    ----------
    graph
        One that `check_structure` accepts.
    """
    tensors = list(graph.tensors)
    joined: dict[int, list[Operator]] = {}
    gone: set[int] = set()
    for operator in graph.operators:
        chain = _chain(graph, operator)
        made = _joined(graph, chain, tensors) if chain else None
        if chain and made:
            joined[chain.last.index] = made
            gone |= {part.index for part in chain.operators}
    kept = [new for old in graph.operators for new in joined.get(old.index, [] if old.index in gone else [old])]
    numbered = tuple(replace(operator, index=index) for index, operator in enumerate(kept))
    return replace(graph, tensors=tuple(tensors), operators=numbered)


def _chain(graph: Graph, first: Operator) -> _Chain | None:
    if first.kind is not OpKind.SPACE_TO_BATCH_ND:
        return None
    found, convolutions = [first], list[tuple[Operator, Conv2DOptions | DepthwiseConv2DOptions]]()
    while found[-1].kind is not OpKind.BATCH_TO_SPACE_ND:
        reader = _only_reader(graph, found[-1])
        if reader is None:
            return None
        if isinstance(reader.options, (Conv2DOptions, DepthwiseConv2DOptions)):
            convolutions.append((reader, reader.options))
        elif reader.kind not in (*_VIEWS, OpKind.BATCH_TO_SPACE_ND):
            return None
        found.append(reader)
    return _Chain(tuple(found), *convolutions[0]) if len(convolutions) == 1 else None


def _only_reader(graph: Graph, operator: Operator) -> Operator | None:
    """Return the one operator that reads what another one writes, as its first input."""
    output = operator.outputs[0] if len(operator.outputs) == 1 else -1
    readers = graph.readers_of(output)
    if output in graph.outputs or len(readers) != 1 or readers[0].inputs.count(output) != 1:
        return None
    return readers[0] if readers[0].inputs[0] == output else None


def _joined(graph: Graph, chain: _Chain, tensors: list[Tensor]) -> list[Operator] | None:
    """Return what stands for a chain, its new tensors added; None where it cannot be joined."""
    source, output = graph.tensor(chain.first.inputs[0]), graph.output_tensor(chain.last)
    blocks = _blocks(graph, chain)
    if blocks is None or not _is_sound(graph, chain, blocks[0]) or not _is_plain(graph, chain):
        return None
    block, around = blocks
    sides = _sides(graph, chain, block)
    if sides is None:
        return None
    made = _Writer(tensors, len(graph.operators))
    wide, dilation, borders = _in_four(source.shape, sides), [1, 1], [(0, 0), (0, 0)]
    for side, size, pair in zip(sides, block, around, strict=True):
        dilation[side], borders[side] = size, pair
    result = _in_four(output.shape, sides)
    if result != _result(graph, chain, wide, dilation, borders):
        return None
    x = made.view(source.index, wide)
    x = made.pad(x, borders)
    made.convolve(chain, x, output.index, result, dilation)
    return made.operators


def _blocks(graph: Graph, chain: _Chain) -> tuple[tuple[int, ...], _Pairs] | None:
    """Return the block, and what is padded and not cropped again; None where they do not fit each other."""
    if -1 in chain.first.inputs or -1 in chain.last.inputs:
        return None
    try:
        block, padded = blocks_of(graph, chain.first)
        other, cropped = blocks_of(graph, chain.last)
    except ModelError:
        return None
    if block != other or len(block) not in (1, 2):
        return None
    net = tuple((a - c, b - d) for (a, b), (c, d) in zip(padded, cropped, strict=True))
    return (block, net) if min(min(pair) for pair in net) >= 0 else None


def _is_sound(graph: Graph, chain: _Chain, block: tuple[int, ...]) -> bool:
    """Whether each of the operators is one that TFLite computes, once the batches are what they must be."""
    batch = graph.tensor(chain.first.inputs[0]).shape[0] * math.prod(block)
    tensors = list(graph.tensors)
    for operator in chain.operators[:-1]:
        written = graph.output_tensor(operator)
        if not written.shape:
            return False
        tensors[written.index] = replace(written, shape=(batch, *written.shape[1:]))
        # a shape that is an option has been checked against the one that the file gives
        if operator.kind is OpKind.RESHAPE and len(operator.inputs) == 1 and written.shape[0] != batch:
            return False
    corrected = replace(graph, tensors=tuple(tensors))
    try:
        for operator in chain.operators:
            check_operator(corrected, operator)
    except ModelError:
        return False
    return True


def _is_plain(graph: Graph, chain: _Chain) -> bool:
    """Whether the convolution has neither strides nor padding of its own, and nothing around it changes numbers."""
    options, weights = chain.options, graph.tensor(chain.convolution.inputs[1])
    steps = options.stride_h, options.stride_w, options.dilation_h, options.dilation_w
    reach = weights.shape[1:3] if len(weights.shape) == 4 else ()
    ends = [graph.tensor(chain.first.inputs[0]), graph.output_tensor(chain.last)]
    inner = [graph.tensor(chain.convolution.inputs[0]), graph.output_tensor(chain.convolution)]
    alike = all(
        one.quantization == other.quantization and one.dtype == other.dtype == np.int8
        for one, other in zip(ends, inner, strict=True)
    )
    return alike and set(steps) == {1} and bool(reach) and (options.padding is Padding.VALID or set(reach) == {1})


def _sides(graph: Graph, chain: _Chain, block: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return which of a picture's two sides, 0 for height, the dimensions between batch and channels are.

    None where what the convolution reads and writes is something else than blocks of the ends of the chain.
    """
    inner = [graph.tensor(chain.convolution.inputs[0]).shape, graph.output_tensor(chain.convolution).shape]
    _, padded = blocks_of(graph, chain.first)
    _, cropped = blocks_of(graph, chain.last)
    ends = graph.tensor(chain.first.inputs[0]).shape, graph.output_tensor(chain.last).shape
    # a view may put a single dimension either way
    for sides in ((0, 1),) if len(block) == 2 else ((1,), (0,)):
        wanted = [_in_blocks(_in_four(e, sides), sides, block, a) for e, a in zip(ends, (padded, cropped), strict=True)]
        if [shape[1:] for shape in inner] == wanted and (len(block) == 1 or len(chain.operators) == 3):
            return sides
    return None


def _in_blocks(
    shape: tuple[int, ...], sides: Sequence[int], block: Sequence[int], around: _Pairs
) -> tuple[int, ...] | None:
    """Return lines, columns and channels of the blocks of a picture, None where it is not whole blocks."""
    lengths = list(shape[1:3])
    for side, size, pair in zip(sides, block, around, strict=True):
        lengths[side], rest = divmod(lengths[side] + sum(pair), size)
        if rest:
            return None
    return (*lengths, shape[3])


def _in_four(shape: Sequence[int], sides: Sequence[int]) -> tuple[int, ...]:
    lengths = [1, 1]
    for side, length in zip(sides, shape[1:-1], strict=True):
        lengths[side] = length
    return (shape[0], *lengths, shape[-1])


def _result(
    graph: Graph, chain: _Chain, wide: tuple[int, ...], dilation: list[int], borders: list[tuple[int, int]]
) -> tuple[int, ...]:
    """Return the shape of what the dilated convolution gives."""
    taps = graph.tensor(chain.convolution.inputs[1]).shape[1:3]
    lengths = [
        length + sum(pair) - (tap - 1) * size
        for length, pair, tap, size in zip(wide[1:3], borders, taps, dilation, strict=True)
    ]
    return (wide[0], *lengths, graph.output_tensor(chain.convolution).shape[3])


class _Writer:
    """Makes operators, and the tensors between them."""

    def __init__(self, tensors: list[Tensor], index: int) -> None:
        self.operators: list[Operator] = []
        self._tensors = tensors
        self._index = index

    def view(self, source: int, shape: tuple[int, ...]) -> int:
        given = self._tensors[source]
        return source if given.shape == shape else self._make(OpKind.RESHAPE, [source], self._like(given, shape))

    def pad(self, source: int, borders: Sequence[tuple[int, int]]) -> int:
        if not np.any(borders):
            return source
        given = self._tensors[source]
        around = np.array([(0, 0), *borders, (0, 0)], np.int32)
        around.flags.writeable = False
        batch, height, width, channels = given.shape
        shape = (batch, height + sum(borders[0]), width + sum(borders[1]), channels)
        constant = self._add(Tensor(0, f"{given.name} (borders)", (4, 2), around.dtype, data=around))
        return self._make(OpKind.PAD, [source, constant], self._like(given, shape))

    def convolve(
        self, chain: _Chain, source: int, target: int, shape: tuple[int, ...], dilation: Sequence[int]
    ) -> None:
        wanted = self._tensors[target]
        written = target if wanted.shape == shape else self._like(wanted, shape)
        height, width = dilation
        options = replace(chain.options, dilation_h=height, dilation_w=width, padding=Padding.VALID)
        inputs = (source, *chain.convolution.inputs[1:])
        self.operators.append(replace(chain.convolution, inputs=inputs, outputs=(written,), options=options))
        if written != target:
            self._make(OpKind.RESHAPE, [written], target)

    def _make(self, kind: OpKind, inputs: Sequence[int], output: int) -> int:
        self.operators.append(Operator(self._index, kind, tuple(inputs), (output,), NoOptions()))
        return output

    def _like(self, given: Tensor, shape: tuple[int, ...]) -> int:
        quantization: Quantization | None = given.quantization
        return self._add(Tensor(0, f"{given.name} (padded)", shape, given.dtype, quantization, unsigned=given.unsigned))

    def _add(self, tensor: Tensor) -> int:
        self._tensors.append(replace(tensor, index=len(self._tensors)))
        return len(self._tensors) - 1
