"""Random networks with transposed convolutions and PRELU among other layers."""

from __future__ import annotations

import numpy as np

from edge_runtime.model import Activation, Graph, OpKind, Padding, Quantization
from edge_runtime.model.graph import ResizeOptions, TransposeConvOptions
from support.maker import RMS, affine
from support.random_networks import Network, Picture

__all__ = ["random_decoder"]

_LONGEST = 20


class _Decoder(Network):
    def transposed(self, x: Picture) -> Picture:
        stride, padding = self.pick(1, 2, 2), self.pick(Padding.SAME, Padding.VALID)
        kernel, outputs, builder = max(stride, self.pick(2, 3, 3, 4)), self.pick(3, 4, 8, 17, 20), self.builder
        if stride * max(x.shape[:2]) > _LONGEST:
            return self.convolution(x)
        sides = [
            length * stride if padding is Padding.SAME else (length - 1) * stride + kernel for length in x.shape[:2]
        ]
        weights = self.random.integers(-127, 128, (outputs, kernel, kernel, x.shape[2])).astype(np.int8)
        scales = self.random.uniform(0.004, 0.02, outputs).astype(np.float32)
        scale = float(x.scale * 0.02 * RMS * RMS * np.sqrt(x.shape[2]) * kernel / stride / 60)
        zero_point = self.integer(-128, 127)
        y = builder.activation((1, *sides, outputs), scale=scale, zero_point=zero_point)
        inputs = [
            builder.constant(np.array([1, *sides, outputs], np.int32)),
            builder.constant(weights, Quantization(scales, np.zeros(outputs, np.int64))),
            x.tensor,
            builder.constant(self.random.integers(-9999, 9999, outputs).astype(np.int32), affine(1.0)),
        ]
        options = TransposeConvOptions(stride, stride, padding, self.pick(*Activation))
        builder.operate(OpKind.TRANSPOSE_CONV, inputs, y, options=options)
        return Picture(y, (*sides, outputs), scale, zero_point)

    def resized(self, x: Picture) -> Picture:
        height, width, channels = x.shape
        sides = [height * self.pick(1, 2), width * self.pick(1, 2, 3)]
        if max(sides) > _LONGEST:
            return self.pool(x)
        inputs = [x.tensor, self.builder.constant(np.array(sides, np.int32))]
        y = self.builder.activation((1, *sides, channels), scale=x.scale, zero_point=x.zero_point)
        kind = self.pick(OpKind.RESIZE_NEAREST_NEIGHBOR, OpKind.RESIZE_BILINEAR)
        self.builder.operate(kind, inputs, y, options=ResizeOptions(half_pixel_centers=self.pick(False, True)))
        return Picture(y, (*sides, channels), x.scale, x.zero_point)

    def prelu(self, x: Picture) -> Picture:
        factors, zero_point = self.random.integers(-128, 128, (1, 1, x.shape[2])), self.integer(-128, 127)
        alpha = self.builder.int8_constant(factors, scale=0.008, zero_point=self.integer(-128, 127))
        y = self.builder.activation((1, *x.shape), scale=x.scale, zero_point=zero_point)
        self.builder.operate(OpKind.PRELU, [x.tensor, alpha], y)
        return Picture(y, x.shape, x.scale, zero_point)


def random_decoder(seed: int) -> Graph:
    """Return a network of a few layers and a head."""
    network = _Decoder(np.random.default_rng(seed))
    x = network.input()
    others = (network.convolution, network.depthwise, network.block, network.residual, network.pool, network.padded)
    for _ in range(network.integer(2, 6)):
        x = network.pick(
            network.transposed, network.transposed, network.resized, network.prelu, network.joined, *others
        )(x)
    return network.builder.graph(network.dense(x))
