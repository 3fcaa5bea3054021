"""An alarm threshold for scores, such as an autoencoder's error, with a stated rate of false alarms."""

from __future__ import annotations

from typing import Any

import numpy as np
from typing_extensions import Self

from edge_runtime.errors import DataError, StateError
from edge_runtime.learning.state import pack, unpack

__all__ = ["AdaptiveThreshold"]

_KIND = "adaptive threshold"


class AdaptiveThreshold:
    """A threshold that a stated share of the scores passes, whatever the scores do.

    After each score the threshold goes up by ``step * (1 - rate)`` if the score passed it, and down by ``step *
    rate`` if
    not: online quantile tracking, which is adaptive conformal inference on scores (Gibbs and Candès, "Adaptive
    conformal
    inference under distribution shift", NeurIPS 2021; Angelopoulos, Candès and Tibshirani, "Conformal PID control for
    time series prediction", NeurIPS 2023). If scores lie in an interval of length B, then after T scores the share of
    alarms differs from `rate` by at most ``(B + step) / (step * T)``, for every sequence, drifting or not.

    So a lasting change of the scores stops being an alarm; what is rarer than the rate goes on being one. Feed it
    scores of times that are taken for normal, and ask `passes` before.

    Parameters
    ----------
    rate
        The share of alarms among the scores that it is fed, above 0 and below 1.
    step
        How far the threshold moves at most for one score, in the scores' unit, above 0: large steps follow drift
        faster, small ones hold still better. A tenth of the scores' standard deviation is a beginning.
    initial
        Where it begins, such as the quantile ``1 - rate`` of the training set's scores.

    Raises
    ------
    DataError
        If a parameter is outside its range.

    Examples
    --------
    >>> threshold = AdaptiveThreshold(rate=0.25, step=0.5, initial=1.0)
    >>> [threshold.learn_one(score) for score in (0.0, 2.0, 0.0, 0.0)]
    [False, True, False, False]
    >>> threshold.value
    1.0
    """

    def __init__(self, *, rate: float, step: float, initial: float) -> None:
        if not 0 < rate < 1:
            raise DataError(f"a false-alarm rate of {rate}: it must be above 0 and below 1")
        if not (np.isfinite(step) and step > 0 and np.isfinite(initial)):
            raise DataError(f"a threshold from {initial} in steps of {step}: both must be finite, the step above 0")
        self.rate, self.step = float(rate), float(step)
        self.value = float(initial)
        self.scores = self.alarms = 0

    def passes(self, score: float) -> bool:
        """Return whether a score is an alarm; NaN always is one."""
        return not score <= self.value

    def learn_one(self, score: float) -> bool:
        """Return whether a score is an alarm, and adapt."""
        alarm = self.passes(score)
        self.value += self.step * (alarm - self.rate)
        self.scores += 1
        self.alarms += alarm
        return alarm

    def to_bytes(self) -> bytes:
        """Return the whole state, versioned and checksummed."""
        return pack(_KIND, self.__dict__, {})

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Restore what `to_bytes` gave.

        Raises
        ------
        StateError
            If the state is damaged, or something else.
        """
        kind, parameters, _ = unpack(data)
        if kind != _KIND:
            raise StateError(f"the state is of kind '{kind}', not '{_KIND}'")
        try:
            threshold = cls(rate=parameters["rate"], step=parameters["step"], initial=parameters["value"])
            threshold.restore(parameters)
        except (KeyError, TypeError, DataError) as error:
            raise StateError(f"the adaptive threshold's state is incomplete or inconsistent: {error}") from error
        return threshold

    def state(self) -> dict[str, Any]:
        """Return what changes, for JSON."""
        return {"value": self.value, "scores": self.scores, "alarms": self.alarms}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken."""
        self.value, self.scores, self.alarms = float(state["value"]), int(state["scores"]), int(state["alarms"])
