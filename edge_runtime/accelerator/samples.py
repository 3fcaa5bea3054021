"""Inputs to verify a network with: the extremes first, then random ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from edge_runtime.model.graph import Graph, Tensor

__all__ = ["sample_inputs"]

_FLOAT_RANGE = 8.0


def sample_inputs(graph: Graph, samples: int, seed: int) -> Iterator[list[npt.NDArray[np.generic]]]:
    """Yield `samples` sets of inputs, the same for the same seed.

    The first are all lowest, all highest, all zero, lowest and highest in turn, and a ramp through all values;
    then every other one is uniform over the whole range, and the others vary little around the middle.
    """
    random = np.random.default_rng(seed)
    tensors = [graph.tensors[index] for index in graph.inputs]
    for number in range(samples):
        yield [_sample(tensor, number, random) for tensor in tensors]


def _sample(tensor: Tensor, number: int, random: np.random.Generator) -> npt.NDArray[np.generic]:
    size = tensor.size
    levels = _EXTREMES[number](size) if number < len(_EXTREMES) else _random_levels(size, number, random)
    if tensor.dtype == np.float32:
        return (levels / 128 * _FLOAT_RANGE).astype(np.float32).reshape(tensor.shape)
    return levels.astype(tensor.dtype).reshape(tensor.shape)


_EXTREMES = (
    lambda size: np.full(size, -128),
    lambda size: np.full(size, 127),
    lambda size: np.zeros(size, np.int64),
    lambda size: np.where(np.arange(size) % 2, 127, -128),
    lambda size: np.arange(size) % 256 - 128,
)


def _random_levels(size: int, number: int, random: np.random.Generator) -> npt.NDArray[np.int64]:
    if number % 2:
        return random.integers(-128, 128, size)
    levels: npt.NDArray[np.int64] = np.clip(np.rint(random.normal(0.0, 20.0, size)), -128, 127).astype(np.int64)
    return levels
