"""Nearest class mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np
import numpy.typing as npt
from typing_extensions import Self

from edge_runtime.errors import DataError
from edge_runtime.learning.base import Head, linear_of_means

__all__ = ["NearestClassMean"]


class NearestClassMean(Head):
    """The class whose mean embedding is nearest, in Euclidean distance.

    ``|x - m|² = |x|² - 2 (m·x - |m|²/2)``: the nearest mean is the largest of linear scores (Mensink, Verbeek,
    Perronnin and
    Csurka, "Distance-based image classification: generalizing to new classes at near-zero cost", IEEE Trans. PAMI 35,
    2013).

    Parameters
    ----------
    features, classes
        Its size.
    memory
        About how many labels of a class its mean is over (a moving average); None: all (the cumulative variant).

    Raises
    ------
    DataError
        If a size is below 1 or `memory` below 2.

    Examples
    --------
    >>> import numpy as np
    >>> head = NearestClassMean(1, 2)
    >>> head.learn_many(np.array([[-1.5], [-0.5], [0.5], [1.5]], np.float32), np.array([0, 0, 1, 1]))
    >>> head.predict_many(np.array([[-2], [3]], np.float32)).argmax(1).tolist()
    [0, 1]
    """

    kind = "ncm"

    def __init__(self, features: int, classes: int, *, memory: float | None = None) -> None:
        super().__init__(features, classes)
        if memory is not None and not (isfinite(memory) and memory >= 2):
            raise DataError(f"a nearest-mean head's memory is {memory}: it must be 2 labels or more, or None for all")
        self.memory = memory
        self._fade = 1.0 if memory is None else 1 - 1 / memory
        self._counts = np.zeros(classes)
        self._means = np.zeros((classes, features), np.float32)

    @property
    def cumulative(self) -> bool:
        """Whether all labels are remembered."""
        return self.memory is None

    def linear(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return the scores' weights and bias; a class without labels never wins."""
        return linear_of_means(self._means.astype(np.float64), self._means.astype(np.float64), self._counts > 0)

    def _learn(self, embeddings: npt.NDArray[np.float32], targets: Sequence[Any]) -> None:
        for embedding, label in zip(embeddings, targets, strict=True):
            count = float(self._counts[label]) * self._fade + 1
            self._counts[label] = count
            mean = self._means[label]
            mean += (embedding - mean) / np.float32(count)

    def _state(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        return {"memory": self.memory}, {"counts": self._counts, "means": self._means}

    @classmethod
    def _from_state(cls, parameters: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        classes, features = arrays["means"].shape
        head = cls(features, classes, memory=parameters["memory"])
        if arrays["counts"].shape != (classes,):
            raise ValueError("its arrays do not go together")
        head._counts, head._means = arrays["counts"], arrays["means"]
        return head
