"""Softmax regression, learnt by stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from typing_extensions import Self

from edge_runtime.errors import DataError
from edge_runtime.learning.base import Head
from edge_runtime.learning.frozen import checked_linear

__all__ = ["SoftmaxHead"]

_BURN_IN = 20


class SoftmaxHead(Head):
    """Softmax regression with a step that does not depend on the scale of the embeddings.

    The step is divided by ``1 + |embedding|²``, as in the normalised LMS filter (Nagumo and Noda, "A
    learning method for system identification", IEEE Trans. Automatic Control 12, 1967): one rate then
    suits every network, and no single embedding, however large, makes the descent unstable.

    The weights are a float32 master; they are never rounded to int8 and learnt on, which would lose
    every step smaller than half a quantum.

    Parameters
    ----------
    weights
        float32[classes, features] to start from, such as the network's own last layer; copied.
    bias
        float32[classes]; copied.
    rate
        Step size, above 0 and at most 4 (beyond that a single sample may be overshot).
    averaged
        Serve the mean of all weights so far in place of the last ones: the cumulative variant (Polyak and Juditsky,
        "Acceleration of stochastic approximation by averaging", SIAM J. Control Optim. 30, 1992). The first `_BURN_IN`
        labels are not averaged over.

    Raises
    ------
    DataError
        If a shape or value is not as said.

    Examples
    --------
    >>> import numpy as np
    >>> head = SoftmaxHead(np.zeros((2, 1), np.float32), np.zeros(2, np.float32))
    >>> head.learn_many(np.array([[-1], [1]] * 50, np.float32), np.array([0, 1] * 50))
    >>> head.predict_many(np.array([[-2], [3]], np.float32)).argmax(1).tolist()
    [0, 1]
    """

    kind = "softmax"

    def __init__(
        self,
        weights: npt.NDArray[np.float32],
        bias: npt.NDArray[np.float32],
        *,
        rate: float = 0.5,
        averaged: bool = False,
    ) -> None:
        if not 0 < rate <= 4:
            raise DataError(f"a softmax head's rate is {rate}: it must be above 0 and at most 4")
        self._weights, self._bias = checked_linear(weights, bias)
        self.rate, self.averaged = float(rate), averaged
        self._labels = 0
        self._steps = np.empty_like(self._weights)
        self._mean = (self._weights.copy(), self._bias.copy()) if averaged else (self._weights, self._bias)
        super().__init__(self._weights.shape[1], self._weights.shape[0])

    @property
    def cumulative(self) -> bool:
        """Whether the mean of all weights serves."""
        return self.averaged

    def linear(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return copies of the float32 master weights and bias, or of their means."""
        weights, bias = self._mean
        return weights.copy(), bias.copy()

    def _learn(self, embeddings: npt.NDArray[np.float32], targets: Sequence[Any]) -> None:
        for embedding, label in zip(embeddings, targets, strict=True):
            self._step(embedding, label)
            if self.averaged:
                self._average()

    def _step(self, embedding: npt.NDArray[np.float32], label: int) -> None:
        error = self._weights.dot(embedding)
        error += self._bias
        error -= np.maximum.reduce(error)
        np.exp(error, out=error)
        error /= np.add.reduce(error)
        error[label] -= 1
        error *= self.rate / (1 + float(embedding.dot(embedding)))
        self._weights -= np.dot(error[:, None], embedding[None], out=self._steps)
        self._bias -= error

    def _average(self) -> None:
        self._labels += 1
        share = np.float32(1 / max(1, self._labels - _BURN_IN))
        for mean, last in zip(self._mean, (self._weights, self._bias), strict=True):
            np.add(mean, (last - mean) * share, out=mean)

    def _state(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        parameters = {"rate": self.rate, "averaged": self.averaged, "labels": self._labels}
        mean = {"mean_weights": self._mean[0], "mean_bias": self._mean[1]} if self.averaged else {}
        return parameters, {"weights": self._weights, "bias": self._bias, **mean}

    @classmethod
    def _from_state(cls, parameters: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        head = cls(arrays["weights"], arrays["bias"], rate=parameters["rate"], averaged=parameters["averaged"])
        head._labels = int(parameters["labels"])
        if head.averaged:
            head._mean = checked_linear(arrays["mean_weights"], arrays["mean_bias"])
            if head._mean[0].shape != head._weights.shape:
                raise ValueError("its arrays do not go together")
        return head
