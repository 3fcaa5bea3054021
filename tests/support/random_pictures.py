"""Random operators that make pictures larger or smaller, or cut them into blocks."""

from __future__ import annotations

import numpy as np

from edge_runtime.model import OpKind, Padding, Quantization
from edge_runtime.model.graph import BlockOptions, ResizeOptions, TransposeConvOptions
from support.maker import RMS, Maker, affine

__all__ = ["PICTURE_MAKERS"]


def transpose_convolution(maker: Maker) -> list[int]:
    builder = maker.builder
    kernel, stride = [maker.integer(1, 4), maker.integer(1, 4)], [maker.integer(1, 3), maker.integer(1, 3)]
    batch, height, width, channels = maker.integer(1, 2), maker.integer(1, 6), maker.integer(1, 6), maker.integer(1, 6)
    padding, outputs = Padding.SAME if maker.chance(0.5) else Padding.VALID, maker.integer(1, 6)
    sides = [
        length * step if padding is Padding.SAME else (length - 1) * step + taps
        for length, step, taps in zip((height, width), stride, kernel, strict=True)
    ]
    if maker.chance(0.3):  # TFLite takes any
        least = [1, 1] if padding is Padding.SAME else kernel
        sides = [maker.integer(low, low + 9) for low in least]
    x, scale = maker.input((batch, height, width, channels))
    weights = maker.weights((outputs, *kernel, channels)).astype(np.int8)
    weight_scales = maker.weight_scales(outputs)
    spread = RMS * RMS * np.sqrt(channels * np.prod(kernel) / np.prod(stride))
    scales = Quantization(np.array(weight_scales, np.float32), np.zeros(len(weight_scales), np.int64))
    filters = builder.constant(weights, scales)
    inputs = [builder.constant(np.array([batch, *sides, outputs], np.int32)), filters, x]
    bias = maker.bias(outputs, spread, optional=True)
    if bias is not None:
        inputs.append(builder.constant(bias.astype(np.int32), affine(scale * weight_scales[0])))
    y = builder.activation(
        (batch, *sides, outputs),
        scale=float(scale * max(weight_scales) * spread / 60 * 10 ** maker.random.uniform(-0.7, 0.7)),
        zero_point=maker.zero_point(),
    )
    options = TransposeConvOptions(*stride, padding, maker.activation())
    return [builder.operate(OpKind.TRANSPOSE_CONV, inputs, y, options=options)]


def resize_nearest(maker: Maker) -> list[int]:
    return _resized(maker, OpKind.RESIZE_NEAREST_NEIGHBOR, maker.chance(0.4), maker.chance(0.4))


def resize_bilinear(maker: Maker) -> list[int]:
    corners = maker.chance(0.4)
    return _resized(maker, OpKind.RESIZE_BILINEAR, corners, not corners and maker.chance(0.6))


def _resized(maker: Maker, kind: OpKind, corners: bool, half: bool) -> list[int]:
    batch, height, width, channels = maker.shape(4, 7)
    scale, zero_point, builder = maker.scale(), maker.zero_point(), maker.builder
    x = builder.input((batch, height, width, channels), scale=scale, zero_point=zero_point)
    sides = [height * 2, width * 2] if maker.chance(0.3) else maker.shape(2, 30)
    size = builder.constant(np.array(sides, np.int32))
    y = builder.activation((batch, *sides, channels), scale=scale, zero_point=zero_point)
    return [builder.operate(kind, [x, size], y, options=ResizeOptions(corners, half))]


def depth_to_space(maker: Maker) -> list[int]:
    size, (batch, height, width, channels) = maker.integer(1, 4), maker.shape(4, 4)
    wide, deep = (batch, height * size, width * size, channels), (batch, height, width, channels * size * size)
    return [_alike(maker, OpKind.DEPTH_TO_SPACE, deep, wide, options=BlockOptions(size))]


def space_to_depth(maker: Maker) -> list[int]:
    size, (batch, height, width, channels) = maker.integer(1, 4), maker.shape(4, 4)
    wide, deep = (batch, height * size, width * size, channels), (batch, height, width, channels * size * size)
    return [_alike(maker, OpKind.SPACE_TO_DEPTH, wide, deep, options=BlockOptions(size))]


def space_to_batch(maker: Maker) -> list[int]:
    spread, whole, constants = _blocks(maker)
    return [_alike(maker, OpKind.SPACE_TO_BATCH_ND, whole, spread, constants)]


def batch_to_space(maker: Maker) -> list[int]:
    spread, whole, constants = _blocks(maker)
    return [_alike(maker, OpKind.BATCH_TO_SPACE_ND, spread, whole, constants)]


def _blocks(maker: Maker) -> tuple[list[int], list[int], list[np.ndarray]]:
    """Return the shapes of many small pictures and of the few large ones, and what says how they go together."""
    sides, batch, channels = maker.integer(1, 2), maker.integer(1, 2), maker.integer(1, 4)
    block, small = maker.shape(sides, 3), maker.shape(sides, 4)
    around = []
    for length, size in zip(small, block, strict=True):
        before = maker.integer(0, min(3, length * size - 1))
        around.append([before, maker.integer(0, min(3, length * size - 1 - before))])
    whole = [length * size - sum(border) for length, size, border in zip(small, block, around, strict=True)]
    shapes = [int(batch * np.prod(block)), *small, channels], [batch, *whole, channels]
    return *shapes, [np.array(block, np.int32), np.array(around, np.int32)]


def _alike(maker: Maker, kind: OpKind, given, wanted, constants=(), options=None) -> int:
    quantization, builder = {"scale": maker.scale(), "zero_point": maker.zero_point()}, maker.builder
    inputs = [builder.input(given, **quantization), *(builder.constant(numbers) for numbers in constants)]
    return builder.operate(kind, inputs, builder.activation(wanted, **quantization), options=options)


def prelu(maker: Maker) -> list[int]:
    shape, builder = maker.shape(maker.integer(1, 4), 5), maker.builder
    x, scale = maker.input(shape)
    kind = maker.integer(0, 2)
    alphas = [shape, [1] * (len(shape) - 1) + shape[-1:], [1]][kind]
    data, alpha_scale = maker.random.integers(-128, 128, alphas), maker.scale(-3, 0)
    alpha = builder.int8_constant(data, scale=alpha_scale, zero_point=maker.zero_point())
    new = float(scale * 10 ** maker.random.uniform(-1, 1.5))
    y = builder.activation(shape, scale=new, zero_point=maker.zero_point())
    return [builder.operate(OpKind.PRELU, [x, alpha], y)]


PICTURE_MAKERS = (
    transpose_convolution,
    resize_nearest,
    resize_bilinear,
    depth_to_space,
    space_to_depth,
    space_to_batch,
    batch_to_space,
    prelu,
)
