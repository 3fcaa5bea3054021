"""Small int8 networks with random weights and quantisation, made for a test."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge_runtime.model import Activation, Graph, GraphBuilder, write_tflite

# the root mean square of uniform int8
RMS = 74


class Builder:
    """Appends layers one after another, with quantisation that neither saturates nor vanishes."""

    def __init__(self, shape: Sequence[int], seed: int = 0) -> None:
        self.random = np.random.default_rng(seed)
        self.builder = GraphBuilder("made")
        self.shape = tuple(shape)
        self.scale = float(np.float32(self.random.uniform(0.005, 0.5)))
        self.tensor = self.builder.input(shape, scale=self.scale, zero_point=self._zero_point())

    def dense(
        self,
        outputs: int,
        *,
        activation: Activation = Activation.NONE,
        weights: np.ndarray | None = None,
        bias: bool = True,
        factor: float | None = None,
    ) -> Builder:
        """`factor` from accumulators to outputs: chosen so that they fit, unless it is given."""
        inputs = self.shape[-1]
        if weights is None:
            weights = self.random.integers(-127, 128, (outputs, inputs))
        limit = RMS * RMS * int(np.sqrt(inputs))
        weight_scale = float(np.float32(self.random.uniform(0.001, 0.02)))
        scale = self.scale * weight_scale / (60 / (RMS * RMS * np.sqrt(inputs)) if factor is None else factor)
        self.tensor = self.builder.fully_connected(
            self.tensor,
            weights,
            self.random.integers(-limit, limit, outputs) if bias else None,
            weight_scale=weight_scale,
            scale=scale,
            zero_point=self._zero_point(),
            activation=activation,
            keep_num_dims=len(self.shape) > 2,
        )
        self.scale = float(np.float32(scale))
        self.shape = (*self.shape[:-1], outputs)
        return self

    def reshape(self, shape: Sequence[int]) -> Builder:
        self.tensor = self.builder.reshape(self.tensor, shape)
        self.shape = tuple(shape)
        return self

    def softmax(self) -> Builder:
        self.tensor = self.builder.softmax(self.tensor)
        self.scale = 1 / 256
        return self

    def graph(self) -> Graph:
        return self.builder.graph(self.tensor)

    def model(self) -> bytes:
        return write_tflite(self.graph())

    def _zero_point(self) -> int:
        return int(self.random.integers(-128, 128))


def dense_network(sizes: Sequence[int], seed: int = 0) -> bytes:
    """A TFLite file of fully-connected layers: ``sizes[0]`` inputs, ReLU between the layers, no softmax."""
    builder = Builder((1, sizes[0]), seed)
    for outputs in sizes[1:-1]:
        builder.dense(outputs, activation=Activation.RELU)
    return builder.dense(sizes[-1]).model()
