"""Which labels are asked for: those of the least certain predictions, and more of them after a change of the world."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge_runtime.learning.threshold import AdaptiveThreshold

__all__ = ["Asking"]

_AFTER_A_CHANGE = 10


class Asking:
    """Says of each prediction whether its label is asked for.

    A prediction's doubt is one less the margin between its two likeliest classes (Scheffer, Decomain and Wrobel,
    "Active hidden Markov models for information extraction", IDA 2001); an `AdaptiveThreshold` on it keeps the share of
    what is asked for as stated. What is asked for changes no head, so it is not part of a checkpoint.

    Parameters
    ----------
    rate
        The share of predictions whose label is asked for; some time after a change ten times as much.

    Attributes
    ----------
    now
        Whether the last prediction's label is asked for.
    count
        How many labels have been asked for.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._threshold = AdaptiveThreshold(rate=rate, step=0.05, initial=0.5)
        self.now, self.count = False, 0

    def consider(self, odds: npt.NDArray[np.float16], *, changed: bool) -> None:
        """Take in the probabilities of a prediction's classes, and whether the world has changed lately."""
        best, second = [*sorted(odds.tolist(), reverse=True), 0.0][:2]
        self._threshold.rate = self._rate * (_AFTER_A_CHANGE if changed else 1)
        self.now = self._threshold.learn_one(1 - (best - second))
        self.count += self.now
