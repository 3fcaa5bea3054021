"""Random operators that make pictures larger or smaller, or cut them into blocks."""

from __future__ import annotations

import numpy as np

from edge_runtime.model import Conv2DOptions, DepthwiseConv2DOptions, OpKind, Padding, Quantization
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


def dilated(maker: Maker) -> list[int]:
    """A convolution over blocks: in one dimension between views, or in two."""
    sides, block, around = _blocks_to_convolve(maker)
    builder, channels, batch = maker.builder, maker.integer(1, 5), maker.integer(1, 2)
    scale, zero_point = maker.scale(), maker.zero_point()
    quantization = {"scale": scale, "zero_point": zero_point}
    small = [(length + sum(pair)) // size for length, size, pair in zip(sides, block, around, strict=True)]
    taps = [maker.integer(1, min(3, length)) for length in small]
    count = int(batch * np.prod(block))
    numbers = [builder.constant(np.array(given, np.int32)) for given in (block, around)]
    spread = builder.activation([count, *small, channels], **quantization)
    x = builder.input([batch, *sides, channels], **quantization)
    builder.operate(OpKind.SPACE_TO_BATCH_ND, [x, *numbers], spread)
    flat = len(sides) == 1
    if flat:
        spread = builder.reshape(spread, (count, 1, small[0], channels), as_tensor=maker.chance(0.5))
    kernel = [1, *taps] if flat else taps
    depthwise = maker.chance(0.4)
    outputs = channels if depthwise else maker.integer(1, 5)
    weights = maker.weights([1, *kernel, channels] if depthwise else [outputs, *kernel, channels])
    options = (DepthwiseConv2DOptions if depthwise else Conv2DOptions)(1, 1, padding=Padding.VALID)
    new = {"scale": float(scale * RMS * np.sqrt(weights.size / outputs) * 0.02), "zero_point": maker.zero_point()}
    y = builder.conv_2d(spread, weights, np.zeros(outputs), options, weight_scale=0.02, **new)
    left = [length - tap + 1 for length, tap in zip(small, taps, strict=True)]
    if flat:
        y = builder.reshape(y, (count, *left, outputs), as_tensor=maker.chance(0.5))
    crops = [
        [maker.integer(0, min(2, before)), maker.integer(0, min(2, after))] if maker.chance(0.5) else [0, 0]
        for before, after in around
    ]
    whole = [length * size for length, size in zip(left, block, strict=True)]
    if any(sum(crop) >= length for crop, length in zip(crops, whole, strict=True)):
        crops = [[0, 0] for _ in crops]
    kept = [length - sum(crop) for length, crop in zip(whole, crops, strict=True)]
    inputs = [y, numbers[0], builder.constant(np.array(crops, np.int32))]
    return [builder.operate(OpKind.BATCH_TO_SPACE_ND, inputs, builder.activation([batch, *kept, outputs], **new))]


def _blocks_to_convolve(maker: Maker) -> tuple[list[int], list[int], list[list[int]]]:
    """Return lengths, blocks and paddings, such that whole blocks come out."""
    count = maker.integer(1, 2)
    sides, block = maker.shape(count, 9), maker.shape(count, 3)
    around = []
    for length, size in zip(sides, block, strict=True):
        before = maker.integer(0, 4)
        around.append([before, -(length + before) % size + size * maker.integer(0, 2)])
    return sides, block, around


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
    dilated,
    prelu,
)
