"""Streaming linear discriminant analysis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
from typing_extensions import Self

from edge_runtime.errors import DataError
from edge_runtime.learning.base import Head, linear_of_means
from edge_runtime.learning.statistics import TrainingStatistics

__all__ = ["StreamingLDA"]

_FOLD = 64
"""Deviations are folded into the scatter matrix this many at a time, by one matrix product."""

_CLIP_FROM = 100.0
"""Deviations are clipped once the covariance has so many samples in it: before, nobody knows how large is large."""


class StreamingLDA(Head):
    """Class means and one covariance shared by all classes, kept as running statistics.

    After Hayes and Kanan, "Lifelong Machine Learning with Deep Streaming Linear Discriminant Analysis"
    (CVPR workshop on Continual Learning, 2020), with three differences. The covariance is the
    pooled within-class one without bias (Welford, "Note on a method for calculating corrected sums of
    squares and products", Technometrics 4, 1962). Its shrinkage towards a multiple of the identity is, unless
    stated, the oracle approximating one (Chen, Wiesel, Eldar and Hero, "Shrinkage algorithms for MMSE
    covariance estimation", IEEE Trans. Signal Processing 58, 2010), which suits the first ten labels as well as the
    ten-thousandth. And all statistics may fade, so that the head follows a drift.

    An update touches one mean and one row of a buffer; the linear system is solved only when the weights
    are asked for.

    Parameters
    ----------
    features, classes
        Its size.
    memory
        About how many labels of a class are remembered: each label of a class fades that class's earlier
        ones by ``1 - 1 / memory``, and each label fades the covariance by ``1 - 1 / (memory * classes)``. None: all
        labels, for ever (the cumulative variant).
    shrinkage
        From 0 (the covariance as seen) to 1 (a multiple of the identity). None: estimated.
    clip
        A sample's deviation from its class mean counts for at most so many times the usual length, so that no single
        one, however wrong, moves the statistics far. None: no limit.

    Raises
    ------
    DataError
        If a size is below 1, `memory` below 2, `shrinkage` outside 0 to 1 or `clip` below 1.

    Examples
    --------
    >>> import numpy as np
    >>> head = StreamingLDA(1, 2)
    >>> head.learn_many(np.array([[-1.5], [-0.5], [0.5], [1.5]], np.float32), np.array([0, 0, 1, 1]))
    >>> head.predict_many(np.array([[-2], [3]], np.float32)).argmax(1).tolist()
    [0, 1]
    """

    kind = "slda"

    def __init__(
        self,
        features: int,
        classes: int,
        *,
        memory: float | None = None,
        shrinkage: float | None = None,
        clip: float | None = None,
    ) -> None:
        super().__init__(features, classes)
        if memory is not None and not (isfinite(memory) and memory >= 2):
            raise DataError(f"a streaming LDA's memory is {memory}: it must be 2 labels or more, or None for all")
        if shrinkage is not None and not 0 <= shrinkage <= 1:
            raise DataError(
                f"a streaming LDA's shrinkage is {shrinkage}: it must be from 0 to 1, or None to estimate it"
            )
        if clip is not None and not (isfinite(clip) and clip >= 1):
            raise DataError(f"a streaming LDA's clip is {clip}: it must be 1 or more, or None for none")
        self.memory, self.shrinkage, self.clip = memory, shrinkage, clip
        self._fade = 1.0 if memory is None else 1 - 1 / memory
        self._scatter_fade = 1.0 if memory is None else 1 - 1 / (memory * classes)
        self._counts = np.zeros(classes, np.float64)
        self._means = np.zeros((classes, features), np.float32)
        self._scatter = np.zeros((features, features), np.float64)
        self._weight = 0.0  # of the scatter matrix with all pending rows, in samples
        self._spread = 0.0  # its trace, likewise
        self._pending = np.zeros((_FOLD, features), np.float32)
        self._used = 0
        self._linear: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]] | None = None

    @classmethod
    def of_training(
        cls,
        statistics: TrainingStatistics,
        *,
        weight: float,
        memory: float | None = None,
        shrinkage: float | None = None,
        clip: float | None = None,
    ) -> Self:
        """Begin with what training knew, as if up to `weight` labels of each of its classes had been learnt.

        Parameters
        ----------
        statistics
            The training set's.
        weight
            How many labels of each class they count for at most; above 0.
        memory, shrinkage, clip
            As above.

        Raises
        ------
        DataError
            If a parameter is outside its range.
        """
        if not (isfinite(weight) and weight > 0):
            raise DataError(f"training statistics that weigh {weight} labels a class: it must be above 0")
        head = cls(statistics.features, statistics.classes, memory=memory, shrinkage=shrinkage, clip=clip)
        head._counts = np.minimum(statistics.counts, weight)
        head._means = statistics.means.astype(np.float32)
        head._weight = float(head._counts.sum())
        head._scatter = statistics.covariance * head._weight
        head._spread = float(np.trace(head._scatter))
        return head

    @property
    def cumulative(self) -> bool:
        """Whether all labels are remembered."""
        return self.memory is None

    def linear(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return the discriminant functions, less their mean over the classes; all alike before the first label."""
        if self._linear is None:
            self._linear = self._solve()
        return self._linear

    def covariance(self) -> npt.NDArray[np.float64]:
        """Return the within-class covariance as seen, float64[features, features]; zero before it has samples."""
        if not self._weight:
            return np.zeros_like(self._scatter)
        return self._folded() / self._weight

    def _learn(self, embeddings: npt.NDArray[np.float32], targets: Sequence[Any]) -> None:
        for embedding, label in zip(embeddings, targets, strict=True):
            self._update(embedding, label)
        self._linear = None

    def _update(self, embedding: npt.NDArray[np.float32], label: int) -> None:
        mean = self._means[label]
        count = float(self._counts[label]) * self._fade + 1
        self._counts[label] = count
        deviation = embedding - mean
        # A class's first label says where its mean is, and nothing about the spread.
        known = count > 1
        squared = float(deviation @ deviation) * (count - 1) / count
        if known and self.clip is not None and self._weight > _CLIP_FROM:
            limit = self.clip**2 * self._spread / self._weight
            if squared > limit:
                deviation *= np.float32(sqrt(limit / squared))
                squared = limit
        self._weight = self._weight * self._scatter_fade + known
        self._spread = self._spread * self._scatter_fade + squared
        np.multiply(deviation, np.float32(sqrt((count - 1) / count)), out=self._pending[self._used])
        deviation /= np.float32(count)
        mean += deviation
        self._used += 1
        if self._used == _FOLD:
            self._scatter, self._used = self._folded(), 0

    def _folded(self) -> npt.NDArray[np.float64]:
        """Return the scatter matrix with the pending rows in it.

        They stay pending until the buffer is full, so that asking for the weights changes no later bit.
        """
        rows = self._pending[: self._used].astype(np.float64)
        rows *= np.sqrt(self._scatter_fade ** np.arange(self._used - 1, -1, -1.0))[:, None]
        return self._scatter * self._scatter_fade**self._used + rows.T @ rows

    def _solve(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        seen = self._counts > 0
        means = self._means.astype(np.float64)
        weights = np.zeros_like(means)
        if seen.any():
            weights[seen] = np.linalg.solve(self._regularised(), means[seen].T).T
        return linear_of_means(weights, means, seen)

    def _regularised(self) -> npt.NDArray[np.float64]:
        covariance = self.covariance()
        variance = float(np.trace(covariance)) / self.features
        if variance <= 0:
            return np.eye(self.features)
        shrinkage = self._estimated_shrinkage(covariance) if self.shrinkage is None else self.shrinkage
        # The floor keeps the system solvable where an embedding's element never moves (a dead unit).
        shrinkage = max(shrinkage, 1e-6)
        return (1 - shrinkage) * covariance + shrinkage * variance * np.eye(self.features)

    def _estimated_shrinkage(self, covariance: npt.NDArray[np.float64]) -> float:
        """Chen et al. 2010, equation 23, with the faded number of samples."""
        p = self.features
        squares, square = float(np.sum(covariance * covariance)), float(np.trace(covariance)) ** 2
        excess = (self._weight + 1 - 2 / p) * (squares - square / p)
        return 1.0 if excess <= 0 else min(1.0, ((1 - 2 / p) * squares + square) / excess)

    def _state(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        parameters = {"memory": self.memory, "shrinkage": self.shrinkage, "clip": self.clip}
        parameters |= {"weight": self._weight, "spread": self._spread}
        arrays: dict[str, npt.NDArray[Any]] = {
            "counts": self._counts,
            "means": self._means,
            "scatter": self._scatter,
            "pending": self._pending[: self._used],
        }
        return parameters, arrays

    @classmethod
    def _from_state(cls, parameters: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        counts, means, scatter, pending = (arrays[name] for name in ("counts", "means", "scatter", "pending"))
        classes, features = means.shape
        options = {name: parameters[name] for name in ("memory", "shrinkage", "clip")}
        head = cls(features, classes, **options)
        if counts.shape != (classes,) or scatter.shape != (features, features) or pending.shape[1:] != (features,):
            raise ValueError("its arrays do not go together")
        if len(pending) >= _FOLD:
            raise ValueError(f"{len(pending)} pending rows, where {_FOLD - 1} is the most")
        head._counts, head._means, head._scatter = counts, means, scatter
        head._weight, head._spread = float(parameters["weight"]), float(parameters["spread"])
        head._used = len(pending)
        head._pending[: head._used] = pending
        return head
