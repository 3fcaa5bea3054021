"""Small int8 networks, made for a test."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge_runtime.model import (
    Activation,
    FullyConnectedOptions,
    Graph,
    NoOptions,
    Operator,
    OpKind,
    Quantization,
    SoftmaxOptions,
    Tensor,
    write_tflite,
)

INT8 = np.dtype(np.int8)


class Builder:
    """Appends operators to a network; `tensor` is always the last one's output."""

    def __init__(self, shape: Sequence[int], seed: int = 0) -> None:
        self.random = np.random.default_rng(seed)
        self.tensors: list[Tensor] = []
        self.operators: list[Operator] = []
        self.tensor = self.first = self._add("input", shape, self._quantization())

    def dense(
        self,
        outputs: int,
        *,
        activation: Activation = Activation.NONE,
        weights: np.ndarray | None = None,
        bias: bool = True,
        factor: float | None = None,
    ) -> Builder:
        source = self.tensors[self.tensor]
        assert source.quantization is not None
        inputs = source.shape[-1]
        values = self.random.integers(-127, 128, (outputs, inputs)).astype(np.int8) if weights is None else weights
        scale = np.float32(self.random.uniform(0.001, 0.02))
        # outputs that neither vanish nor saturate, unless asked for
        spread = source.quantization.scale * float(scale) * 74 * 74 * np.sqrt(inputs)
        output_scale = spread / 60 if factor is None else source.quantization.scale * float(scale) / factor
        names = [self._constant(values, Quantization(np.array([scale]), np.zeros(1, np.int64)))]
        if bias:
            names.append(self._bias(outputs, source.quantization.scale * float(scale), inputs))
        return self._append(
            OpKind.FULLY_CONNECTED,
            (*source.shape[:-1], outputs),
            Quantization(np.array([output_scale], np.float32), self.random.integers(-128, 128, 1)),
            names,
            FullyConnectedOptions(activation, keep_num_dims=len(source.shape) > 2),
        )

    def reshape(self, shape: Sequence[int]) -> Builder:
        target = self._constant(np.array(shape, np.int32), None)
        return self._append(OpKind.RESHAPE, shape, self.tensors[self.tensor].quantization, [target], NoOptions())

    def softmax(self) -> Builder:
        quantization = Quantization(np.array([1 / 256], np.float32), np.array([-128]))
        return self._append(OpKind.SOFTMAX, self.tensors[self.tensor].shape, quantization, [], SoftmaxOptions())

    def graph(self, name: str = "made") -> Graph:
        return Graph(name, tuple(self.tensors), tuple(self.operators), (self.first,), (self.tensor,))

    def model(self) -> bytes:
        return write_tflite(self.graph())

    def _append(self, kind, shape, quantization, constants, options) -> Builder:
        output = self._add(kind.value.lower(), shape, quantization)
        self.operators.append(Operator(len(self.operators), kind, (self.tensor, *constants), (output,), options))
        self.tensor = output
        return self

    def _add(self, name, shape, quantization, dtype=INT8, data=None) -> int:
        index = len(self.tensors)
        self.tensors.append(Tensor(index, f"{name}_{index}", tuple(shape), dtype, quantization, data))
        return index

    def _constant(self, data: np.ndarray, quantization: Quantization | None) -> int:
        return self._add("constant", data.shape, quantization, data.dtype, data)

    def _bias(self, outputs: int, scale: float, inputs: int) -> int:
        limit = 74 * 74 * int(np.sqrt(inputs))
        data = self.random.integers(-limit, limit, outputs).astype(np.int32)
        return self._constant(data, Quantization(np.array([scale], np.float32), np.zeros(1, np.int64)))

    def _quantization(self) -> Quantization:
        scale = np.array([self.random.uniform(0.005, 0.5)], np.float32)
        return Quantization(scale, self.random.integers(-128, 128, 1))


def dense_network(sizes: Sequence[int], seed: int = 0) -> bytes:
    """A TFLite file of fully-connected layers: ``sizes[0]`` inputs, ReLU between the layers, no softmax."""
    builder = Builder((1, sizes[0]), seed)
    for outputs in sizes[1:-1]:
        builder.dense(outputs, activation=Activation.RELU)
    return builder.dense(sizes[-1]).model()
