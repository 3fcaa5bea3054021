"""Operators that make a picture larger or smaller: resizing, and blocks of elements moved about.

Source: TensorFlow Lite 2.14, the operators' ``Prepare`` functions under ``lite/kernels``.
"""

from __future__ import annotations

import math

from edge_runtime.errors import ModelError
from edge_runtime.model.graph import BlockOptions, Graph, Operator, ResizeOptions, Tensor, describe, options_of
from edge_runtime.model.operator_checks.needs import (
    INT8,
    ends,
    need_movable,
    need_rank,
    need_same_quantization,
    need_shape,
    need_vector,
    wrong,
)
from edge_runtime.model.resizing import STEP_BITS, last_bilinear_place
from edge_runtime.model.shapes import blocks_of

__all__ = [
    "check_batch_to_space",
    "check_depth_to_space",
    "check_resize_bilinear",
    "check_resize_nearest",
    "check_space_to_batch",
    "check_space_to_depth",
]

#: Beyond, TFLite's places leave the range of its 32-bit integers.
_LONGEST_RESIZED = 1 << 19


def check_resize_nearest(graph: Graph, operator: Operator) -> None:
    """Check a RESIZE_NEAREST_NEIGHBOR."""
    _check_resize(graph, operator)


def check_resize_bilinear(graph: Graph, operator: Operator) -> None:
    """Check a RESIZE_BILINEAR."""
    source, output = _check_resize(graph, operator)
    options = options_of(operator, ResizeOptions)
    if options.align_corners and options.half_pixel_centers:
        raise ModelError(f"{describe(operator)} has both align_corners and half_pixel_centers; it can have one of them")
    for axis in (1, 2):
        inputs, outputs = source.shape[axis], output.shape[axis]
        if last_bilinear_place(inputs, outputs, options) >= inputs << STEP_BITS:
            found = f"has shape {list(output.shape)}, so long that TFLite reads beyond the picture of {inputs}"
            raise wrong(operator, "output", output, found)


def _check_resize(graph: Graph, operator: Operator) -> tuple[Tensor, Tensor]:
    source, output = ends(graph, operator)
    need_rank(operator, "input", source, [4])
    need_rank(operator, "output", output, [4])
    need_vector(graph, operator, 1, "size", output.shape[1:3])
    need_shape(operator, "output", output, (source.shape[0], *output.shape[1:3], source.shape[3]))
    for role, tensor in (("input", source), ("output", output)):
        if max(tensor.shape[1:3]) > _LONGEST_RESIZED:
            raise wrong(operator, role, tensor, f"has shape {list(tensor.shape)}; {_LONGEST_RESIZED} is the most")
    return source, output


def _check_block(graph: Graph, operator: Operator) -> tuple[Tensor, Tensor, int]:
    """Return the ends of an operator on square blocks, and the length of their sides."""
    source, output = graph.tensor(operator.inputs[0]), graph.output_tensor(operator)
    need_movable(operator, "input", source)
    need_movable(operator, "output", output, source.dtype)
    need_rank(operator, "input", source, [4])
    size = options_of(operator, BlockOptions).size
    if size < 1:
        raise ModelError(f"{describe(operator)} has block size {size}; it must be at least 1")
    if source.dtype == INT8:
        need_same_quantization(operator, "input", source, output)
    return source, output, size


def check_depth_to_space(graph: Graph, operator: Operator) -> None:
    """Check a DEPTH_TO_SPACE."""
    source, output, size = _check_block(graph, operator)
    batch, height, width, channels = source.shape
    if channels % (size * size):
        found = f"has {channels} channels, which block size {size} does not divide"
        raise wrong(operator, "input", source, found)
    need_shape(operator, "output", output, (batch, height * size, width * size, channels // (size * size)))


def check_space_to_depth(graph: Graph, operator: Operator) -> None:
    """Check a SPACE_TO_DEPTH."""
    source, output, size = _check_block(graph, operator)
    batch, height, width, channels = source.shape
    if height % size or width % size:
        raise wrong(operator, "input", source, f"is {height} x {width}, which block size {size} does not divide")
    need_shape(operator, "output", output, (batch, height // size, width // size, channels * size * size))


def _check_batches(graph: Graph, operator: Operator) -> tuple[Tensor, Tensor]:
    source, output = ends(graph, operator)
    need_rank(operator, "input", source, [3, 4])
    need_same_quantization(operator, "input", source, output)
    return source, output


def check_space_to_batch(graph: Graph, operator: Operator) -> None:
    """Check a SPACE_TO_BATCH_ND."""
    source, output = _check_batches(graph, operator)
    block, around = blocks_of(graph, operator)
    batch, *sides, channels = source.shape
    padded = [length + sum(added) for length, added in zip(sides, around, strict=True)]
    if any(length % size for length, size in zip(padded, block, strict=True)):
        raise wrong(operator, "input", source, f"is {padded} with its padding, which blocks of {block} do not divide")
    inner = [length // size for length, size in zip(padded, block, strict=True)]
    need_shape(operator, "output", output, (batch * math.prod(block), *inner, channels))


def check_batch_to_space(graph: Graph, operator: Operator) -> None:
    """Check a BATCH_TO_SPACE_ND."""
    source, output = _check_batches(graph, operator)
    block, around = blocks_of(graph, operator)
    batch, *sides, channels = source.shape
    if batch % math.prod(block):
        raise wrong(operator, "input", source, f"is a batch of {batch}, which blocks of {block} do not divide")
    kept = [length * size - sum(cut) for length, size, cut in zip(sides, block, around, strict=True)]
    if min(kept) < 1:
        raise ModelError(f"{describe(operator)} crops {around} of {sides} in blocks of {block}, which leaves nothing")
    need_shape(operator, "output", output, (batch // math.prod(block), *kept, channels))
