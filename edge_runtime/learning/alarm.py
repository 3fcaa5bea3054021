"""Alarms on scores: an adaptive threshold that finds out by itself where to begin."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from typing_extensions import Self

from edge_runtime.errors import DataError, StateError
from edge_runtime.learning.state import pack, unpack
from edge_runtime.learning.threshold import AdaptiveThreshold

__all__ = ["ScoreAlarm", "ScoreVerdict"]

_KIND = "score alarm"
_STEP = 0.1
_SMALLEST_STEP = 1e-9


@dataclass(frozen=True)
class ScoreVerdict:
    """What a score is.

    Parameters
    ----------
    score
        The score.
    threshold
        What it was held against; None while there is none yet.
    alarm
        Whether it passed.
    """

    score: float
    threshold: float | None
    alarm: bool


class ScoreAlarm:
    """Raises alarms on scores, such as an autoencoder's error, of which a stated share passes in the long run.

    The first scores are taken for normal, and raise none: their quantile is where an `AdaptiveThreshold` begins, and a
    tenth of their standard deviation its step.

    Parameters
    ----------
    rate
        The share of scores that pass: the rate of false alarms while all is normal. Above 0 and below 1.
    warmup
        How many scores the threshold's beginning is found from; at least 2, and ``1 / rate`` or more to know the
        quantile.

    Raises
    ------
    DataError
        If a parameter is outside its range.

    Examples
    --------
    >>> alarm = ScoreAlarm(rate=0.5, warmup=4)
    >>> [alarm.take(score).alarm for score in (1.0, 2.0, 3.0, 4.0, 9.0, 1.0)]
    [False, False, False, False, True, False]
    """

    def __init__(self, *, rate: float = 0.01, warmup: int = 200) -> None:
        if not 0 < rate < 1 or warmup < 2:
            raise DataError(
                f"an alarm's rate of {rate} after a warm-up of {warmup} scores: above 0 and below 1, and 2 or more "
                "are needed"
            )
        self.rate, self.warmup = rate, warmup
        self._first: list[float] = []
        self._threshold: AdaptiveThreshold | None = None

    @property
    def threshold(self) -> float | None:
        """What the next score will be held against; None during the warm-up."""
        return None if self._threshold is None else self._threshold.value

    @property
    def counts(self) -> tuple[int, int]:
        """How many scores were held against the threshold, and how many passed."""
        return (0, 0) if self._threshold is None else (self._threshold.scores, self._threshold.alarms)

    def take(self, score: float) -> ScoreVerdict:
        """Judge a score, and adapt; one that is not finite is an alarm once there is a threshold."""
        before = self.threshold
        if self._threshold is not None:
            return ScoreVerdict(score, before, self._threshold.learn_one(score))
        if isfinite(score):
            self._first.append(score)
        if len(self._first) == self.warmup:
            self._begin()
        return ScoreVerdict(score, None, False)

    def _begin(self) -> None:
        step = max(_STEP * float(np.std(self._first)), _SMALLEST_STEP)
        initial = float(np.quantile(self._first, 1 - self.rate))
        self._threshold = AdaptiveThreshold(rate=self.rate, step=step, initial=initial)
        self._first = []

    def to_bytes(self, *, about: str = "") -> bytes:
        """Return the whole state, versioned and checksummed, and whose scores it is about."""
        numbers: dict[str, Any] = {"rate": self.rate, "warmup": self.warmup, "about": about, "first": self._first}
        if self._threshold is not None:
            numbers |= {"step": self._threshold.step, "threshold": self._threshold.state()}
        return pack(_KIND, numbers, {})

    @classmethod
    def from_bytes(cls, data: bytes, *, about: str = "") -> Self:
        """Restore what `to_bytes` gave.

        Raises
        ------
        StateError
            If the state is damaged, something else, or of other scores.
        """
        kind, numbers, _ = unpack(data)
        if kind != _KIND:
            raise StateError(f"the state is of kind '{kind}', not '{_KIND}'")
        if numbers.get("about") != about:
            raise StateError("the state is of another network's scores; move it away to begin anew")
        try:
            alarm = cls(rate=numbers["rate"], warmup=numbers["warmup"])
            alarm._first = [float(score) for score in numbers["first"]]
            if "threshold" in numbers:
                threshold = AdaptiveThreshold(rate=alarm.rate, step=numbers["step"], initial=0.0)
                threshold.restore(numbers["threshold"])
                alarm._threshold = threshold
        except (KeyError, TypeError, ValueError, DataError) as error:
            raise StateError(f"the score alarm's state is incomplete or inconsistent: {error}") from error
        return alarm
