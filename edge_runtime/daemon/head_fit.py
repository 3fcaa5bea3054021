"""Heads trained away from the device, on what it exported: labelled windows' embeddings, and a head fitted to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from edge_runtime.daemon.batch import windows_of
from edge_runtime.daemon.build import Deployment
from edge_runtime.errors import DataError, ModelError
from edge_runtime.learning.base import Head
from edge_runtime.learning.frozen import FrozenHead
from edge_runtime.learning.rls import RecursiveLeastSquares
from edge_runtime.learning.slda import StreamingLDA
from edge_runtime.learning.softmax import SoftmaxHead

__all__ = ["FITTED", "FittedHead", "LabelledEmbeddings", "Method", "embed", "fit_head"]

Method = Literal["slda", "ridge", "softmax"]
FITTED: tuple[Method, ...] = ("slda", "ridge", "softmax")

_TESTED = 5  # a fifth of the windows, the newest
_PASSES = 5


@dataclass(frozen=True)
class LabelledEmbeddings:
    """What the network's last layer is given for labelled windows, in the order of their files.

    Parameters
    ----------
    stored
        int8[n, features], as the accelerator gives them.
    labels
        int64[n].
    scale, zero_point
        ``real = scale * (stored - zero_point)``.
    """

    stored: npt.NDArray[np.int8]
    labels: npt.NDArray[np.int64]
    scale: float
    zero_point: int

    @property
    def real(self) -> npt.NDArray[np.float32]:
        """The embeddings in real numbers, float32[n, features], as heads learn them on the device."""
        return (self.stored.astype(np.float32) - np.float32(self.zero_point)) * np.float32(self.scale)

    def save(self, path: Path) -> None:
        """Write an .npz file: what a bundle takes as ``memory.npz``, with the real numbers' scale beside it."""
        np.savez(path, embeddings=self.stored, labels=self.labels, scale=self.scale, zero_point=self.zero_point)


@dataclass(frozen=True)
class FittedHead:
    """A head with how good it is on windows that it was not fitted to.

    Parameters
    ----------
    weights, bias
        float32[classes, features] and float32[classes]; fitted to all windows.
    samples, tested
        How many windows there were, and how many of them, the newest, were put aside to measure.
    accuracy, own_accuracy
        On these: of a head fitted to the others, and of the network's own last layer.
    """

    weights: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    samples: int
    tested: int
    accuracy: float
    own_accuracy: float


def embed(deployment: Deployment, paths: Iterable[Path]) -> LabelledEmbeddings:
    """Run the network on all labelled windows of some files.

    Parameters
    ----------
    deployment
        The network and its view.
    paths
        Parquet files of its features with labels, as `export` writes them, or recordings.

    Raises
    ------
    DataError
        If a file cannot be read, names a class that the network does not have, or no window has a label.
    ModelError
        If the network gives no embedding.
    """
    network, head = deployment.network, deployment.network.linear_head()
    classes = {name: index for index, name in enumerate(network.classes)}
    stored: list[npt.NDArray[np.int8]] = []
    labels: list[int] = []
    with deployment.open_accelerator() as accelerator:
        accelerator.load(deployment.program)
        for window, label in chain.from_iterable(windows_of(deployment, path) for path in paths):
            if label is None:
                continue
            if label not in classes:
                raise DataError(f"a window is labelled {label!r}; the network's classes are {', '.join(classes)}")
            embedding = accelerator.infer([network.quantize(window.values)]).embedding
            if embedding is None:
                raise ModelError(f"{network.graph.name}: the accelerator gives no embedding; a head needs one")
            stored.append(np.array(embedding))
            labels.append(classes[label])
    if not stored:
        raise DataError("no window has a label: there is nothing to fit a head to")
    return LabelledEmbeddings(np.stack(stored), np.array(labels, np.int64), head.scale, head.zero_point)


def fit_head(deployment: Deployment, samples: LabelledEmbeddings, method: Method = "slda") -> FittedHead:
    """Fit a head, and measure one that was fitted to all but the newest fifth.

    Parameters
    ----------
    deployment
        The network.
    samples
        Labelled embeddings, the oldest first.
    method
        ``slda``: linear discriminants with one shared covariance; ``ridge``: least squares; ``softmax``: a few passes
        of gradient descent from the network's own weights.
    """
    head = deployment.network.linear_head()
    own, real, labels = FrozenHead(head.weights, head.bias), samples.real, samples.labels
    tested = len(labels) // _TESTED
    older, newest = slice(0, len(labels) - tested), slice(len(labels) - tested, None)
    measured = _fit(own, real[older], labels[older], method)
    weights, bias = _fit(own, real, labels, method).linear()
    accuracies = [_accuracy(one, real[newest], labels[newest]) for one in (measured, own)]
    return FittedHead(weights, bias, len(labels), tested, *accuracies)


def _fit(own: FrozenHead, real: npt.NDArray[np.float32], labels: npt.NDArray[np.int64], method: Method) -> Head:
    head: Head
    if method == "slda":
        head = StreamingLDA(own.features, own.classes)
    elif method == "ridge":
        head = RecursiveLeastSquares(own.features, own.classes)
    else:
        head = SoftmaxHead(*own.linear())
    for _ in range(_PASSES if method == "softmax" else 1):
        head.learn_many(real, labels)
    return head


def _accuracy(head: Head, real: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]) -> float:
    if not len(labels):
        return 0.0
    return round(float((head.predict_many(real).argmax(axis=1) == labels).mean()), 6)
