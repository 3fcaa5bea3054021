"""Softmax regression, learnt by stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from typing_extensions import Self

from edge_runtime.errors import DataError
from edge_runtime.learning.base import Head
from edge_runtime.learning.frozen import checked_linear

__all__ = ["SoftmaxHead"]


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

    def __init__(self, weights: npt.NDArray[np.float32], bias: npt.NDArray[np.float32], *, rate: float = 0.5) -> None:
        if not 0 < rate <= 4:
            raise DataError(f"a softmax head's rate is {rate}: it must be above 0 and at most 4")
        self._weights, self._bias = checked_linear(weights, bias)
        self.rate = float(rate)
        super().__init__(self._weights.shape[1], self._weights.shape[0])

    def linear(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return copies of the float32 master weights and bias."""
        return self._weights.copy(), self._bias.copy()

    def _learn(self, embeddings: npt.NDArray[np.float32], labels: list[int]) -> None:
        for embedding, label in zip(embeddings, labels, strict=True):
            self._step(embedding, label)

    def _step(self, embedding: npt.NDArray[np.float32], label: int) -> None:
        error = self._weights @ embedding
        error += self._bias
        error -= error.max()
        np.exp(error, out=error)
        error /= error.sum()
        error[label] -= 1
        error *= self.rate / (1 + float(embedding @ embedding))
        self._weights -= error[:, None] * embedding
        self._bias -= error

    def _state(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        return {"rate": self.rate}, {"weights": self._weights, "bias": self._bias}

    @classmethod
    def _from_state(cls, parameters: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        return cls(arrays["weights"], arrays["bias"], rate=parameters["rate"])
