"""Recursive least squares: ridge regression that learns sample by sample, for classes and for numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
from typing_extensions import Self

from edge_runtime.errors import DataError
from edge_runtime.learning.base import Head, Targets, describe

__all__ = ["LinearRegression", "RecursiveLeastSquares"]

_LARGEST_SCALE = 1e6


class _Recursion:
    """The state of a recursive ridge regression with a bias, in float64.

    Haykin, "Adaptive Filter Theory", chapter on the RLS algorithm; as the last layer of a network this is OS-ELM
    (Liang, Huang, Saratchandran and Sundararajan, "A fast and accurate online sequential learning algorithm for
    feedforward networks", IEEE Trans. Neural Networks 17, 2006). Two safeguards: what is learnt of one sample is
    clipped (Huber's loss, by its influence), and forgetting stops where it would blow the inverse up beyond where it
    began, as it does when the embeddings stay in one corner (covariance windup).
    """

    def __init__(self, features: int, outputs: int, *, memory: float | None, ridge: float, clip: float) -> None:
        self.fade = 1.0 if memory is None else 1 - 1 / memory
        self.ridge, self.clip = ridge, clip
        # Inverse and weights lie under one another: one product gives direction and outputs, one outer product is
        # taken off both.
        self._width = features + 1
        self._all = np.zeros((self._width + outputs, self._width))
        # The inverse is `scale * matrix`, so that forgetting touches one number and not all elements.
        self.scale = 1.0
        self.trace = 0.0  # of the matrix, where it is forgetting; else as it began
        self.limit = 0.0  # the inverse's largest trace; 0 before the first sample
        self._x, self._product = np.ones(self._width), np.empty(len(self._all))
        self._outer = np.empty_like(self._all)

    @property
    def matrix(self) -> npt.NDArray[np.float64]:
        return self._all[: self._width]

    @property
    def weights(self) -> npt.NDArray[np.float64]:
        return self._all[self._width :]

    def learn(self, embedding: npt.NDArray[np.float32], target: npt.NDArray[np.float64]) -> None:
        x, product = self._x, self._product
        direction, error = product[: self._width], product[self._width :]
        x[:-1] = embedding
        if not self.limit:
            self._begin(x)
        # For arrays this small, `dot` with a place for the result takes half of the time of operators.
        self._all.dot(x, out=product)
        error -= target
        if self.clip < np.inf:
            # np.clip takes longer than both together.
            np.minimum(np.maximum(error, -self.clip, out=error), self.clip, out=error)
        # Both factors of the outer product have the root, so that the matrix stays symmetric to the bit.
        product *= sqrt(self.scale / (self.fade + self.scale * float(x.dot(direction))))
        self._all -= np.dot(product[:, None], direction[None], out=self._outer)
        if self.fade < 1:
            self.trace -= float(direction.dot(direction))
            self._forget()

    def _begin(self, x: npt.NDArray[np.float64]) -> None:
        """Set the ridge in proportion to the first embedding's mean square, so that no network's scale matters."""
        np.fill_diagonal(self.matrix, len(x) / (self.ridge * float(x @ x)))
        self.trace = self.limit = float(self.matrix.trace())

    def _forget(self) -> None:
        if self.scale * self.trace <= self.limit * self.fade:
            self.scale /= self.fade
        if self.scale > _LARGEST_SCALE:
            np.multiply(self.matrix, self.scale, out=self.matrix)
            self.scale, self.trace = 1.0, float(self.matrix.trace())

    def linear(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        weights = self.weights.astype(np.float32)
        return np.ascontiguousarray(weights[:, :-1]), np.ascontiguousarray(weights[:, -1])

    def state(self) -> dict[str, npt.NDArray[Any]]:
        return {
            "weights": self.weights,
            "matrix": self.matrix,
            "numbers": np.array([self.scale, self.trace, self.limit]),
        }

    def restore(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        for name in ("weights", "matrix"):
            own: npt.NDArray[np.float64] = getattr(self, name)
            if arrays[name].shape != own.shape:
                raise ValueError(f"'{name}' is {list(arrays[name].shape)}")
            own[:] = arrays[name]
        self.scale, self.trace, self.limit = arrays["numbers"].tolist()


class _LeastSquaresHead(Head):
    """What both heads share: the recursion and its parameters."""

    def __init__(
        self, features: int, classes: int, *, memory: float | None = None, ridge: float = 0.3, clip: float | None = None
    ) -> None:
        super().__init__(features, classes)
        if memory is not None and not (np.isfinite(memory) and memory >= 2):
            raise DataError(f"a least-squares head's memory is {memory}: it must be 2 labels or more, or None for all")
        if not (np.isfinite(ridge) and ridge > 0):
            raise DataError(f"a least-squares head's ridge is {ridge}: it must be above 0")
        if clip is not None and not clip > 0:
            raise DataError(f"a least-squares head's clip is {clip}: it must be above 0, or None for none")
        self.memory, self.ridge, self.clip = memory, ridge, clip
        limit = np.inf if clip is None else clip
        self._recursion = _Recursion(features, classes, memory=memory, ridge=ridge, clip=limit)

    @property
    def cumulative(self) -> bool:
        """Whether all labels are remembered."""
        return self.memory is None

    def linear(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return the weights and bias as float32; all zero before the first sample."""
        return self._recursion.linear()

    def _state(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        return {"memory": self.memory, "ridge": self.ridge, "clip": self.clip}, self._recursion.state()

    @classmethod
    def _from_state(cls, parameters: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        outputs, width = arrays["weights"].shape
        options = {name: parameters[name] for name in ("memory", "ridge", "clip")}
        head = cls(width - 1, outputs, **options)
        head._recursion.restore(arrays)
        return head


class RecursiveLeastSquares(_LeastSquaresHead):
    """A classifier by regression on one-hot targets.

    Parameters
    ----------
    features, classes
        Its size.
    memory
        About how many labels are remembered (a forgetting factor of ``1 - 1 / memory``); None: all.
    ridge
        Regularisation, in units of the first embedding's mean square.
    clip
        The largest error that is learnt of one sample, for each output; None: no limit.

    Raises
    ------
    DataError
        If a parameter is outside its range.

    Examples
    --------
    >>> import numpy as np
    >>> head = RecursiveLeastSquares(1, 2)
    >>> head.learn_many(np.array([[-1.5], [-0.5], [0.5], [1.5]], np.float32), np.array([0, 0, 1, 1]))
    >>> head.predict_many(np.array([[-2], [3]], np.float32)).argmax(1).tolist()
    [0, 1]
    """

    kind = "rls"

    def __init__(
        self, features: int, classes: int, *, memory: float | None = None, ridge: float = 0.3, clip: float | None = 1.0
    ) -> None:
        super().__init__(features, classes, memory=memory, ridge=ridge, clip=clip)
        self._targets = np.eye(classes)

    def _learn(self, embeddings: npt.NDArray[np.float32], targets: Sequence[Any]) -> None:
        for embedding, label in zip(embeddings, targets, strict=True):
            self._recursion.learn(embedding, self._targets[label])


class LinearRegression(_LeastSquaresHead):
    """Regression: numbers in place of classes.

    ``classes`` is how many numbers an embedding is mapped to, `predict_many` gives the numbers, and `learn_many` takes
    float32[n, classes] targets.

    Parameters
    ----------
    features, classes
        Its size.
    memory, ridge, clip
        As in `RecursiveLeastSquares`; `clip` is in the targets' unit.

    Examples
    --------
    >>> import numpy as np
    >>> head = LinearRegression(1, 1, ridge=1e-6)
    >>> head.learn_many(np.array([[0], [1], [2]], np.float32), np.array([[1], [3], [5]], np.float32))
    >>> head.predict_many(np.array([[10]], np.float32)).round(2).tolist()
    [[21.0]]
    """

    kind = "linear regression"

    def _checked_targets(self, targets: Targets, count: int) -> Sequence[Any]:
        if targets.dtype != np.float32 or targets.shape != (count, self.classes):
            raise DataError(f"targets are {describe(targets)}: float32[{count}, {self.classes}] is needed")
        if not np.isfinite(targets).all():
            raise DataError("targets hold NaN or infinity: a head learns finite values only")
        return list(targets.astype(np.float64))

    def _learn(self, embeddings: npt.NDArray[np.float32], targets: Sequence[Any]) -> None:
        for embedding, target in zip(embeddings, targets, strict=True):
            self._recursion.learn(embedding, target)
