"""Pictures cut into blocks of elements, and put together again.

Source: TensorFlow Lite 2.14, ``depth_to_space.h``, ``space_to_depth.h``, ``space_to_batch_nd.h`` and
``batch_to_space_nd.h`` under ``lite/kernels/internal/reference``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.model.fixed_point import Rounding
from edge_runtime.model.graph import BlockOptions, Graph, Operator, options_of, quantization_of
from edge_runtime.model.kernels.kernel import Kernel, unary
from edge_runtime.model.shapes import blocks_of

__all__ = ["prepare_batch_to_space", "prepare_depth_to_space", "prepare_space_to_batch", "prepare_space_to_depth"]

_Array = npt.NDArray[Any]


def prepare_depth_to_space(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (nothing is rounded)
    """Return a DEPTH_TO_SPACE as a kernel: channels become lines and columns of blocks."""
    size, shape = options_of(operator, BlockOptions).size, graph.output_tensor(operator).shape
    batch, height, width, _ = graph.tensor(operator.inputs[0]).shape

    def depth_to_space(pictures: _Array) -> _Array:
        blocks = pictures.reshape(batch, height, width, size, size, shape[3])
        return np.array(blocks.transpose(0, 1, 3, 2, 4, 5), order="C").reshape(shape)

    return unary(depth_to_space)


def prepare_space_to_depth(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (nothing is rounded)
    """Return a SPACE_TO_DEPTH as a kernel: lines and columns of blocks become channels."""
    size, shape = options_of(operator, BlockOptions).size, graph.output_tensor(operator).shape
    batch, height, width, _ = shape

    def space_to_depth(pictures: _Array) -> _Array:
        blocks = pictures.reshape(batch, height, size, width, size, -1)
        return np.array(blocks.transpose(0, 1, 3, 2, 4, 5), order="C").reshape(shape)

    return unary(space_to_depth)


def prepare_space_to_batch(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (nothing is rounded)
    """Return a SPACE_TO_BATCH_ND as a kernel: each place in the blocks becomes pictures of its own."""
    block, around = blocks_of(graph, operator)
    output = graph.output_tensor(operator)
    value = quantization_of(output).zero_point
    batch, *_, channels = graph.tensor(operator.inputs[0]).shape
    cut = [length for pair in zip(output.shape[1:-1], block, strict=True) for length in pair]
    places, inner = range(2, 2 + 2 * len(block), 2), range(1, 1 + 2 * len(block), 2)

    def space_to_batch(pictures: _Array) -> _Array:
        padded = np.pad(pictures, [(0, 0), *around, (0, 0)], constant_values=value)
        blocks = padded.reshape(batch, *cut, channels).transpose(*places, 0, *inner, -1)
        return np.array(blocks, order="C").reshape(output.shape)

    return unary(space_to_batch)


def prepare_batch_to_space(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (nothing is rounded)
    """Return a BATCH_TO_SPACE_ND as a kernel: pictures become the places in blocks of fewer, larger ones."""
    block, around = blocks_of(graph, operator)
    _, *inner, channels = graph.tensor(operator.inputs[0]).shape
    batch, sides = graph.output_tensor(operator).shape[0], len(block)
    order = [axis for side in range(sides) for axis in (sides + 1 + side, side)]
    whole = [length * size for length, size in zip(inner, block, strict=True)]
    kept = (slice(None), *(slice(before, size - after) for size, (before, after) in zip(whole, around, strict=True)))

    def batch_to_space(pictures: _Array) -> _Array:
        blocks = pictures.reshape(*block, batch, *inner, channels).transpose(sides, *order, -1)
        return np.array(blocks.reshape(batch, *whole, channels)[kept], order="C")

    return unary(batch_to_space)
