"""Prequential accuracy: every prediction is judged before its label is learnt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError
from edge_runtime.learning.state import Arrays, State, refill

__all__ = ["Prequentials", "Score"]


@dataclass(frozen=True)
class Score:
    """An accuracy so far.

    Parameters
    ----------
    count, correct
        Labels judged, and how many of them were met, since the start.
    faded
        Accuracy in which older labels count less and less; NaN before the first label.
    windowed
        Accuracy over the most recent labels; NaN before the first label.
    window
        How many labels `windowed` is over.
    """

    count: int
    correct: int
    faded: float
    windowed: float
    window: int

    @property
    def overall(self) -> float:
        """Accuracy over all labels since the start; NaN before the first."""
        return self.correct / self.count if self.count else float("nan")


class Prequentials:
    """Accuracies of several candidates on labels as they come, with a fading factor and over a sliding window.

    Gama, Sebastião and Rodrigues, "On evaluating stream learning algorithms", Machine Learning 90, 2013:
    ``S = hit + fading * S``, ``B = 1 + fading * B``, and the accuracy is ``S / B``.

    Parameters
    ----------
    names
        The candidates.
    fading
        Above 0 and at most 1; 0.98 weighs about the last 50 labels.
    window
        Length of the sliding window, in labels.

    Raises
    ------
    DataError
        If a parameter is outside its range.

    Examples
    --------
    >>> accuracy = Prequentials(["a"], fading=0.5, window=2)
    >>> for hit in (True, True, False):
    ...     accuracy.add(np.array([hit]))
    >>> accuracy.scores()["a"]
    Score(count=3, correct=2, faded=0.42857142857142855, windowed=0.5, window=2)
    """

    def __init__(self, names: Sequence[str], *, fading: float = 0.98, window: int = 50) -> None:
        if not 0 < fading <= 1:
            raise DataError(f"a prequential fading factor of {fading}: it must be above 0 and at most 1")
        if window < 1:
            raise DataError(f"a prequential window of {window} labels: it must be at least 1")
        self._names = tuple(names)
        self._fading = fading
        self._hits = np.zeros((window, len(names)), bool)
        self._correct = np.zeros(len(names), np.int64)
        self._faded = np.zeros(len(names))
        self._count, self._weight = 0, 0.0

    def add(self, hits: npt.NDArray[np.bool_]) -> None:
        """Count one label: bool[candidates], who predicted it."""
        self._hits[self._count % len(self._hits)] = hits
        self._count += 1
        self._correct += hits
        self._faded *= self._fading
        self._faded += hits
        self._weight = 1 + self._fading * self._weight

    def reset(self) -> None:
        """Forget everything."""
        self._hits[:], self._correct[:], self._faded[:] = False, 0, 0
        self._count, self._weight = 0, 0.0

    def scores(self) -> dict[str, Score]:
        """Return the accuracies as they stand."""
        return {name: self._score(position) for position, name in enumerate(self._names)}

    def _score(self, position: int) -> Score:
        recent = self._hits[: self._count, position]
        return Score(
            count=self._count,
            correct=int(self._correct[position]),
            faded=float(self._faded[position] / self._weight) if self._count else float("nan"),
            windowed=float(recent.mean()) if self._count else float("nan"),
            window=len(recent),
        )

    def state(self) -> State:
        """Return numbers for JSON, and arrays."""
        arrays = {"hits": self._hits, "correct": self._correct, "faded": self._faded}
        return {"count": self._count, "weight": self._weight}, arrays

    def restore(self, numbers: Mapping[str, Any], arrays: Arrays) -> None:
        """Go on where `state` was taken; ValueError where it is of other candidates."""
        self._count, self._weight = int(numbers["count"]), float(numbers["weight"])
        refill(self.state()[1], arrays)
