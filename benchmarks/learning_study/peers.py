"""What others offer for the same job, each behind the same two methods, on the same embeddings in real numbers.

Each begins as its users would begin it: with the network's own last layer where it can be given one, and otherwise with
the training statistics' class means as labelled samples, so that none has to learn the known classes from nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import ToolError
from edge_runtime.learning import SoftmaxHead, StreamingLDA
from learning_study.body import Body

__all__ = ["FOREST", "PEERS", "UNGATED", "Peer"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

FOREST = "river_arf"
UNGATED = "ungated_slda"
"""No peer: the learner's own cumulative head without a gate before it, to show what the gate costs."""
WARM = 20
"""Samples of each known class, drawn around its training mean, that a peer without initial weights begins with."""


class Peer(ABC):
    """A learner that always serves what it has learnt."""

    @abstractmethod
    def learn(self, embedding: Floats, label: int) -> None:
        """Learn float32[64]."""

    @abstractmethod
    def predict(self, embeddings: Floats) -> Ints:
        """Return int64[n] for float32[n, 64]."""


def warm_samples(body: Body) -> tuple[Floats, Ints]:
    """Draw samples around the known classes' training means, in random order."""
    random = np.random.default_rng(0)
    statistics = body.statistics
    known = np.flatnonzero(statistics.counts > 0)
    labels = random.permutation(np.repeat(known, WARM))
    spread = random.multivariate_normal(
        np.zeros(statistics.features), statistics.covariance, len(labels), method="eigh", check_valid="ignore"
    )
    return np.maximum(statistics.means[labels] + spread, 0).astype(np.float32), labels


class AlwaysAdapting(Peer):
    """Gradient descent from the network's own last layer, served after every label: no gate."""

    def __init__(self, body: Body) -> None:
        self._head = SoftmaxHead(body.weights, body.bias)

    def learn(self, embedding: Floats, label: int) -> None:
        self._head.learn_many(embedding[None], np.array([label], np.int64))

    def predict(self, embeddings: Floats) -> Ints:
        return self._head.predict_many(embeddings).argmax(axis=1)


class UngatedLDA(AlwaysAdapting):
    """Streaming LDA from the training statistics, served after every label (Hayes and Kanan 2020)."""

    def __init__(self, body: Body) -> None:
        self._head: Any = StreamingLDA.of_training(body.statistics, weight=1e9)


class RiverSoftmax(Peer):
    """river's SoftmaxRegression behind its StandardScaler, as its documentation shows it."""

    def __init__(self, body: Body) -> None:
        try:
            from river import linear_model, preprocessing  # noqa: PLC0415 - a peer
        except ImportError:
            raise ToolError("the learning benchmark needs river: run `make bench-learning`") from None
        self.model: Any = preprocessing.StandardScaler() | linear_model.SoftmaxRegression()
        self._begin(body)

    def _begin(self, body: Body) -> None:
        for embedding, label in zip(*warm_samples(body), strict=True):
            self.learn(embedding, int(label))

    def learn(self, embedding: Floats, label: int) -> None:
        self.model.learn_one(dict(enumerate(embedding.tolist())), label)

    def predict(self, embeddings: Floats) -> Ints:
        scaler, softmax = self.model.steps.values()
        names = range(embeddings.shape[1])
        mean = np.array([scaler.means[name] for name in names])
        deviation = np.sqrt([scaler.vars[name] for name in names])
        scaled = np.divide(embeddings - mean, deviation, out=np.zeros_like(embeddings, np.float64), where=deviation > 0)
        classes = sorted(softmax.weights)
        weights = np.array([[softmax.weights[label].get(name, 0.0) for name in names] for label in classes])
        return np.array(classes)[(scaled @ weights.T).argmax(axis=1)]


class RiverForest(RiverSoftmax):
    """river's adaptive random forest, 10 trees, as it comes."""

    def __init__(self, body: Body) -> None:
        try:
            from river import forest  # noqa: PLC0415 - a peer
        except ImportError:
            raise ToolError("the learning benchmark needs river: run `make bench-learning`") from None
        self.model = forest.ARFClassifier(seed=1)
        self._begin(body)

    def predict(self, embeddings: Floats) -> Ints:
        return np.array([self.model.predict_one(dict(enumerate(row))) or 0 for row in embeddings.tolist()], np.int64)


