"""Builds graphs in code: small networks for tests and experiments, as checked as those that come from files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.model.checks import check_graph
from edge_runtime.model.geometry import window_axis
from edge_runtime.model.graph import (
    Activation,
    BinaryOptions,
    ConcatenationOptions,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    FullyConnectedOptions,
    Graph,
    NoOptions,
    Operator,
    OpKind,
    Options,
    PoolOptions,
    Quantization,
    ReducerOptions,
    SoftmaxOptions,
    Tensor,
    quantization_of,
)

__all__ = ["GraphBuilder"]


class GraphBuilder:
    """Adds one operator after the other; tensors are named by their indices.

    Parameters
    ----------
    name
        The graph's name.

    Examples
    --------
    >>> builder = GraphBuilder("tiny")
    >>> x = builder.input((1, 2), scale=0.5, zero_point=0)
    >>> y = builder.fully_connected(x, [[1, -1]], [3], weight_scale=0.25, scale=1.0, zero_point=0)
    >>> builder.graph(y).tensor(y).shape
    (1, 1)
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._tensors: list[Tensor] = []
        self._operators: list[Operator] = []
        self._inputs: list[int] = []

    def input(self, shape: Sequence[int], *, scale: float, zero_point: int) -> int:
        """Add an int8 network input and return its tensor's index."""
        index = self._add(shape, np.int8, _affine(scale, zero_point))
        self._inputs.append(index)
        return index

    def float_input(self, shape: Sequence[int]) -> int:
        """Add a float32 network input, for `quantize`, and return its tensor's index."""
        index = self._add(shape, np.float32, None)
        self._inputs.append(index)
        return index

    def fully_connected(
        self,
        source: int,
        weights: npt.ArrayLike,
        bias: npt.ArrayLike | None,
        *,
        weight_scale: float | Sequence[float],
        scale: float,
        zero_point: int,
        activation: Activation = Activation.NONE,
        keep_num_dims: bool = False,
    ) -> int:
        """Add a FULLY_CONNECTED and return its output's index.

        Parameters
        ----------
        source
            Index of the int8 input.
        weights
            [outputs, inputs], int8.
        bias
            [outputs], int32 in units of input scale x weight scale; None for none.
        weight_scale
            One, or one per output.
        scale, zero_point
            Of the output.
        activation, keep_num_dims
            TFLite's options.
        """
        matrix = np.asarray(weights).astype(np.int8)
        given = self._tensors[source]
        inputs = [source, self.constant(matrix, _affine(weight_scale, 0)), self._bias(given, bias, weight_scale)]
        outputs, features = matrix.shape
        shape = (*given.shape[:-1], outputs) if keep_num_dims else (given.size // features, outputs)
        return self.operate(
            OpKind.FULLY_CONNECTED,
            inputs,
            self.activation(shape, scale=scale, zero_point=zero_point),
            options=FullyConnectedOptions(activation, keep_num_dims),
        )

    def conv_2d(
        self,
        source: int,
        weights: npt.ArrayLike,
        bias: npt.ArrayLike | None,
        options: Conv2DOptions | DepthwiseConv2DOptions,
        *,
        weight_scale: float | Sequence[float],
        scale: float,
        zero_point: int,
    ) -> int:
        """Add a CONV_2D or DEPTHWISE_CONV_2D, as its options say, and return its output's index.

        Parameters
        ----------
        source
            Index of the int8 input, [n, h, w, c].
        weights
            int8; [outputs, kernel h, kernel w, c / groups], or [1, kernel h, kernel w, outputs] if depthwise.
        bias
            [outputs], int32 in units of input scale x weight scale; None for none, which TFLite allows depthwise only.
        options
            TFLite's.
        weight_scale
            One, or one per output.
        scale, zero_point
            Of the output.
        """
        depthwise = isinstance(options, DepthwiseConv2DOptions)
        filters = np.asarray(weights).astype(np.int8)
        given, channels = self._tensors[source], filters.shape[3 if depthwise else 0]
        axis = 3 if depthwise else 0
        inputs = [source, self.constant(filters, _affine(weight_scale, 0, axis))]
        if bias is not None:
            inputs.append(self._bias(given, bias, weight_scale))
        axes = [
            window_axis(length, kernel, stride=stride, dilation=dilation, padding=options.padding).outputs
            for length, kernel, stride, dilation in (
                (given.shape[1], filters.shape[1], options.stride_h, options.dilation_h),
                (given.shape[2], filters.shape[2], options.stride_w, options.dilation_w),
            )
        ]
        output = self.activation((given.shape[0], *axes, channels), scale=scale, zero_point=zero_point)
        kind = OpKind.DEPTHWISE_CONV_2D if depthwise else OpKind.CONV_2D
        return self.operate(kind, inputs, output, options=options)

    def pool(self, kind: OpKind, source: int, options: PoolOptions) -> int:
        """Add an AVERAGE_POOL_2D or MAX_POOL_2D and return its output's index."""
        given = self._tensors[source]
        axes = [
            window_axis(length, kernel, stride=stride, dilation=1, padding=options.padding).outputs
            for length, kernel, stride in (
                (given.shape[1], options.filter_h, options.stride_h),
                (given.shape[2], options.filter_w, options.stride_w),
            )
        ]
        output = self._like(source, (given.shape[0], *axes, given.shape[3]))
        return self.operate(kind, [source], output, options=options)

    def binary(
        self,
        kind: OpKind,
        one: int,
        other: int,
        *,
        scale: float,
        zero_point: int,
        activation: Activation = Activation.NONE,
    ) -> int:
        """Add an ADD, SUB, MUL, MAXIMUM or MINIMUM of two tensors, constants among them; return its output's index."""
        shape = np.broadcast_shapes(self._tensors[one].shape, self._tensors[other].shape)
        options = NoOptions() if kind in (OpKind.MAXIMUM, OpKind.MINIMUM) else BinaryOptions(activation)
        output = self.activation(shape, scale=scale, zero_point=zero_point)
        return self.operate(kind, [one, other], output, options=options)

    def unary(self, kind: OpKind, source: int, *, scale: float, zero_point: int, options: Options | None = None) -> int:
        """Add an operator that gives its input's shape (RELU, LOGISTIC, …) and return its output's index."""
        output = self.activation(self._tensors[source].shape, scale=scale, zero_point=zero_point)
        return self.operate(kind, [source], output, options=options)

    def mean(self, source: int, axes: Sequence[int], *, scale: float, zero_point: int, keep_dims: bool = False) -> int:
        """Add a MEAN over some dimensions and return its output's index."""
        shape = self._tensors[source].shape
        reduced = {axis % len(shape) for axis in axes}
        kept = [1 if axis in reduced else length for axis, length in enumerate(shape)]
        left = kept if keep_dims else [length for axis, length in enumerate(shape) if axis not in reduced]
        output = self.activation(left, scale=scale, zero_point=zero_point)
        inputs = [source, self.constant(np.array(axes, np.int32))]
        return self.operate(OpKind.MEAN, inputs, output, options=ReducerOptions(keep_dims))

    def pad(self, source: int, around: Sequence[tuple[int, int]], value: int | None = None) -> int:
        """Add a PAD, or a PADV2 with a value of its own, and return its output's index."""
        given = self._tensors[source]
        inputs = [source, self.constant(np.array(around, np.int32))]
        if value is not None:
            inputs.append(self.constant(np.array([value], given.dtype), given.quantization))
        shape = [length + sum(added) for length, added in zip(given.shape, around, strict=True)]
        return self.operate(OpKind.PAD if value is None else OpKind.PADV2, inputs, self._like(source, shape))

    def concatenation(self, sources: Sequence[int], axis: int) -> int:
        """Add a CONCATENATION of tensors that are quantised alike and return its output's index."""
        shape = list(self._tensors[sources[0]].shape)
        shape[axis] = sum(self._tensors[source].shape[axis] for source in sources)
        options = ConcatenationOptions(axis)
        return self.operate(OpKind.CONCATENATION, list(sources), self._like(sources[0], shape), options=options)

    def reshape(self, source: int, shape: Sequence[int], *, as_tensor: bool = True) -> int:
        """Add a RESHAPE, its shape as a constant tensor or else as an option, and return its output's index."""
        inputs = [source]
        if as_tensor:
            inputs.append(self.constant(np.array(shape, np.int32), None))
        output = self._add(shape, np.int8, self._tensors[source].quantization)
        return self.operate(OpKind.RESHAPE, inputs, output)

    def quantize(self, source: int, *, scale: float, zero_point: int) -> int:
        """Add a QUANTIZE, from float32 or int8 to int8, and return its output's index."""
        output = self._add(self._tensors[source].shape, np.int8, _affine(scale, zero_point))
        return self.operate(OpKind.QUANTIZE, [source], output)

    def dequantize(self, source: int) -> int:
        """Add a DEQUANTIZE, from int8 to float32, and return its output's index."""
        output = self._add(self._tensors[source].shape, np.float32, None)
        return self.operate(OpKind.DEQUANTIZE, [source], output)

    def softmax(self, source: int, *, beta: float = 1.0) -> int:
        """Add a SOFTMAX over the last dimension and return its output's index."""
        output = self._add(self._tensors[source].shape, np.int8, _affine(1 / 256, -128))
        return self.operate(OpKind.SOFTMAX, [source], output, options=SoftmaxOptions(float(np.float32(beta))))

    def log_softmax(self, source: int) -> int:
        """Add a LOG_SOFTMAX over the last dimension and return its output's index."""
        output = self._add(self._tensors[source].shape, np.int8, _affine(1 / 16, 127))
        return self.operate(OpKind.LOG_SOFTMAX, [source], output)

    def graph(self, *outputs: int) -> Graph:
        """Return the network with these outputs.

        Raises
        ------
        ModelError
            If it is one that the reader would refuse.
        """
        graph = Graph(self._name, tuple(self._tensors), tuple(self._operators), tuple(self._inputs), outputs)
        check_graph(graph)
        return graph

    def operate(
        self,
        kind: OpKind,
        inputs: Sequence[int],
        *outputs: int,
        options: Options | None = None,
        intermediates: Sequence[int] = (),
    ) -> int:
        """Add any operator on tensors that are there and return its first output's index."""
        known = NoOptions() if options is None else options
        index = len(self._operators)
        self._operators.append(Operator(index, kind, tuple(inputs), outputs, known, tuple(intermediates)))
        return outputs[0]

    def state(self, shape: Sequence[int], dtype: npt.DTypeLike, *, scale: float, zero_point: int) -> int:
        """Add a variable, which an LSTM or SVDF keeps its state in, and return its tensor's index."""
        index = self._add(shape, dtype, _affine(scale, zero_point))
        self._tensors[index] = replace(self._tensors[index], is_variable=True)
        return index

    def activation(self, shape: Sequence[int], *, scale: float, zero_point: int) -> int:
        """Add an int8 tensor that some operator is to write and return its index."""
        return self._add(shape, np.int8, _affine(scale, zero_point))

    def tensor(self, shape: Sequence[int], dtype: npt.DTypeLike) -> int:
        """Add a tensor that is not quantised and that some operator is to write, and return its index."""
        return self._add(shape, dtype, None)

    def constant(self, data: npt.NDArray[Any], quantization: Quantization | None = None) -> int:
        """Add a constant and return its tensor's index."""
        data = data.copy()
        data.flags.writeable = False
        return self._add(data.shape, data.dtype, quantization, data)

    def int8_constant(self, data: npt.ArrayLike, *, scale: float, zero_point: int) -> int:
        """Add an int8 constant, an input of an ADD for example, and return its tensor's index."""
        return self.constant(np.asarray(data).astype(np.int8), _affine(scale, zero_point))

    def _bias(self, given: Tensor, bias: npt.ArrayLike | None, weight_scale: float | Sequence[float]) -> int:
        if bias is None:
            return -1
        weight_scales = np.atleast_1d(np.asarray(weight_scale, np.float32)).astype(float)
        quantization = _affine(quantization_of(given).scale * weight_scales, 0)
        return self.constant(np.asarray(bias).astype(np.int32), quantization)

    def _like(self, source: int, shape: Sequence[int]) -> int:
        given = self._tensors[source]
        return self._add(shape, given.dtype, given.quantization)

    def _add(
        self,
        shape: Sequence[int],
        dtype: npt.DTypeLike,
        quantization: Quantization | None,
        data: npt.NDArray[Any] | None = None,
    ) -> int:
        index = len(self._tensors)
        self._tensors.append(Tensor(index, f"t{index}", tuple(shape), np.dtype(dtype), quantization, data))
        return index


def _affine(scale: npt.ArrayLike, zero_point: int, axis: int = 0) -> Quantization:
    scales = np.atleast_1d(np.asarray(scale)).astype(np.float32)
    return Quantization(scales, np.full(len(scales), zero_point, np.int64), axis if len(scales) > 1 else 0)
