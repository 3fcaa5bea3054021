"""Random operators on arrays of any rank: reductions, repetitions, products, and functions of single values."""

from __future__ import annotations

import numpy as np

from edge_runtime.model import OpKind
from edge_runtime.model.graph import (
    ArgOptions,
    BatchMatMulOptions,
    GeluOptions,
    IndexType,
    L2NormOptions,
    MirrorMode,
    MirrorPadOptions,
    ReducerOptions,
    SqueezeOptions,
)
from support.maker import RMS, Maker

__all__ = ["ARRAY_MAKERS"]


def reduction(maker: Maker) -> list[int]:
    rank = maker.integer(1, 4)
    shape, kind = maker.shape(rank, 6), [OpKind.REDUCE_MAX, OpKind.REDUCE_MIN][maker.integer(0, 1)]
    axes = maker.random.permutation(rank)[: maker.integer(1, rank)].tolist()
    keep, builder = maker.chance(0.5), maker.builder
    left = [1 if axis in axes else length for axis, length in enumerate(shape) if keep or axis not in axes]
    scale, zero_point = maker.scale(), maker.zero_point()
    x = builder.input(shape, scale=scale, zero_point=zero_point)
    given = [axis - (rank if maker.chance(0.3) else 0) for axis in axes]
    inputs = [x, builder.constant(np.array(given, np.int32))]
    y = builder.activation(left, scale=scale, zero_point=zero_point)
    return [builder.operate(kind, inputs, y, options=ReducerOptions(keep))]


def position(maker: Maker) -> list[int]:
    rank = maker.integer(1, 4)
    shape, axis, builder = maker.shape(rank, 12), maker.integer(0, rank - 1), maker.builder
    x, _ = maker.input(shape)
    kind = IndexType.INT64 if maker.chance(0.5) else IndexType.INT32
    y = builder.tensor([*shape[:axis], *shape[axis + 1 :]], kind.value.lower())
    inputs = [x, builder.constant(np.array(axis - (rank if maker.chance(0.3) else 0), np.int32))]
    operator = OpKind.ARG_MAX if maker.chance(0.5) else OpKind.ARG_MIN
    positions = builder.operate(operator, inputs, y, options=ArgOptions(kind))
    return [_viewed(maker, positions, [*shape[:axis], *shape[axis + 1 :]], kind) if maker.chance(0.4) else positions]


def _viewed(maker: Maker, positions: int, shape: list[int], kind: IndexType) -> int:
    place, builder = maker.integer(0, len(shape)), maker.builder
    longer = [*shape[:place], 1, *shape[place:]]
    y = builder.tensor(longer, kind.value.lower())
    added = OpKind.EXPAND_DIMS if maker.chance(0.5) else OpKind.RESHAPE
    named = np.array(place if added is OpKind.EXPAND_DIMS else longer, np.int32)
    wide = builder.operate(added, [positions, builder.constant(named)], y)
    if maker.chance(0.5):
        return wide
    y = builder.tensor(shape, kind.value.lower())
    return builder.operate(OpKind.SQUEEZE, [wide], y, options=SqueezeOptions((place,)))


def mirror_pad(maker: Maker) -> list[int]:
    shape, mode = maker.shape(maker.integer(1, 4), 5), list(MirrorMode)[maker.integer(0, 1)]
    most = [length - (mode is MirrorMode.REFLECT) for length in shape]
    around = [[maker.integer(0, last), maker.integer(0, last)] for last in most]
    wanted = [length + sum(added) for length, added in zip(shape, around, strict=True)]
    options = MirrorPadOptions(mode)
    return _alike(maker, OpKind.MIRROR_PAD, shape, wanted, np.array(around, np.int32), options)


def tile(maker: Maker) -> list[int]:
    shape = maker.shape(maker.integer(1, 4), 4)
    times = maker.shape(len(shape), 3)
    wanted = [length * time for length, time in zip(shape, times, strict=True)]
    return _alike(maker, OpKind.TILE, shape, wanted, np.array(times, np.int32))


def broadcast(maker: Maker) -> list[int]:
    wanted = maker.shape(maker.integer(1, 4), 5)
    given = [1 if maker.chance(0.5) else length for length in wanted][maker.integer(0, len(wanted) - 1) :]
    return _alike(maker, OpKind.BROADCAST_TO, given, wanted, np.array(wanted, np.int32))