class SklearnSGD(Peer):
    """scikit-learn's SGDClassifier with log loss by partial_fit, on embeddings scaled by the training statistics."""

    def __init__(self, body: Body) -> None:
        try:
            from sklearn.linear_model import SGDClassifier  # noqa: PLC0415 - a peer
        except ImportError:
            raise ToolError("the learning benchmark needs scikit-learn: run `make bench-learning`") from None
        embeddings, labels = warm_samples(body)
        self._mean, self._deviation = embeddings.mean(axis=0), embeddings.std(axis=0) + 1e-3
        self._model = SGDClassifier(loss="log_loss", shuffle=False, random_state=0)
        self._waiting: list[tuple[Floats, int]] = []
        classes = np.arange(body.stream.classes)
        self._model.partial_fit(self._scaled(embeddings), labels, classes=classes)

    def _scaled(self, embeddings: Floats) -> Floats:
        return (embeddings - self._mean) / self._deviation

    def learn(self, embedding: Floats, label: int) -> None:
        self._waiting.append((embedding, label))

    def predict(self, embeddings: Floats) -> Ints:
        # Its partial_fit goes through a batch sample by sample; what was learnt is the same, without a call's cost
        # for each.
        if self._waiting:
            rows, labels = zip(*self._waiting, strict=True)
            self._model.partial_fit(self._scaled(np.array(rows)), np.array(labels))
            self._waiting.clear()
        return self._model.predict(self._scaled(embeddings)).astype(np.int64)


class CoralImprinting(Peer):
    """Coral's weight imprinting, re-stated: a class's weights are the normalised mean of its normalised embeddings.

    Qi, Brown and Lowe, "Low-shot learning with imprinted weights", CVPR 2018, as in PyCoral's ImprintingEngine with
    ``keep_classes``: the network's own classes begin with their normalised weights and are averaged with what comes.
    """

    def __init__(self, body: Body) -> None:
        norms = np.linalg.norm(body.weights, axis=1, keepdims=True)
        self._sums = np.where(norms > 0, body.weights / np.maximum(norms, 1e-9), 0)
        self._seen = norms[:, 0] > 0

    def learn(self, embedding: Floats, label: int) -> None:
        self._sums[label] += embedding / max(float(np.linalg.norm(embedding)), 1e-9)
        self._seen[label] = True

    def predict(self, embeddings: Floats) -> Ints:
        weights = self._sums / np.maximum(np.linalg.norm(self._sums, axis=1, keepdims=True), 1e-9)
        scores = embeddings @ weights.T
        scores[:, ~self._seen] = -np.inf
        return scores.argmax(axis=1)


class CoralSoftmax(Peer):
    """Coral's on-device backpropagation, re-stated: a softmax layer, trained on all samples so far in mini-batches.

    PyCoral's SoftmaxRegression: SGD with a learning rate of 0.01 and batches of 100, weights from a small normal
    distribution, a weight decay of 0.01. Here it is trained anew for five passes after every 50 labels, from where it
    was.
    """

    EVERY = 50

    def __init__(self, body: Body) -> None:
        embeddings, labels = warm_samples(body)
        self._rows, self._labels = list(embeddings), labels.tolist()
        self._weights = 0.01 * np.random.default_rng(0).normal(size=(embeddings.shape[1], body.stream.classes))
        self._bias = np.zeros(body.stream.classes)
        self._random = np.random.default_rng(1)
        self._train(passes=50)

    def learn(self, embedding: Floats, label: int) -> None:
        self._rows.append(embedding)
        self._labels.append(label)
        if len(self._rows) % self.EVERY == 0:
            self._train(passes=5)

    def predict(self, embeddings: Floats) -> Ints:
        return (embeddings @ self._weights + self._bias).argmax(axis=1)

    def _train(self, *, passes: int) -> None:
        rows, labels = np.array(self._rows, np.float64), np.array(self._labels)
        for _ in range(passes):
            order = self._random.permutation(len(rows))
            for batch in np.array_split(order, max(1, len(order) // 100)):
                scores = rows[batch] @ self._weights + self._bias
                odds = np.exp(scores - scores.max(axis=1, keepdims=True))
                odds /= odds.sum(axis=1, keepdims=True)
                odds[np.arange(len(batch)), labels[batch]] -= 1
                odds /= len(batch)
                self._weights -= 0.01 * (rows[batch].T @ odds + 0.01 * self._weights)
                self._bias -= 0.01 * odds.sum(axis=0)


PEERS: dict[str, Callable[[Body], Peer]] = {
    "always_adapting": AlwaysAdapting,
    UNGATED: UngatedLDA,
    "river_softmax": RiverSoftmax,
    FOREST: RiverForest,
    "sklearn_sgd": SklearnSGD,
    "coral_imprinting": CoralImprinting,
    "coral_softmax": CoralSoftmax,
}
