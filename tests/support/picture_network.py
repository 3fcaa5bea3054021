"""Networks from pictures to pictures, with random weights and scales at which something is to be seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_runtime.model import (
    Activation,
    Conv2DOptions,
    GraphBuilder,
    OpKind,
    Padding,
    PoolOptions,
    Quantization,
    write_tflite,
)
from edge_runtime.model.graph import (
    ArgOptions,
    BlockOptions,
    IndexType,
    L2NormOptions,
    LeakyReluOptions,
    ResizeOptions,
    TransposeConvOptions,
)
from support.maker import affine

__all__ = ["Picture", "PictureNetwork"]

_SCALE = 0.1
_AFFINE = {"scale": _SCALE, "zero_point": -7}


@dataclass(frozen=True)
class Picture:
    tensor: int
    shape: tuple[int, int, int]


class PictureNetwork:
    """Appends operators one after another; all tensors have one scale and zero point, as joins want it."""

    def __init__(self, shape: tuple[int, int, int], seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.builder = GraphBuilder("made")
        self.now = Picture(self.builder.input((1, *shape), **_AFFINE), shape)

    def model(self) -> bytes:
        return write_tflite(self.builder.graph(self.now.tensor))

    def convolution(
        self, outputs: int, *, kernel: int = 3, stride: int = 1, activation: Activation = Activation.RELU
    ) -> Picture:
        weights = self.random.integers(-127, 128, (outputs, kernel, kernel, self.now.shape[2]))
        options = Conv2DOptions(stride, stride, 1, 1, Padding.SAME, activation)
        scales = self._weight_scales(weights)
        tensor = self.builder.conv_2d(
            self.now.tensor, weights, np.zeros(outputs), options, weight_scale=scales.tolist(), **_AFFINE
        )
        height, width = (-(-length // stride) for length in self.now.shape[:2])
        return self._then(tensor, (height, width, outputs))

    def _weight_scales(self, weights: np.ndarray) -> np.ndarray:
        spread = 60 * np.sqrt(weights[0].size)
        return self.random.uniform(0.7, 1.5, len(weights)) / spread

    def pool(self) -> Picture:
        options = PoolOptions(2, 2, 2, 2, Padding.VALID)
        tensor = self.builder.pool(OpKind.MAX_POOL_2D, self.now.tensor, options)
        height, width, channels = self.now.shape
        return self._then(tensor, (height // 2, width // 2, channels))

    def transposed(self, outputs: int) -> Picture:
        height, width, channels = self.now.shape
        weights = self.random.integers(-127, 128, (outputs, 3, 3, channels)).astype(np.int8)
        scales = self._weight_scales(weights) * 2
        shape = (2 * height, 2 * width, outputs)
        inputs = [
            self.builder.constant(np.array((1, *shape), np.int32)),
            self.builder.constant(weights, Quantization(scales.astype(np.float32), np.zeros(outputs, np.int64))),
            self.now.tensor,
            self.builder.constant(self.random.integers(-999, 999, outputs).astype(np.int32), affine(_SCALE)),
        ]
        return self._operate(OpKind.TRANSPOSE_CONV, inputs, shape, TransposeConvOptions(2, 2, Padding.SAME))

    def bilinear(self, outputs: int) -> Picture:
        return self._resized(OpKind.RESIZE_BILINEAR, ResizeOptions(half_pixel_centers=True))

    def nearest(self, outputs: int) -> Picture:
        return self._resized(OpKind.RESIZE_NEAREST_NEIGHBOR, ResizeOptions())

    def _resized(self, kind: OpKind, options: ResizeOptions) -> Picture:
        height, width, channels = self.now.shape
        size = self.builder.constant(np.array([2 * height, 2 * width], np.int32))
        return self._operate(kind, [self.now.tensor, size], (2 * height, 2 * width, channels), options)

    def same_size(self, other: Picture) -> Picture:
        """Resize to the size of another picture."""
        shape = (*other.shape[:2], self.now.shape[2])
        size = self.builder.constant(np.array(shape[:2], np.int32))
        options = ResizeOptions(align_corners=True)
        return self._operate(OpKind.RESIZE_BILINEAR, [self.now.tensor, size], shape, options)

    def shuffled(self, outputs: int) -> Picture:
        """Enlarge by a convolution to four times the channels, of which blocks are made."""
        self.convolution(4 * outputs)
        height, width, _ = self.now.shape
        shape = (2 * height, 2 * width, outputs)
        return self._operate(OpKind.DEPTH_TO_SPACE, [self.now.tensor], shape, BlockOptions(2))

    def leaky(self) -> Picture:
        tensor = self.builder.unary(OpKind.LEAKY_RELU, self.now.tensor, **_AFFINE, options=LeakyReluOptions(0.125))
        return self._then(tensor, self.now.shape)

    def average(self) -> Picture:
        height, width, channels = self.now.shape
        tensor = self.builder.pool(OpKind.AVERAGE_POOL_2D, self.now.tensor, PoolOptions(height, width, 1, 1))
        return self._then(tensor, (1, 1, channels))

    def classes(self) -> Picture:
        """End in the number of the largest channel of each pixel."""
        height, width, _ = self.now.shape
        output = self.builder.tensor((1, height, width), np.int64)
        inputs = [self.now.tensor, self.builder.constant(np.array(-1, np.int32))]
        tensor = self.builder.operate(OpKind.ARG_MAX, inputs, output, options=ArgOptions(IndexType.INT64))
        return self._then(tensor, (height, width, 1))

    def directions(self) -> Picture:
        """End in pixels of length one."""
        output = self.builder.activation((1, *self.now.shape), scale=1 / 128, zero_point=0)
        tensor = self.builder.operate(OpKind.L2_NORMALIZATION, [self.now.tensor], output, options=L2NormOptions())
        return self._then(tensor, self.now.shape)

    def prelu(self) -> Picture:
        alphas = self.random.integers(-128, 128, (1, 1, self.now.shape[2]))
        alpha = self.builder.int8_constant(alphas, scale=0.005, zero_point=0)
        return self._operate(OpKind.PRELU, [self.now.tensor, alpha], self.now.shape, None)

    def join(self, other: Picture) -> Picture:
        tensor = self.builder.concatenation([self.now.tensor, other.tensor], 3)
        return self._then(tensor, (*self.now.shape[:2], self.now.shape[2] + other.shape[2]))

    def _operate(self, kind: OpKind, inputs: list[int], shape: tuple[int, int, int], options) -> Picture:
        output = self.builder.activation((1, *shape), **_AFFINE)
        return self._then(self.builder.operate(kind, inputs, output, options=options), shape)

    def _then(self, tensor: int, shape: tuple[int, int, int]) -> Picture:
        self.now = Picture(tensor, shape)
        return self.now
