"""Watches how far embeddings are from training: notices a new world before any label tells of it, and the way home."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.learning.drift import Adwin, EmbeddingDistance
from edge_runtime.learning.events import ShiftEvent
from edge_runtime.learning.state import Arrays, State, refill
from edge_runtime.learning.statistics import TrainingStatistics

__all__ = ["ShiftWatch"]


class ShiftWatch:
    """Turns embeddings into shift events.

    An `Adwin` on the distance from training finds the change. How the device's own embeddings lay before the first
    one is home: after a later change they are home again if their mean distance is, within its uncertainty, what it was
    there, and has come at least half the way back.

    Parameters
    ----------
    statistics
        The training set's.
    delta
        Adwin's: the chance of a false alarm at each check.
    settle
        How many embeddings after a change it takes to say where it led.
    """

    _SIGMAS = 3.5
    _SLACK = 0.1  # standard deviations that home may have moved

    def __init__(self, statistics: TrainingStatistics, *, delta: float = 0.0005, settle: int = 16) -> None:
        self._distance = EmbeddingDistance(statistics)
        # In units of the logarithm, some nats are what a change may amount to.
        self._adwin = Adwin(delta=delta, span=4.0)
        self._settle = settle
        self._home = np.zeros(3)  # count, mean, sum of squared deviations
        self._left = False
        self._before: float | None = None  # mean distance before a change that has yet to settle

    def add(
        self,
        embedding: npt.NDArray[np.float32],
        prediction: int,
        *,
        predicted: int = 0,  # noqa: ARG002 - `StartUpWatch` needs it
    ) -> ShiftEvent | None:
        """Take in float32[features], the embedding of a prediction; return what it completes, if anything."""
        distance = self._distance(embedding)
        mean = self._adwin.mean
        if self._adwin.add(distance):
            self._left = True
            if self._before is None:
                self._before = mean
        elif not self._left:
            self._add_to_home(distance)
        count = self._adwin.count
        if self._before is None or count < self._settle:
            return None
        before, self._before = self._before, None
        now = self._adwin.mean
        at = prediction + 1
        return ShiftEvent(at, at - count, self._is_home(now, before, count), now, before)

    def _add_to_home(self, distance: float) -> None:
        self._home[0] += 1
        deviation = distance - self._home[1]
        self._home[1] += deviation / self._home[0]
        self._home[2] += deviation * (distance - self._home[1])

    def _is_home(self, now: float, before: float, count: int) -> bool:
        samples, mean, squares = self._home.tolist()
        deviation = sqrt(squares / max(1.0, samples - 1))
        near = abs(now - mean) <= deviation * (self._SIGMAS / sqrt(count) + self._SLACK)
        return bool(near and abs(now - mean) < abs(before - mean) / 2)

    def state(self) -> State:
        """Return numbers for JSON, and arrays."""
        numbers = {"adwin": self._adwin.state()[0], "left": self._left, "before": self._before}
        return numbers, {"home": self._home}

    def restore(self, numbers: Mapping[str, Any], arrays: Arrays) -> None:
        """Go on where `state` was taken."""
        self._adwin.restore(numbers["adwin"], {})
        self._left, self._before = bool(numbers["left"]), numbers["before"]
        refill({"home": self._home}, arrays)
