"""A network over time as Keras' converter writes one: causal convolutions of growing dilation, the batch left open."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_runtime.model import Activation, Conv2DOptions, Graph, GraphBuilder, OpKind, Padding, write_tflite

__all__ = ["temporal_network", "with_open_batch"]

_STEPS, _CHANNELS, _TAPS = 32, 8, 3
_AFFINE = {"scale": 0.05, "zero_point": -9}


def temporal_network(seed: int) -> bytes:
    random, builder = np.random.default_rng(seed), GraphBuilder("temporal")
    x = builder.input((1, _STEPS, _CHANNELS), **_AFFINE)
    for dilation in (2, 4):
        x = builder.pad(x, [(0, 0), ((_TAPS - 1) * dilation, 0), (0, 0)])
        x = _dilated(builder, x, dilation, random.integers(-127, 128, (_CHANNELS, 1, _TAPS, _CHANNELS)))
    return write_tflite(with_open_batch(builder.graph(x)))


def _dilated(builder: GraphBuilder, x: int, dilation: int, weights: np.ndarray) -> int:
    block, none = builder.constant(np.array([dilation], np.int32)), builder.constant(np.zeros((1, 2), np.int32))
    length = _STEPS // dilation
    inner = length + _TAPS - 1
    y = builder.activation((dilation, inner, _CHANNELS), **_AFFINE)
    builder.operate(OpKind.SPACE_TO_BATCH_ND, [x, block, none], y)
    wide = builder.activation((dilation, 1, inner, _CHANNELS), **_AFFINE)
    builder.operate(OpKind.EXPAND_DIMS, [y, builder.constant(np.array(1, np.int32))], wide)
    options = Conv2DOptions(1, 1, padding=Padding.VALID, activation=Activation.RELU)
    y = builder.conv_2d(wide, weights, np.zeros(_CHANNELS), options, weight_scale=0.002, **_AFFINE)
    flat = builder.activation((dilation, length, _CHANNELS), **_AFFINE)
    builder.operate(OpKind.RESHAPE, [y, builder.constant(np.array([-1, length, _CHANNELS], np.int32))], flat)
    output = builder.activation((1, _STEPS, _CHANNELS), **_AFFINE)
    return builder.operate(OpKind.BATCH_TO_SPACE_ND, [flat, block, none], output)


def with_open_batch(graph: Graph) -> Graph:
    """Return a network with one picture everywhere, as converters write it where the batch is open."""
    written = {index for operator in graph.operators for index in operator.outputs}
    tensors = [
        replace(tensor, shape=(1, *tensor.shape[1:])) if tensor.index in written else tensor for tensor in graph.tensors
    ]
    return replace(graph, tensors=tuple(tensors))
