"""Evaluation as labels come: accuracy, kappa, confusion, log-loss and calibration of every candidate at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError
from edge_runtime.learning.state import Arrays, State, refill

__all__ = ["Evaluation", "Quality", "known"]

BINS = 10
"""Intervals of confidence in which calibration is counted."""

_LARGEST_UNIT = 1e9
_SMALLEST_ODDS = 1e-4  # below, float16 odds are coarse, and one label would decide the mean log-loss


@dataclass(frozen=True)
class Quality:
    """How a candidate does on recent labels; older ones count less and less. NaN before the first label.

    Parameters
    ----------
    labels
        The weight of the labels that count, in labels.
    accuracy
        Share of predictions that met their labels.
    kappa
        Cohen's kappa: accuracy above chance agreement, 1 at best (Bifet et al., "Efficient online evaluation of big
        data stream classifiers", KDD 2015).
    log_loss
        Mean negative log of the odds given to the true class, in nats.
    calibration_error
        Expected calibration error over `BINS` intervals of confidence (Guo et al., "On calibration of modern neural
        networks", ICML 2017).
    recall
        float64[classes]: accuracy on each class; NaN where a class has had no label.
    confusion
        float64[classes, classes]: weight of labels (rows) by predictions (columns).
    """

    labels: float
    accuracy: float
    kappa: float
    log_loss: float
    calibration_error: float
    recall: npt.NDArray[np.float64] = field(repr=False)
    confusion: npt.NDArray[np.float64] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON takes it: what is not a number yet is None."""
        numbers = ("labels", "accuracy", "kappa", "log_loss", "calibration_error")
        told: dict[str, Any] = {name: known(getattr(self, name)) for name in numbers}
        told["recall"] = [known(value) for value in self.recall.tolist()]
        told["confusion"] = self.confusion.round(3).tolist()
        return told


def known(value: float) -> float | None:
    """Return a number to six digits, or None where it is none."""
    return round(value, 6) if isfinite(value) else None


class Evaluation:
    """Prequential evaluation with a fading factor, of several candidates on the same labels.

    Gama, Sebastião and Rodrigues, "On evaluating stream learning algorithms", Machine Learning 90, 2013.

    Parameters
    ----------
    names
        The candidates, in the order in which their votes come.
    classes
        How many classes there are.
    fading
        Above 0 and at most 1; 0.99 weighs about the last 100 labels.

    Raises
    ------
    DataError
        If there is no candidate or class, or `fading` is outside its range.

    Examples
    --------
    >>> import numpy as np
    >>> evaluation = Evaluation(["a"], 2, fading=1.0)
    >>> for label in (0, 1, 1, 1):
    ...     evaluation.add(label, votes=np.array([1]), odds=np.array([[0.2, 0.8]]), delay_ns=5)
    >>> evaluation.quality("a").accuracy, evaluation.mean_delay_ns
    (0.75, 5.0)
    """

    def __init__(self, names: Sequence[str], classes: int, *, fading: float = 0.99) -> None:
        if not names or classes < 1 or not 0 < fading <= 1:
            raise DataError(
                f"an evaluation of {len(names)} candidates over {classes} classes with a fading factor of {fading}: "
                "the first two must be at least 1, the factor above 0 and at most 1"
            )
        self._index = {name: position for position, name in enumerate(names)}
        self._rows = np.arange(len(names))
        # Not what there is fades, but what comes weighs more: one number changes and not all.
        self._unit = 1.0
        self._fading = fading
        self._confusion = np.zeros((len(names), classes, classes))
        self._losses = np.zeros(len(names))
        self._bins = np.zeros((len(names), BINS, 2))  # hits, confidence
        self._delay = np.zeros(2)  # weight, nanoseconds

    @property
    def mean_delay_ns(self) -> float:
        """Mean delay from a prediction to its label, nanoseconds, fading; NaN before the first label."""
        return float(self._delay[1] / self._delay[0]) if self._delay[0] else float("nan")

    def add(self, label: int, *, votes: npt.NDArray[Any], odds: npt.NDArray[Any], delay_ns: int) -> None:
        """Count a label.

        Parameters
        ----------
        label
            The true class.
        votes
            int[candidates]: what each predicted.
        odds
            float[candidates, classes]: the probability that each gave to each class.
        delay_ns
            How long after its prediction it came.
        """
        self._unit /= self._fading
        if self._unit > _LARGEST_UNIT:
            self._rescale()
        unit = self._unit
        self._confusion[self._rows, label, votes] += unit
        given = odds.astype(np.float64)
        self._losses -= unit * np.log(np.maximum(given[:, label], _SMALLEST_ODDS))
        confidence = given[self._rows, votes]
        where = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
        self._bins[self._rows, where, 0] += unit * (votes == label)
        self._bins[self._rows, where, 1] += unit * confidence
        self._delay += (unit, unit * delay_ns)

    def _rescale(self) -> None:
        for array in self._arrays():
            np.divide(array, self._unit, out=array)
        self._unit = 1.0

    def _arrays(self) -> tuple[npt.NDArray[np.float64], ...]:
        return self._confusion, self._losses, self._bins, self._delay

    def forget(self, name: str) -> None:
        """Forget what is known of a candidate, as when it begins anew."""
        position = self._index[name]
        self._confusion[position], self._losses[position], self._bins[position] = 0, 0, 0

    def quality(self, name: str) -> Quality:
        """Return how a candidate does.

        Raises
        ------
        DataError
            If there is no such candidate.
        """
        if name not in self._index:
            raise DataError(f"no candidate is named '{name}': there are {', '.join(self._index)}")
        position = self._index[name]
        confusion = self._confusion[position] / self._unit
        total, correct = float(confusion.sum()), float(confusion.trace())
        with np.errstate(invalid="ignore", divide="ignore"):
            chance = float(confusion.sum(axis=0) @ confusion.sum(axis=1)) / np.float64(total) ** 2
            accuracy = np.float64(correct) / total
            kappa = (accuracy - chance) / (1 - chance) if chance != 1 else np.float64(accuracy == 1)
            recall = confusion.diagonal() / confusion.sum(axis=1)
            loss = self._losses[position] / self._unit / total
            bins = self._bins[position] / self._unit
            error = np.abs(bins[:, 0] - bins[:, 1]).sum() / total
        return Quality(total, float(accuracy), float(kappa), float(loss), float(error), recall, confusion)

    def state(self) -> State:
        """Return numbers for JSON, and arrays: together the whole evaluation."""
        arrays = dict(zip(("confusion", "losses", "bins", "delay"), self._arrays(), strict=True))
        return {"unit": self._unit}, arrays

    def restore(self, numbers: Mapping[str, Any], arrays: Arrays) -> None:
        """Go on where `state` was taken; ValueError where it is of another evaluation."""
        refill(self.state()[1], arrays)
        self._unit = float(numbers["unit"])
