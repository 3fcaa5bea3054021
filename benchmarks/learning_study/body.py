"""The network under a head: two hidden layers, trained here, quantised to int8 and run by the reference interpreter."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import ToolError
from edge_runtime.learning import TrainingStatistics
from edge_runtime.model import Activation, Graph, GraphBuilder, Interpreter
from learning_study.drifts import NEW_CLASS
from learning_study.streams import Cases, Labels, Stream

__all__ = ["EMBEDDING", "Body", "train_body"]

EMBEDDING = 64
BATCH = 256
DRAWS = 1500
"""Draws of the training cases that the network learns from."""

CALIBRATION = 256
"""Embeddings of the training set by which the last layer is quantised, as a converter does it."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Body:
    """A trained network up to its embedding, and its own last layer.

    Parameters
    ----------
    interpreter
        Runs the int8 layers on 256 inputs at once.
    mean, deviation
        float64[features], by which features are normalised.
    input_scale
        Of the int8 inputs; their zero point is 0.
    scale, zero_point
        Of the embeddings.
    weights, bias
        The last layer, float32[classes, 64] and float32[classes]; a class that training never saw has a row of zeros.
    statistics
        What the embeddings looked like in training.
    calibration
        int8[n, 64], embeddings of training cases, by which the network's own last layer is quantised.
    """

    stream: Stream
    interpreter: Interpreter
    mean: Floats
    deviation: Floats
    input_scale: float
    scale: float
    zero_point: int
    weights: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    statistics: TrainingStatistics
    calibration: npt.NDArray[np.int8]

    def embed(self, cases: Cases) -> npt.NDArray[np.int8]:
        """Return int8[n, 64]."""
        return _embed(self.interpreter, self._quantize(cases))

    def real(self, embeddings: npt.NDArray[np.int8]) -> npt.NDArray[np.float32]:
        """Return embeddings in real numbers."""
        return (embeddings.astype(np.float32) - np.float32(self.zero_point)) * np.float32(self.scale)

    def _quantize(self, cases: Cases) -> npt.NDArray[np.int8]:
        values = (self.stream.featurize(cases) - self.mean) / self.deviation
        return np.clip(np.rint(values / self.input_scale), -128, 127).astype(np.int8)


def train_body(stream: Stream, hand: Labels, random: np.random.Generator, *, drift: str) -> Body:
    """Train a network on a hand of cases; where a new class is to come, without the last class.

    Raises
    ------
    ToolError
        If scikit-learn is not installed.
    """
    without = stream.classes - 1 if drift == NEW_CLASS else None
    cases, labels = stream.draw(hand, DRAWS, random, without=without)
    features = stream.featurize(cases).astype(np.float64)
    mean, deviation = features.mean(axis=0), features.std(axis=0) + 1e-6
    inputs = np.clip((features - mean) / deviation, -5, 5)
    layers = _fit(inputs, labels, seed=int(random.integers(2**31)))
    input_scale = 5 / 127
    graph, scale = _quantized(layers, inputs, input_scale)
    interpreter = Interpreter(graph)
    stored = np.clip(np.rint(inputs / input_scale), -128, 127).astype(np.int8)
    embeddings = _embed(interpreter, stored)
    weights, bias = _head(layers, stream.classes, labels)
    real = (embeddings.astype(np.float32) + 128) * np.float32(scale)
    statistics = TrainingStatistics.of(real, labels, classes=stream.classes)
    return Body(
        stream,
        interpreter,
        mean,
        deviation,
        input_scale,
        scale,
        -128,
        weights,
        bias,
        statistics,
        calibration=embeddings[:CALIBRATION],
    )


def _fit(inputs: Floats, labels: Labels, *, seed: int) -> list[tuple[Floats, Floats]]:
    """Return weights[inputs, outputs] and bias of each layer; with one class only, those of an autoencoder."""
    try:
        from sklearn.neural_network import MLPClassifier, MLPRegressor  # noqa: PLC0415 - a peer
    except ImportError:
        raise ToolError("the learning benchmark needs scikit-learn: run `make bench-learning`") from None
    options = {"hidden_layer_sizes": (EMBEDDING, EMBEDDING), "alpha": 1e-3, "max_iter": 60, "random_state": seed}
    one_class = len(np.unique(labels)) == 1
    network = MLPRegressor(**options) if one_class else MLPClassifier(**options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sixty epochs are enough; that it could go on is no news
        network.fit(inputs, inputs if one_class else labels)
    return list(zip(network.coefs_, network.intercepts_, strict=True))


def _quantized(layers: list[tuple[Floats, Floats]], inputs: Floats, input_scale: float) -> tuple[Graph, float]:
    """Return the hidden layers as an int8 network for a batch, and the embeddings' scale."""
    builder = GraphBuilder("body")
    tensor, scale, values = (
        builder.input((BATCH, inputs.shape[1]), scale=input_scale, zero_point=0),
        input_scale,
        inputs,
    )
    for weights, bias in layers[:-1]:
        values = np.maximum(values @ weights + bias, 0)
        weight_scale = float(np.float32(np.abs(weights).max() / 127))
        out_scale = float(np.float32(values.max() / 255))
        tensor = builder.fully_connected(
            tensor,
            np.rint(weights.T / weight_scale),
            np.rint(bias / (float(np.float32(scale)) * weight_scale)),
            weight_scale=weight_scale,
            scale=out_scale,
            zero_point=-128,
            activation=Activation.RELU,
        )
        scale = out_scale
    return builder.graph(tensor), scale


def _embed(interpreter: Interpreter, stored: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    padded = np.zeros((-(-len(stored) // BATCH) * BATCH, stored.shape[1]), np.int8)
    padded[: len(stored)] = stored
    parts = [interpreter.run([part])[0] for part in padded.reshape(-1, BATCH, stored.shape[1])]
    return np.concatenate(parts)[: len(stored)]


def _head(
    layers: list[tuple[Floats, Floats]], classes: int, labels: Labels
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return the last layer over all classes; of two, scikit-learn has one logit, and of one, none."""
    weights, bias = layers[-1]
    known = np.unique(labels)
    if weights.shape[1] == 1 and len(known) == 2:
        weights, bias = np.concatenate([-weights, weights], axis=1) / 2, np.concatenate([-bias, bias]) / 2
    full, offsets = np.zeros((classes, EMBEDDING), np.float32), np.full(classes, -10.0, np.float32)
    if len(known) == 1:
        offsets[known] = 0
    else:
        full[known], offsets[known] = weights.T, bias
    return full, offsets
