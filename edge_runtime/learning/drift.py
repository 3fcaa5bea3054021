"""Detectors of change in a series: errors once labels come, and distances of embeddings before they do."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite, log
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError
from edge_runtime.learning.state import Arrays, State
from edge_runtime.learning.statistics import TrainingStatistics

__all__ = ["Adwin", "EmbeddingDistance", "PageHinkley"]

_PER_LEVEL = 5  # buckets of one size before two of them are merged
_LEAST = 5  # values on either side of a cut


class Adwin:
    """A window that keeps as long a past as is consistent with one mean, and drops what is older on a change.

    Bifet and Gavaldà, "Learning from time-changing data with adaptive windowing", SIAM Data Mining 2007: ADWIN2 with
    exponential histograms and the bound for which `delta` is the chance of a false cut, here divided by the
    number of cuts that are tried and by the checks that the present window has had.

    Parameters
    ----------
    delta
        Chance of a false alarm for each check, above 0 and below 1, under independence; correlated values raise it.
    clock
        The window is checked at every so-manieth value.
    span
        The range that values lie in, for the bound's second term; above 0.

    Attributes
    ----------
    count
        How many values the window holds.
    mean
        Their mean; NaN while there is none.

    Raises
    ------
    DataError
        If a parameter is outside its range.

    Examples
    --------
    >>> adwin = Adwin()
    >>> [at for at in range(300) if adwin.add(float(at >= 200))]
    [215]
    >>> adwin.count
    100
    """

    def __init__(self, *, delta: float = 0.002, clock: int = 8, span: float = 1.0) -> None:
        if not 0 < delta < 1 or clock < 1 or not span > 0:
            raise DataError(
                f"ADWIN with delta {delta}, a check every {clock} values and a span of {span}: "
                "from 0 to 1, at least 1, and above 0 are needed"
            )
        self.delta, self.clock, self.span = delta, clock, span
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._buckets: list[list[float]] = []  # oldest first: [count, sum, sum of squares]
        self._since = self.count = 0

    @property
    def mean(self) -> float:
        """Mean of the window; NaN while it is empty."""
        return sum(bucket[1] for bucket in self._buckets) / self.count if self._buckets else float("nan")

    def add(self, value: float) -> bool:
        """Take in a value; return whether the series has changed: the window was cut, the new part is left."""
        self._buckets.append([1.0, value, value * value])
        self.count += 1
        self._merge()
        self._since += 1
        if self._since % self.clock:
            return False
        cut = False
        while self._cut_once():
            cut = True
        return cut

    def _merge(self) -> None:
        """Merge the two oldest buckets of a size of which there are too many, the smallest size first."""
        end, size = len(self._buckets), 1.0
        while True:
            start = end
            while start > 0 and self._buckets[start - 1][0] == size:
                start -= 1
            if end - start <= _PER_LEVEL:
                return
            older, newer = self._buckets[start : start + 2]
            self._buckets[start : start + 2] = [[a + b for a, b in zip(older, newer, strict=True)]]
            end, size = start + 1, size * 2

    def _cut_once(self) -> bool:
        """Drop everything before the cut that is most against one mean, if it is significant."""
        table = np.array(self._buckets)
        before = np.cumsum(table, axis=0)[:-1]
        if len(before) < 1:
            return False
        total = table.sum(axis=0)
        n0, n1 = before[:, 0], total[0] - before[:, 0]
        difference = np.abs(before[:, 1] / n0 - (total[1] - before[:, 1]) / n1)
        variance = max(0.0, total[2] / total[0] - (total[1] / total[0]) ** 2)
        chance = log(2 * len(before) / self.delta)
        inverse = 1 / n0 + 1 / n1
        bound = np.sqrt(2 * inverse * variance * chance) + 2 / 3 * inverse * chance * self.span
        excess = np.where((n0 >= _LEAST) & (n1 >= _LEAST), difference - bound, -1.0)
        at = int(excess.argmax())
        if excess[at] <= 0:
            return False
        del self._buckets[: at + 1]
        self.count = int(sum(bucket[0] for bucket in self._buckets))
        return True

    def state(self) -> State:
        """Return what changes, for JSON, and arrays, of which there are none."""
        return {"buckets": self._buckets, "since": self._since}, {}

    def restore(self, numbers: Mapping[str, Any], arrays: Arrays) -> None:
        """Go on where `state` was taken."""
        del arrays
        self._buckets = [[float(value) for value in bucket] for bucket in numbers["buckets"]]
        self._since = int(numbers["since"])
        self.count = int(sum(bucket[0] for bucket in self._buckets))


class PageHinkley:
    """Sums up by how much a series exceeds its mean; a large sum says that the mean has gone up.

    Page, "Continuous inspection schemes", Biometrika 41, 1954; Hinkley, "Inference about the change-point from
    cumulative sum tests", Biometrika 58, 1971: the sum of ``value - mean - tolerance``, never below zero, with the mean
    of all values since the last alarm. The change began where the sum was last zero. After an alarm the test begins
    anew with what comes: the values that raised it are high by selection. Cheaper than `Adwin`, and one-sided: that a
    mean went down it does not tell.

    Parameters
    ----------
    threshold
        The sum that is an alarm, above 0, in the series' unit.
    tolerance
        How much above its mean the series may be for ever, 0 or more.
    least
        No alarm before so many values.

    Attributes
    ----------
    count
        How many values have come since the last change, from where it began.

    Raises
    ------
    DataError
        If a parameter is outside its range.

    Examples
    --------
    >>> detector = PageHinkley(threshold=5.0)
    >>> [at for at in range(300) if detector.add(float(at >= 200))]
    [205]
    >>> detector.count
    100
    """

    _WHOLE = ("_tested", "_risen")
    _FLOATS = ("_total", "_mean", "_sum", "_risen_total")

    def __init__(self, *, threshold: float = 15.0, tolerance: float = 0.05, least: int = 30) -> None:
        if not (isfinite(threshold) and threshold > 0 and isfinite(tolerance) and tolerance >= 0 and least >= 1):
            raise DataError(
                f"Page-Hinkley with threshold {threshold}, tolerance {tolerance}, at least {least} values: above 0, "
                "0 or more, and 1 or more are needed"
            )
        self.threshold, self.tolerance, self.least = threshold, tolerance, least
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.count, self._total = 0, 0.0
        self._begin()

    def _begin(self) -> None:
        self._tested, self._mean, self._sum = 0, 0.0, 0.0
        self._risen, self._risen_total = 0, 0.0  # values since the sum was last zero, and their total

    @property
    def mean(self) -> float:
        """Mean of `count` values; NaN while there is none."""
        return self._total / self.count if self.count else float("nan")

    def add(self, value: float) -> bool:
        """Take in a value; return whether the mean has gone up."""
        self.count, self._total = self.count + 1, self._total + value
        self._tested += 1
        self._mean += (value - self._mean) / self._tested
        self._sum = max(0.0, self._sum + value - self._mean - self.tolerance)
        self._risen, self._risen_total = (self._risen + 1, self._risen_total + value) if self._sum else (0, 0.0)
        if self._tested < self.least or self._sum <= self.threshold:
            return False
        self.count, self._total = self._risen, self._risen_total
        self._begin()
        return True

    def state(self) -> State:
        """Return what changes, for JSON, and arrays, of which there are none."""
        return {name: getattr(self, name) for name in ("count", *self._FLOATS, *self._WHOLE)}, {}

    def restore(self, numbers: Mapping[str, Any], arrays: Arrays) -> None:
        """Go on where `state` was taken."""
        del arrays
        for name in ("count", *self._WHOLE):
            setattr(self, name, int(numbers[name]))
        for name in self._FLOATS:
            setattr(self, name, float(numbers[name]))


class EmbeddingDistance:
    """How far an embedding is from what training knew.

    The logarithm of the squared Mahalanobis distance to the nearest class mean, divided by the number of features:
    about 0 in
    training (Lee, Lee, Lee and Shin, "A simple unified framework for detecting out-of-distribution samples and
    adversarial attacks", NeurIPS 2018). The logarithm keeps single outliers from deciding a mean.

    Parameters
    ----------
    statistics
        The training set's.
    """

    def __init__(self, statistics: TrainingStatistics) -> None:
        covariance = statistics.covariance
        level = float(np.trace(covariance)) / statistics.features or 1.0
        values, vectors = np.linalg.eigh(covariance + 0.05 * level * np.eye(statistics.features))
        self._whiten = np.ascontiguousarray((vectors / np.sqrt(values)).T, np.float32)
        self._means = (statistics.means[statistics.counts > 0] @ self._whiten.T).astype(np.float32)
        self._features = statistics.features

    def __call__(self, embedding: npt.NDArray[np.float32]) -> float:
        """Return the distance of float32[features]."""
        difference = self._means - self._whiten @ embedding
        squared = float(np.einsum("cf,cf->c", difference, difference).min())
        return log(squared / self._features + 1e-9)