def reverse(maker: Maker) -> list[int]:
    rank = maker.integer(1, 4)
    shape, axis = maker.shape(rank, 6), maker.integer(-rank, rank - 1)
    return _alike(maker, OpKind.REVERSE_V2, shape, shape, np.array([axis], np.int32))


def _alike(maker: Maker, kind: OpKind, given, wanted, numbers: np.ndarray, options=None) -> list[int]:
    quantization, builder = {"scale": maker.scale(), "zero_point": maker.zero_point()}, maker.builder
    inputs = [builder.input(given, **quantization), builder.constant(numbers)]
    return [builder.operate(kind, inputs, builder.activation(wanted, **quantization), options=options)]


def l2_normalization(maker: Maker) -> list[int]:
    shape = [*maker.shape(maker.integer(0, 3), 4), maker.integer(1, 40)]
    x, _ = maker.input(shape)
    y = maker.builder.activation(shape, scale=1 / 128, zero_point=0)
    return [maker.builder.operate(OpKind.L2_NORMALIZATION, [x], y, options=L2NormOptions())]


def squared_difference(maker: Maker) -> list[int]:
    shape, builder = maker.shape(maker.integer(1, 4), 5), maker.builder
    other = [1 if maker.chance(0.3) else length for length in shape]
    one, scale = maker.input(shape)
    second = float(scale * 10 ** maker.random.uniform(-1, 1))
    two = builder.input(other, scale=second, zero_point=maker.zero_point())
    new = float(max(scale, second) ** 2 * 100 * 10 ** maker.random.uniform(-0.5, 1))
    y = builder.activation(shape, scale=new, zero_point=maker.zero_point())
    return [builder.operate(OpKind.SQUARED_DIFFERENCE, [one, two] if maker.chance(0.5) else [two, one], y)]


def batch_matmul(maker: Maker) -> list[int]:
    rows, depth, columns, builder = *maker.shape(3, 7), maker.builder
    batches = maker.shape(maker.integer(0, 2), 3)
    options = BatchMatMulOptions(maker.chance(0.5), maker.chance(0.5))
    other = list(batches)
    if maker.chance(0.4) and not options.adj_x:
        other = [1 if maker.chance(0.5) else length for length in batches][maker.integer(0, len(batches)) :]
    left, right = (
        ([depth, rows] if options.adj_x else [rows, depth]),
        ([columns, depth] if options.adj_y else [depth, columns]),
    )
    one, scale = maker.input([*batches, *left])
    second = maker.scale()
    if maker.chance(0.3):
        data = maker.random.integers(-128, 128, [*other, *right])
        two = builder.int8_constant(data, scale=second, zero_point=maker.zero_point())
    else:
        two = builder.input([*other, *right], scale=second, zero_point=maker.zero_point())
    new = float(scale * second * RMS * RMS * np.sqrt(depth) / 60 * 10 ** maker.random.uniform(-0.5, 0.7))
    y = builder.activation([*batches, rows, columns], scale=new, zero_point=maker.zero_point())
    return [builder.operate(OpKind.BATCH_MATMUL, [one, two], y, options=options)]


def newer_table(maker: Maker) -> list[int]:
    kind = [OpKind.ABS, OpKind.EXP, OpKind.GELU, OpKind.RSQRT][maker.integer(0, 3)]
    scale, zero_point = maker.scale(-4, 0), -128 if kind is OpKind.RSQRT else maker.zero_point()
    if kind is OpKind.EXP:
        scale = float(np.float32(10 ** maker.random.uniform(-4, -1.5)))
    x = maker.builder.input((256,), scale=scale, zero_point=zero_point)
    new = float(scale * 10 ** maker.random.uniform(-1, 0.7))
    if kind is OpKind.ABS and maker.chance(0.3):
        new = scale
    if kind is OpKind.EXP:
        new = float(np.exp(scale * (127 - zero_point)) / 255 * 10 ** maker.random.uniform(-0.5, 0.5))
    if kind is OpKind.RSQRT:
        new = float(10 ** maker.random.uniform(-0.5, 0.5) / np.sqrt(scale) / 200)
    options = GeluOptions(maker.chance(0.5)) if kind is OpKind.GELU else None
    return [maker.builder.unary(kind, x, scale=new, zero_point=maker.zero_point(), options=options)]


ARRAY_MAKERS = (
    reduction,
    position,
    mirror_pad,
    tile,
    broadcast,
    reverse,
    l2_normalization,
    squared_difference,
    batch_matmul,
    newer_table,
)
