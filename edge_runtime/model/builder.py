"""Builds graphs in code: small networks for tests and experiments, as checked as those that come from files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.model.checks import check_graph
from edge_runtime.model.graph import (
    Activation,
    FullyConnectedOptions,
    Graph,
    NoOptions,
    Operator,
    OpKind,
    Options,
    Quantization,
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
        inputs = [source, self._constant(matrix, _affine(weight_scale, 0)), -1]
        if bias is not None:
            bias_scale = quantization_of(given).scale * np.atleast_1d(np.asarray(weight_scale, np.float32)).astype(
                float
            )
            inputs[2] = self._constant(np.asarray(bias).astype(np.int32), _affine(bias_scale, 0))
        outputs, features = matrix.shape
        shape = (*given.shape[:-1], outputs) if keep_num_dims else (given.size // features, outputs)
        output = self._add(shape, np.int8, _affine(scale, zero_point))
        return self._operate(OpKind.FULLY_CONNECTED, inputs, output, FullyConnectedOptions(activation, keep_num_dims))

    def reshape(self, source: int, shape: Sequence[int], *, as_tensor: bool = True) -> int:
        """Add a RESHAPE, its shape as a constant tensor or else as an option, and return its output's index."""
        inputs = [source]
        if as_tensor:
            inputs.append(self._constant(np.array(shape, np.int32), None))
        output = self._add(shape, np.int8, self._tensors[source].quantization)
        return self._operate(OpKind.RESHAPE, inputs, output, NoOptions())

    def quantize(self, source: int, *, scale: float, zero_point: int) -> int:
        """Add a QUANTIZE, from float32 or int8 to int8, and return its output's index."""
        output = self._add(self._tensors[source].shape, np.int8, _affine(scale, zero_point))
        return self._operate(OpKind.QUANTIZE, [source], output, NoOptions())

    def dequantize(self, source: int) -> int:
        """Add a DEQUANTIZE, from int8 to float32, and return its output's index."""
        output = self._add(self._tensors[source].shape, np.float32, None)
        return self._operate(OpKind.DEQUANTIZE, [source], output, NoOptions())

    def softmax(self, source: int, *, beta: float = 1.0) -> int:
        """Add a SOFTMAX over the last dimension and return its output's index."""
        output = self._add(self._tensors[source].shape, np.int8, _affine(1 / 256, -128))
        return self._operate(OpKind.SOFTMAX, [source], output, SoftmaxOptions(float(np.float32(beta))))

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

    def _operate(self, kind: OpKind, inputs: Sequence[int], output: int, options: Options) -> int:
        self._operators.append(Operator(len(self._operators), kind, tuple(inputs), (output,), options))
        return output

    def _constant(self, data: npt.NDArray[Any], quantization: Quantization | None) -> int:
        data = data.copy()
        data.flags.writeable = False
        return self._add(data.shape, data.dtype, quantization, data)

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


def _affine(scale: npt.ArrayLike, zero_point: int) -> Quantization:
    scales = np.atleast_1d(np.asarray(scale)).astype(np.float32)
    return Quantization(scales, np.full(len(scales), zero_point, np.int64))
