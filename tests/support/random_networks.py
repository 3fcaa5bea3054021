"""Networks whose layers lean on each other: what a compiler may fuse, join, fold or lay out in one piece."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from edge_runtime.model import (
    Activation,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    Graph,
    GraphBuilder,
    OpKind,
    Padding,
    PoolOptions,
)

__all__ = ["Network", "Picture", "random_network"]

_RMS = 74


@dataclass
class Picture:
    tensor: int
    shape: tuple[int, int, int]
    scale: float
    zero_point: int


@dataclass
class Network:
    random: np.random.Generator
    builder: GraphBuilder = field(default_factory=lambda: GraphBuilder("random"))

    def integer(self, low: int, high: int) -> int:
        return int(self.random.integers(low, high + 1))

    def pick(self, *choices):
        return choices[self.integer(0, len(choices) - 1)]

    def input(self) -> Picture:
        shape = (self.integer(1, 12), self.integer(1, 10), self.pick(1, 3, 4, 8, 16, 20))
        scale, zero_point = 0.1, self.integer(-128, 127)
        return Picture(self.builder.input((1, *shape), scale=scale, zero_point=zero_point), shape, scale, zero_point)

    def window(self, shape: tuple[int, int, int]) -> tuple[list[int], list[int], Padding]:
        kernel = [self.pick(1, 2, 3, 3, 5), self.pick(1, 2, 3, 3, 4)]
        padding = self.pick(Padding.SAME, Padding.VALID)
        if padding is Padding.VALID:
            kernel = [min(size, length) for size, length in zip(kernel, shape, strict=False)]
        return kernel, [self.pick(1, 1, 2), self.pick(1, 1, 2)], padding

    def convolution(self, x: Picture, outputs: int | None = None, *, pointwise: bool = False) -> Picture:
        outputs = outputs or self.pick(4, 8, 16, 17, 24)
        kernel, stride, padding = ([1, 1], [1, 1], Padding.SAME) if pointwise else self.window(x.shape)
        weights = self.random.integers(-127, 128, (outputs, *kernel, x.shape[2]))
        return self._weighted(x, weights, Conv2DOptions(*stride, 1, 1, padding, self.pick(*Activation)))

    def depthwise(self, x: Picture) -> Picture:
        kernel, stride, padding = self.window(x.shape)
        weights = self.random.integers(-128, 128, (1, *kernel, x.shape[2]))
        return self._weighted(x, weights, DepthwiseConv2DOptions(*stride, 1, 1, padding, self.pick(*Activation), 1))

    def _weighted(self, x: Picture, weights: np.ndarray, options) -> Picture:
        depthwise = isinstance(options, DepthwiseConv2DOptions)
        outputs = weights.shape[3 if depthwise else 0]
        spread = _RMS * _RMS * np.sqrt(weights.size / outputs)
        scales = self.random.uniform(0.004, 0.02, outputs)
        scale = float(x.scale * 0.02 * spread / 60)
        zero_point = self.integer(-128, 127)
        tensor = self.builder.conv_2d(
            x.tensor,
            weights,
            self.random.integers(-int(spread), int(spread) + 1, outputs),
            options,
            weight_scale=scales.tolist(),
            scale=scale,
            zero_point=zero_point,
        )
        return Picture(tensor, self.shape(tensor), scale, zero_point)

    def shape(self, tensor: int) -> tuple[int, int, int]:
        return self.builder._tensors[tensor].shape[1:]

    def block(self, x: Picture) -> Picture:
        return self.convolution(self.depthwise(x), pointwise=True)

    def residual(self, x: Picture) -> Picture:
        other = self.convolution(x, x.shape[2], pointwise=True)
        kind = self.pick(OpKind.ADD, OpKind.SUB, OpKind.MUL)
        scale = x.scale * other.scale * 100 if kind is OpKind.MUL else max(x.scale, other.scale)
        zero_point = self.integer(-128, 127)
        pair = (x.tensor, other.tensor) if self.integer(0, 1) else (other.tensor, x.tensor)
        tensor = self.builder.binary(kind, *pair, scale=scale, zero_point=zero_point)
        return Picture(tensor, x.shape, scale, zero_point)

    def pool(self, x: Picture) -> Picture:
        kernel, stride, padding = self.window(x.shape)
        kernel = [min(size, 2 * length) for size, length in zip(kernel, x.shape, strict=False)]
        kind = self.pick(OpKind.AVERAGE_POOL_2D, OpKind.MAX_POOL_2D)
        tensor = self.builder.pool(kind, x.tensor, PoolOptions(*kernel, *stride, padding))
        return Picture(tensor, self.shape(tensor), x.scale, x.zero_point)

    def padded(self, x: Picture) -> Picture:
        around = [(0, 0), (self.integer(0, 2), self.integer(0, 2)), (self.integer(0, 2), self.integer(0, 2)), (0, 0)]
        tensor = self.builder.pad(x.tensor, around)
        picture = Picture(tensor, self.shape(tensor), x.scale, x.zero_point)
        return self.pick(self.convolution, self.depthwise, self.pool)(picture)

    def joined(self, x: Picture) -> Picture:
        one = self.pool_same(x)
        other = self.pool_same(x)
        tensor = self.builder.concatenation([one.tensor, other.tensor], 3)
        return Picture(tensor, self.shape(tensor), x.scale, x.zero_point)

    def pool_same(self, x: Picture) -> Picture:
        kernel = [min(self.pick(1, 2, 3), 2 * length) for length in x.shape[:2]]
        options = PoolOptions(*kernel, 1, 1, Padding.SAME)
        tensor = self.builder.pool(self.pick(OpKind.AVERAGE_POOL_2D, OpKind.MAX_POOL_2D), x.tensor, options)
        return Picture(tensor, x.shape, x.scale, x.zero_point)

    def table(self, x: Picture) -> Picture:
        kind = self.pick(OpKind.RELU, OpKind.HARD_SWISH, OpKind.LOGISTIC)
        scale, zero_point = (1 / 256, -128) if kind is OpKind.LOGISTIC else (x.scale, self.integer(-128, 127))
        tensor = self.builder.unary(kind, x.tensor, scale=scale, zero_point=zero_point)
        return Picture(tensor, x.shape, scale, zero_point)

    def flattened(self, x: Picture) -> Picture:
        size = int(np.prod(x.shape))
        tensor = self.builder.reshape(x.tensor, (1, 1, 1, size))
        return Picture(tensor, (1, 1, size), x.scale, x.zero_point)

    def averaged(self, x: Picture) -> Picture:
        tensor = self.builder.mean(x.tensor, [1, 2], scale=x.scale, zero_point=x.zero_point, keep_dims=True)
        return Picture(tensor, (1, 1, x.shape[2]), x.scale, x.zero_point)

    def dense(self, x: Picture) -> int:
        size = int(np.prod(x.shape))
        weights = self.random.integers(-127, 128, (self.integer(2, 20), size))
        scale = float(x.scale * 0.01 * _RMS * _RMS * np.sqrt(size) / 60)
        return self.builder.fully_connected(x.tensor, weights, None, weight_scale=0.01, scale=scale, zero_point=3)


def random_network(seed: int) -> Graph:
    """Return a network of a few layers and a head."""
    network = Network(np.random.default_rng(seed))
    x = network.input()
    steps = (
        network.convolution,
        network.depthwise,
        network.block,
        network.block,
        network.residual,
        network.pool,
        network.padded,
        network.joined,
        network.table,
    )
    for _ in range(network.integer(2, 6)):
        x = network.pick(*steps)(x)
    x = network.pick(lambda y: y, network.flattened, network.averaged)(x)
    return network.builder.graph(network.dense(x))
