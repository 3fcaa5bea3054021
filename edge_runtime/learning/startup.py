"""Watches embeddings where no training statistics came with the network: against the device's own first ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.learning.events import ShiftEvent
from edge_runtime.learning.shift import ShiftWatch
from edge_runtime.learning.state import Arrays, State, refill
from edge_runtime.learning.statistics import TrainingStatistics

__all__ = ["StartUpWatch"]


class StartUpWatch:
    """Takes the statistics of the first embeddings, by the classes that were predicted, and then watches.

    What is wrong from the first window on it cannot notice: statistics of the training set are better, where there are
    any.

    Parameters
    ----------
    count
        How many embeddings the statistics are taken of; some times as many as an embedding is long are needed for its
        covariance.
    features, classes
        The size of the head.
    """

    def __init__(self, count: int, features: int, classes: int) -> None:
        self._rows = np.zeros((count, features), np.float32)
        self._predicted = np.zeros(count, np.int64)
        self._classes = classes
        self._seen = 0
        self._watch: ShiftWatch | None = None

    @property
    def nbytes(self) -> int:
        """Memory that it takes, in bytes."""
        return self._rows.nbytes + self._predicted.nbytes

    def add(self, embedding: npt.NDArray[np.float32], prediction: int, *, predicted: int) -> ShiftEvent | None:
        """Take in float32[features], the embedding of a prediction; return the shift that it completes, if any."""
        if self._watch is not None:
            return self._watch.add(embedding, prediction)
        self._rows[self._seen], self._predicted[self._seen] = embedding, predicted
        self._seen += 1
        if self._seen == len(self._rows):
            self._watch = self._begun()
        return None

    def _begun(self) -> ShiftWatch:
        return ShiftWatch(TrainingStatistics.of(self._rows, self._predicted, classes=self._classes))

    def state(self) -> State:
        """Return numbers for JSON, and arrays."""
        watch, arrays = (None, {}) if self._watch is None else self._watch.state()
        return {"seen": self._seen, "watch": watch}, {"rows": self._rows, "predicted": self._predicted, **arrays}

    def restore(self, numbers: Mapping[str, Any], arrays: Arrays) -> None:
        """Go on where `state` was taken; ValueError where it is of another network."""
        refill({"rows": self._rows, "predicted": self._predicted}, arrays)
        self._seen = int(numbers["seen"])
        self._watch = None if numbers["watch"] is None else self._begun()
        if self._watch is not None:
            self._watch.restore(numbers["watch"], arrays)
