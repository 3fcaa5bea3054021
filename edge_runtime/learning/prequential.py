"""Prequential accuracy: every prediction is judged before its label is learnt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_runtime.errors import DataError

__all__ = ["Prequential", "Score"]


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


class Prequential:
    """Accuracy on labels as they come, with a fading factor and over a sliding window.

    Gama, Sebastião and Rodrigues, "On evaluating stream learning algorithms", Machine Learning 90, 2013:
    ``S = hit + fading * S``, ``B = 1 + fading * B``, and the accuracy is ``S / B``.

    Parameters
    ----------
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
    >>> accuracy = Prequential(fading=0.5, window=2)
    >>> for hit in (True, True, False):
    ...     accuracy.add(hit)
    >>> accuracy.score()
    Score(count=3, correct=2, faded=0.42857142857142855, windowed=0.5, window=2)
    """

    def __init__(self, *, fading: float = 0.98, window: int = 50) -> None:
        if not 0 < fading <= 1:
            raise DataError(f"a prequential fading factor of {fading}: it must be above 0 and at most 1")
        if window < 1:
            raise DataError(f"a prequential window of {window} labels: it must be at least 1")
        self._fading = fading
        self._hits = np.zeros(window, bool)
        self._count = self._correct = 0
        self._faded_hits = self._faded_count = 0.0

    def add(self, hit: bool) -> None:
        """Count one prediction that met its label, or did not."""
        self._hits[self._count % len(self._hits)] = hit
        self._count += 1
        self._correct += hit
        self._faded_hits = hit + self._fading * self._faded_hits
        self._faded_count = 1 + self._fading * self._faded_count

    def score(self) -> Score:
        """Return the accuracies as they stand."""
        recent = self._hits[: self._count]
        return Score(
            count=self._count,
            correct=self._correct,
            faded=self._faded_hits / self._faded_count if self._count else float("nan"),
            windowed=float(recent.mean()) if self._count else float("nan"),
            window=len(recent),
        )
