"""Networks in which something elementwise follows the array: a residual sum, a product, a table."""

from __future__ import annotations

import numpy as np

from edge_runtime.model import Activation, Conv2DOptions, Graph, GraphBuilder, OpKind, Padding

__all__ = ["CONSUMERS", "chained_network"]

_SUMS = (OpKind.ADD, OpKind.SUB)
_PAIRS = (*_SUMS, OpKind.MUL)
_TABLES = (OpKind.HARD_SWISH, OpKind.LOGISTIC, OpKind.RELU)
CONSUMERS = (*_PAIRS, *_TABLES)
_KERNELS = ((1, 1), (3, 3), (2, 5))


class _Maker:
    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.builder = GraphBuilder("chain")

    def convolution(self, source: int, inputs: int, outputs: int, kernel: tuple[int, int]) -> int:
        weights = self.random.integers(-127, 128, (outputs, *kernel, inputs))
        return self.builder.conv_2d(
            source,
            weights,
            self.random.integers(-3000, 3000, outputs),
            Conv2DOptions(1, 1, 1, 1, Padding.SAME, Activation.NONE),
            weight_scale=self.random.uniform(0.004, 0.02, outputs).tolist(),
            scale=float(0.05 * np.sqrt(weights.size / outputs)),
            zero_point=self.point(),
        )

    def point(self) -> int:
        return int(self.random.integers(-128, 128))


def chained_network(consumer: OpKind, seed: int, *, keep: bool = False) -> Graph:
    """Return a network with a convolution and a `consumer` behind it, whose output a last convolution reads.

    Parameters
    ----------
    consumer
        One of `CONSUMERS`.
    seed
        Of sizes, kernels, weights, and of where the consumer's other operand comes from.
    keep
        Whether what the first convolution computes is an output, too.
    """
    maker = _Maker(seed)
    builder, random = maker.builder, maker.random
    lines, columns = (int(size) for size in random.integers(1, 9, 2))
    inputs, channels = int(random.choice([3, 16, 20, 24])), int(random.choice([4, 16, 17, 24, 40]))
    source = builder.input((1, lines, columns, inputs), scale=0.1, zero_point=maker.point())
    other = maker.convolution(source, inputs, channels, (1, 1)) if consumer in _PAIRS else source
    read, read_channels = (other, channels) if consumer in _PAIRS and random.integers(2) else (source, inputs)
    made = maker.convolution(read, read_channels, channels, _KERNELS[int(random.integers(len(_KERNELS)))])
    if consumer in _PAIRS:
        pair = (made, other) if random.integers(2) else (other, made)
        told = builder.binary(consumer, *pair, scale=1.0 if consumer is OpKind.MUL else 0.3, zero_point=maker.point())
    else:
        scale, zero_point = (1 / 256, -128) if consumer is OpKind.LOGISTIC else (0.3, maker.point())
        told = builder.unary(consumer, made, scale=scale, zero_point=zero_point)
    last = maker.convolution(told, channels, 4, (1, 1))
    return builder.graph(last, made) if keep else builder.graph(last)
