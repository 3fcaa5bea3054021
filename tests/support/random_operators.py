"""Operators with everything about them random, extremes included; each adds itself and its inputs to a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from edge_runtime.model import (
    Activation,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    Graph,
    GraphBuilder,
    Operator,
    OpKind,
    Padding,
    PoolOptions,
    Quantization,
    Tensor,
)
from edge_runtime.model.graph import (
    GatherOptions,
    LeakyReluOptions,
    LstmOptions,
    PackOptions,
    SplitOptions,
    SqueezeOptions,
    StridedSliceOptions,
    SvdfOptions,
    UnpackOptions,
)
from support.maker import RMS, Maker, affine
from support.random_arrays import ARRAY_MAKERS
from support.random_pictures import PICTURE_MAKERS

__all__ = ["MAKERS", "network_of", "older_scheme"]


def _windowed(maker: Maker, options: type, weights: Callable[[int, int, int], tuple[list[int], int]], **extra) -> int:
    kernel = [maker.integer(1, 4), maker.integer(1, 4)]
    stride, dilation = [maker.integer(1, 3), maker.integer(1, 3)], [1, 1]
    if maker.chance(0.3):
        dilation = [maker.integer(1, 3), maker.integer(1, 3)]
    padding = Padding.SAME if maker.chance(0.5) else Padding.VALID
    least = [(k - 1) * d + 1 if padding is Padding.VALID else 1 for k, d in zip(kernel, dilation, strict=True)]
    height, width = (maker.integer(low, low + 6) for low in least)
    channels = maker.integer(1, 8)
    x, scale = maker.input((maker.integer(1, 2), height, width, channels))
    shape, outputs = weights(*kernel, channels)
    weight_scale = maker.weight_scales(outputs)
    spread = RMS * RMS * np.sqrt(np.prod(shape) / outputs)
    return maker.builder.conv_2d(
        x,
        maker.weights(shape),
        maker.bias(outputs, spread, optional=options is DepthwiseConv2DOptions),
        options(*stride, *dilation, padding, maker.activation(), **extra),
        weight_scale=weight_scale,
        scale=float(scale * max(weight_scale) * spread / 60 * 10 ** maker.random.uniform(-0.7, 0.7)),
        zero_point=maker.zero_point(),
    )


def convolution(maker: Maker) -> list[int]:
    groups = maker.integer(1, 3) if maker.chance(0.2) else 1

    def weights(height: int, width: int, channels: int) -> tuple[list[int], int]:
        outputs = maker.integer(1, 6) * (groups if channels % groups == 0 else 1)
        return [outputs, height, width, channels // groups if channels % groups == 0 else channels], outputs

    return [_windowed(maker, Conv2DOptions, weights)]


def depthwise(maker: Maker) -> list[int]:
    multiplier = maker.integer(1, 3)

    def weights(height: int, width: int, channels: int) -> tuple[list[int], int]:
        return [1, height, width, channels * multiplier], channels * multiplier

    return [_windowed(maker, DepthwiseConv2DOptions, weights, depth_multiplier=multiplier)]


def _two(maker: Maker) -> tuple[int, int, float, float]:
    """Return two tensors, one of them perhaps a constant, whose shapes broadcast, and their scales."""
    shape = maker.shape(maker.integer(1, 4), 5)
    other = list(shape)
    if maker.chance(0.5):
        other = [1 if maker.chance(0.5) else length for length in shape][maker.integer(0, len(shape) - 1) :]
    shapes = [shape, other]
    if maker.chance(0.5):
        shapes.reverse()
    one, scale = maker.input(shapes[0])
    second = float(scale * 10 ** maker.random.uniform(-1.5, 1.5))
    if maker.chance(0.4):
        data = maker.random.integers(-128, 128, shapes[1])
        two = maker.builder.int8_constant(data, scale=second, zero_point=maker.zero_point())
    else:
        two = maker.builder.input(shapes[1], scale=second, zero_point=maker.zero_point())
    return (one, two, scale, second) if maker.chance(0.5) else (two, one, second, scale)


def addition(maker: Maker) -> list[int]:
    one, two, first, second = _two(maker)
    kind = OpKind.ADD if maker.chance(0.5) else OpKind.SUB
    scale = float(max(first, second) * 10 ** maker.random.uniform(-0.7, 0.7))
    if maker.chance(0.1):
        scale *= float(10 ** maker.random.uniform(-3, 3))
    options = {"scale": scale, "zero_point": maker.zero_point(), "activation": maker.activation()}
    return [maker.builder.binary(kind, one, two, **options)]


def multiplication(maker: Maker) -> list[int]:
    one, two, first, second = _two(maker)
    scale = float(first * second * 128 * 10 ** maker.random.uniform(-0.7, 0.7))
    if maker.chance(0.1):
        scale *= float(10 ** maker.random.uniform(-3, 3))
    options = {"scale": scale, "zero_point": maker.zero_point(), "activation": maker.activation()}
    return [maker.builder.binary(OpKind.MUL, one, two, **options)]


def extreme(maker: Maker) -> list[int]:
    shape = maker.shape(maker.integer(1, 4), 5)
    other = [1 if maker.chance(0.3) else length for length in shape]
    quantization = {"scale": maker.scale(), "zero_point": maker.zero_point()}
    one, two = (maker.builder.input(given, **quantization) for given in (shape, other))
    return [maker.builder.binary(OpKind.MAXIMUM if maker.chance(0.5) else OpKind.MINIMUM, one, two, **quantization)]


def pool(maker: Maker) -> list[int]:
    kind = OpKind.AVERAGE_POOL_2D if maker.chance(0.6) else OpKind.MAX_POOL_2D
    kernel, stride = [maker.integer(1, 5), maker.integer(1, 5)], [maker.integer(1, 4), maker.integer(1, 4)]
    padding = Padding.SAME if maker.chance(0.5) else Padding.VALID
    shape = [maker.integer(1, 2), *(maker.integer(k, k + 6) for k in kernel), maker.integer(1, 8)]
    x, _ = maker.input(shape)
    return [maker.builder.pool(kind, x, PoolOptions(*kernel, *stride, padding, maker.activation()))]


def mean(maker: Maker) -> list[int]:
    rank = maker.integer(1, 4)
    x, scale = maker.input(maker.shape(rank, 9 if rank > 1 else 40))
    axes = maker.random.permutation(rank)[: maker.integer(1, rank)]
    if rank == 4 and maker.chance(0.5):
        axes = np.array([1, 2] if maker.chance(0.7) else [2, 1])
    given = [int(axis) - (rank if maker.chance(0.2) else 0) for axis in axes]
    new_scale = scale if maker.chance(0.3) else float(scale * 10 ** maker.random.uniform(-1, 0.3))
    keep = maker.chance(0.5)
    return [maker.builder.mean(x, given, scale=new_scale, zero_point=maker.zero_point(), keep_dims=keep)]


def pad(maker: Maker) -> list[int]:
    rank = maker.integer(1, 4)
    x, _ = maker.input(maker.shape(rank, 5))
    around = [(maker.integer(0, 3), maker.integer(0, 3)) for _ in range(rank)]
    return [maker.builder.pad(x, around, maker.zero_point() if maker.chance(0.5) else None)]


def concatenation(maker: Maker) -> list[int]:
    rank = maker.integer(1, 4)
    shape, axis = maker.shape(rank, 4), maker.integer(0, rank - 1)
    quantization = {"scale": maker.scale(), "zero_point": maker.zero_point()}
    sources = []
    for _ in range(maker.integer(1, 4)):
        shape[axis] = maker.integer(1, 4)
        if maker.chance(0.3) and sources:
            sources.append(maker.builder.int8_constant(maker.random.integers(-128, 128, shape), **quantization))
        else:
            sources.append(maker.builder.input(shape, **quantization))
    return [maker.builder.concatenation(sources, axis - (rank if maker.chance(0.3) else 0))]


def table(maker: Maker) -> list[int]:
    kinds = [OpKind.RELU, OpKind.RELU6, OpKind.RELU_N1_TO_1, OpKind.LEAKY_RELU, OpKind.HARD_SWISH, OpKind.QUANTIZE]
    kind = [*kinds, OpKind.LOGISTIC, OpKind.TANH, OpKind.RELU_0_TO_1][maker.integer(0, 8)]
    scale = maker.scale(-4, 1.5)
    x = maker.builder.input((256,), scale=scale, zero_point=maker.zero_point())
    new, zero_point, options = float(scale * 10 ** maker.random.uniform(-1, 0.7)), maker.zero_point(), None
    if maker.chance(0.1):
        new *= float(10 ** maker.random.uniform(0, 3))
    if kind is OpKind.LEAKY_RELU:
        options = LeakyReluOptions(float(np.float32(maker.random.choice([0, 0.01, 0.3, 1, 2.5]))))
    if kind is OpKind.LOGISTIC:
        new, zero_point = 1 / 256, -128 if maker.chance(0.7) else zero_point
    if kind is OpKind.TANH:
        new, zero_point = (1 / 128, 0) if maker.chance(0.6) else (maker.scale(-5, 1), zero_point)
    return [maker.builder.unary(kind, x, scale=new, zero_point=zero_point, options=options)]


def fully_connected(maker: Maker) -> list[int]:
    inputs, outputs = maker.integer(1, 40), maker.integer(1, 8)
    x, scale = maker.input((maker.integer(1, 3), inputs))
    weight_scale, spread = maker.weight_scales(outputs), RMS * RMS * np.sqrt(inputs)
    return [
        maker.builder.fully_connected(
            x,
            maker.weights((outputs, inputs)),
            maker.bias(outputs, spread, optional=True),
            weight_scale=weight_scale,
            scale=float(scale * max(weight_scale) * spread / 60 * 10 ** maker.random.uniform(-0.7, 0.7)),
            zero_point=maker.zero_point(),
            activation=maker.activation(),
        )
    ]


def softmax(maker: Maker) -> list[int]:
    scale = maker.scale(-3, 0)
    x = maker.builder.input(maker.shape(maker.integer(1, 3), 12), scale=scale, zero_point=maker.zero_point())
    return [maker.builder.softmax(x, beta=1.0 if maker.chance(0.5) else 0.3)]


def log_softmax(maker: Maker) -> list[int]:
    x = maker.builder.input(
        maker.shape(maker.integer(1, 3), 12), scale=maker.scale(-3, 0), zero_point=maker.zero_point()
    )
    return [maker.builder.log_softmax(x)]


def view(maker: Maker) -> list[int]:
    shape = [1 if maker.chance(0.5) else length for length in maker.shape(maker.integer(1, 4))]
    scale, zero_point, builder = maker.scale(), maker.zero_point(), maker.builder
    x = builder.input(shape, scale=scale, zero_point=zero_point)
    output = {"scale": scale, "zero_point": 5}  # SQUEEZE copies numbers as they are, whatever they are said to be
    if maker.chance(0.5):
        output["zero_point"] = zero_point
        axis = maker.integer(-len(shape) - 1, len(shape))
        place = axis + (len(shape) + 1 if axis < 0 else 0)
        y = builder.activation([*shape[:place], 1, *shape[place:]], **output)
        return [builder.operate(OpKind.EXPAND_DIMS, [x, builder.constant(np.array(axis, np.int32))], y)]
    ones = [axis for axis, length in enumerate(shape) if length == 1]
    dims = maker.random.permutation(ones)[: maker.integer(0, len(ones))].astype(int).tolist()
    gone = dims or ones
    y = builder.activation([length for axis, length in enumerate(shape) if axis not in gone], **output)
    given = tuple(axis - (len(shape) if maker.chance(0.3) else 0) for axis in dims)
    return [builder.operate(OpKind.SQUEEZE, [x], y, options=SqueezeOptions(given))]


def strided_slice(maker: Maker) -> list[int]:
    rank = maker.integer(1, 4)
    shape, index = maker.shape(rank, 8), []
    numbers: list[list[int]] = [[], [], []]
    begin_mask = end_mask = shrink_mask = 0
    for axis in range(maker.integer(1, rank)):
        while True:
            begin, end = maker.integer(-10, 10), maker.integer(-10, 10)
            stride = maker.integer(1, 3) * (-1 if maker.chance(0.3) else 1)
            masks = [maker.chance(0.3), maker.chance(0.3)]
            taken = slice(None if masks[0] else begin, None if masks[1] else end, stride)
            if range(*taken.indices(shape[axis])):
                break
        shrink = maker.chance(0.2)
        if shrink:
            begin, end, stride = maker.integer(-shape[axis], shape[axis] - 1), maker.integer(-9, 9), 1
            masks[0] = False
        begin_mask |= masks[0] << axis
        end_mask |= masks[1] << axis
        shrink_mask |= shrink << axis
        index.append(begin if shrink else taken)
        for column, number in zip(numbers, (begin, end, stride), strict=True):
            column.append(number)
    x, scale = maker.input(shape)
    constants = [maker.builder.constant(np.array(column, np.int32)) for column in numbers]
    y = maker.builder.activation(np.empty(shape)[tuple(index)].shape, scale=scale, zero_point=0)
    options = StridedSliceOptions(begin_mask, end_mask, shrink_axis_mask=shrink_mask)
    return [maker.builder.operate(OpKind.STRIDED_SLICE, [x, *constants], y, options=options)]


def slices(maker: Maker) -> list[int]:
    shape = maker.shape(maker.integer(1, 4), 8)
    begin = [maker.integer(0, length - 1) for length in shape]
    size = [maker.integer(1, length - first) for first, length in zip(begin, shape, strict=True)]
    asked = [
        -1 if first + count == length and maker.chance(0.5) else count
        for first, count, length in zip(begin, size, shape, strict=True)
    ]
    x, scale = maker.input(shape)
    constants = [maker.builder.constant(np.array(column, np.int32)) for column in (begin, asked)]
    y = maker.builder.activation(size, scale=scale, zero_point=0)
    return [maker.builder.operate(OpKind.SLICE, [x, *constants], y)]


def split(maker: Maker) -> list[int]:
    rank = maker.integer(1, 4)
    shape, axis, count = maker.shape(rank, 5), maker.integer(0, rank - 1), maker.integer(1, 4)
    by_length = maker.chance(0.5)
    lengths = [maker.integer(1, 3) if by_length else 2 for _ in range(count)]
    shape[axis] = sum(lengths)
    x, scale = maker.input(shape)
    outputs = [
        maker.builder.activation([*shape[:axis], length, *shape[axis + 1 :]], scale=scale, zero_point=0)
        for length in lengths
    ]
    named = maker.builder.constant(np.array(axis - (rank if maker.chance(0.3) else 0), np.int32))
    inputs, kind = [named, x], OpKind.SPLIT
    if by_length:
        if maker.chance(0.4):
            lengths[maker.integer(0, count - 1)] = -1
        inputs, kind = [x, maker.builder.constant(np.array(lengths, np.int32)), named], OpKind.SPLIT_V
    maker.builder.operate(kind, inputs, *outputs, options=SplitOptions(count))
    return outputs


def pack(maker: Maker) -> list[int]:
    shape, count = maker.shape(maker.integer(0, 3)), maker.integer(1, 4)
    axis = maker.integer(0, len(shape))
    quantization = {"scale": maker.scale(), "zero_point": maker.zero_point()}
    sources = [maker.builder.input(shape, **quantization) for _ in range(count)]
    y = maker.builder.activation([*shape[:axis], count, *shape[axis:]], **quantization)
    options = PackOptions(count, axis - (len(shape) + 1 if maker.chance(0.3) else 0))
    return [maker.builder.operate(OpKind.PACK, sources, y, options=options)]


def unpack(maker: Maker) -> list[int]:
    rank = maker.integer(1, 4)
    shape, axis = maker.shape(rank), maker.integer(0, rank - 1)
    quantization = {"scale": maker.scale(), "zero_point": maker.zero_point()}
    x = maker.builder.input(shape, **quantization)
    outputs = [
        maker.builder.activation([*shape[:axis], *shape[axis + 1 :]], **quantization) for _ in range(shape[axis])
    ]
    options = UnpackOptions(shape[axis], axis - (rank if maker.chance(0.3) else 0))
    maker.builder.operate(OpKind.UNPACK, [x], *outputs, options=options)
    return outputs


def transpose(maker: Maker) -> list[int]:
    rank = maker.integer(1, 5)
    shape, order = maker.shape(rank, 4), maker.random.permutation(rank).astype(np.int32)
    x, scale = maker.input(shape)
    y = maker.builder.activation([shape[axis] for axis in order], scale=scale, zero_point=0)
    return [maker.builder.operate(OpKind.TRANSPOSE, [x, maker.builder.constant(order)], y)]


def gather(maker: Maker) -> list[int]:
    rank = maker.integer(1, 4)
    shape, axis = maker.shape(rank, 5), maker.integer(0, rank - 1)
    positions = maker.random.integers(0, shape[axis], maker.shape(maker.integer(0, 2), 4)).astype(np.int32)
    x, scale = maker.input(shape)
    y = maker.builder.activation([*shape[:axis], *positions.shape, *shape[axis + 1 :]], scale=scale, zero_point=0)
    options = GatherOptions(axis - (rank if maker.chance(0.3) else 0))
    return [maker.builder.operate(OpKind.GATHER, [x, maker.builder.constant(positions)], y, options=options)]


def lstm(maker: Maker) -> list[int]:
    builder, random = maker.builder, maker.random
    batch, steps, features, cells = (maker.integer(1, high) for high in (2, 4, 6, 5))
    time_major = maker.chance(0.5)
    x, scale = maker.input((steps, batch, features) if time_major else (batch, steps, features))
    hidden, zero_point = float(10 ** random.uniform(-2.5, -1.8)), maker.zero_point()

    def constant(shape: tuple[int, ...], source_scale: float, width: int) -> int:
        # sums of products are Q3.12: their standard deviation is to be about one
        step = float(2**12 / (RMS * RMS * np.sqrt(width)) * 10 ** random.uniform(-1, 1) * 2**-12 / source_scale)
        return builder.int8_constant(random.integers(-128, 128, shape), scale=step, zero_point=0)

    weights = [constant((cells, features), scale, features) for _ in range(4)]
    recurrent = [constant((cells, cells), hidden, cells) for _ in range(4)]
    biases = [
        builder.constant(random.integers(-4000, 4000, cells).astype(np.int32), affine(2.0**-12)) for _ in range(4)
    ]
    state = builder.state((batch, cells), np.int8, scale=hidden, zero_point=zero_point)
    exponent = -maker.integer(9, 14)
    cell = builder.state((batch, cells), np.int16, scale=2.0**exponent, zero_point=0)
    inner = [builder.activation((0,), scale=2.0**-12, zero_point=0) for _ in range(4)]
    inner.append(builder.activation((0,), scale=hidden, zero_point=zero_point))
    output = builder.activation(
        (*((steps, batch) if time_major else (batch, steps)), cells), scale=hidden, zero_point=zero_point
    )
    inputs = [x, *weights, *recurrent, -1, -1, -1, *biases, -1, -1, state, cell, -1, -1, -1, -1]
    options = LstmOptions(cell_clip=maker.chance(0.4) * 2.5, time_major=time_major)
    kind = OpKind.UNIDIRECTIONAL_SEQUENCE_LSTM
    return [builder.operate(kind, inputs, output, options=options, intermediates=inner)]


def svdf(maker: Maker) -> list[int]:
    builder, random = maker.builder, maker.random
    batch, features, units, rank, memory = (maker.integer(1, high) for high in (2, 8, 5, 3, 6))
    x, scale = maker.input((batch, features))
    weight_scale, state_scale, time_scale = maker.scale(), float(2.0 ** -maker.integer(8, 12)), maker.scale(-5, -3)
    filters = builder.int8_constant(
        random.integers(-128, 128, (units * rank, features)), scale=weight_scale, zero_point=0
    )
    state_scale = float(scale * weight_scale * 10 ** random.uniform(-1, 2))
    time = builder.constant(random.integers(-3000, 3000, (units * rank, memory)).astype(np.int16), affine(time_scale))
    bias = -1
    if maker.chance(0.7):
        bias = builder.constant(
            random.integers(-(2**20), 2**20, units).astype(np.int32), affine(state_scale * time_scale)
        )
    state = builder.state((batch, units * rank * memory), np.int16, scale=state_scale, zero_point=0)
    new_scale = float(state_scale * time_scale * 10 ** random.uniform(4, 6))
    y = builder.activation((batch, units), scale=new_scale, zero_point=maker.zero_point())
    return [
        builder.operate(OpKind.SVDF, [x, filters, time, bias, state], y, options=SvdfOptions(rank, Activation.RELU))
    ]


MAKERS = {
    function.__name__: function
    for function in (
        convolution,
        depthwise,
        fully_connected,
        softmax,
        log_softmax,
        addition,
        multiplication,
        extreme,
        pool,
        mean,
        pad,
        concatenation,
        table,
        view,
        strided_slice,
        slices,
        split,
        pack,
        unpack,
        transpose,
        gather,
        lstm,
        svdf,
        *PICTURE_MAKERS,
        *ARRAY_MAKERS,
    )
}


def network_of(make: Callable[[Maker], list[int]], seed: int, count: int) -> Graph:
    """Return a network of `count` random operators that have nothing to do with each other."""
    maker = Maker(GraphBuilder("random"), np.random.default_rng(seed))
    outputs = [output for _ in range(count) for output in make(maker)]
    return maker.builder.graph(*outputs)


_WEIGHTED = (OpKind.CONV_2D, OpKind.DEPTHWISE_CONV_2D, OpKind.FULLY_CONNECTED, OpKind.TRANSPOSE_CONV)


def older_scheme(graph: Graph, seed: int) -> Graph:
    """Return a network in the uint8 scheme: one scale and a zero point for weights, inputs joined from other scales."""
    random, tensors = np.random.default_rng(seed), list(graph.tensors)
    for tensor in graph.tensors:
        if tensor.dtype == np.int8:
            tensors[tensor.index] = replace(tensor, unsigned=True)
    for operator in graph.operators:
        if operator.kind in _WEIGHTED:
            _older_weights(tensors, operator, random)
        if operator.kind is OpKind.CONCATENATION:
            for index in operator.inputs:
                _own_scale(tensors, index, random)
    return replace(graph, tensors=tuple(tensors))


def _older_weights(tensors: list[Tensor], operator: Operator, random: np.random.Generator) -> None:
    first = 2 if operator.kind is OpKind.TRANSPOSE_CONV else 0
    source, weights = tensors[operator.inputs[first]], tensors[operator.inputs[1]]
    zero_point = random.choice([random.integers(-128, 128), random.integers(-10, 11)])
    scales = weights.quantization.scales[:1]
    tensors[weights.index] = replace(weights, quantization=Quantization(scales, np.array([zero_point])))
    last = operator.inputs[-1]
    if last != -1 and tensors[last].data is not None and tensors[last].dtype == np.int32:
        bias = tensors[last]
        tensors[bias.index] = replace(bias, quantization=affine(source.quantization.scale * float(scales[0])))


def _own_scale(tensors: list[Tensor], index: int, random: np.random.Generator) -> None:
    tensor = tensors[index]
    if random.random() < 0.6:
        scales = (tensor.quantization.scales * 10 ** random.uniform(-1, 1)).astype(np.float32)
        own = Quantization(scales, np.array([random.integers(-128, 128)]))
        tensors[index] = replace(tensor, quantization=own)
