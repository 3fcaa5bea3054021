"""Who gives labels, and how far they are believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError
from edge_runtime.learning.state import Arrays, State, refill
from edge_runtime.learning.threshold import AdaptiveThreshold

__all__ = ["Novelty", "SourceLimit", "SourceTrust", "TrustOptions"]


@dataclass(frozen=True)
class TrustOptions:
    """When a source is no longer believed.

    Parameters
    ----------
    confidence
        Chance of distrusting a source that is as good as the others, for each look, under independence.
    least
        No judgement of a source on fewer labels.
    margin
        How much less often than the others' a source's labels may agree with the best candidate.
    memory
        About how many labels of a source are remembered.

    Raises
    ------
    DataError
        If a value is outside its range.
    """

    confidence: float = 0.001
    least: int = 12
    margin: float = 0.1
    memory: float = 150.0

    def __post_init__(self) -> None:
        if not (0 < self.confidence < 1 and self.least >= 1 and 0 <= self.margin < 1 and self.memory >= 2):
            raise DataError(f"{self}: a confidence from 0 to 1, least 1, a margin from 0 to 1, memory 2 are needed")


class SourceTrust:
    """Compares each source of labels with all the others, by how often the candidates agree with it.

    Candidates that learn from many sources agree with the honest ones. A source whose labels agree with the best of
    them
    significantly less often than everybody else's is not believed any more, as a whole or for the one class that it
    gets wrong; its labels are then neither learnt nor used to judge heads, but still compared, so that it may win
    trust back. After a drift all sources disagree with the heads alike, and none loses trust. With a single
    source there is nothing to compare: then the gate alone stands behind it.

    The comparison is Hoeffding's bound on both shares (J. Amer. Statist. Assoc. 58, 1963) at faded counts.

    Parameters
    ----------
    candidates, classes
        How many there are.
    options
        When a source is no longer believed.
    """

    def __init__(self, candidates: int, classes: int, options: TrustOptions | None = None) -> None:
        self.options = options or TrustOptions()
        self._classes = classes
        self._fade = 1 - 1 / self.options.memory
        # For each source: [class, 0] is the weight of its labels, [class, 1 + candidate] of those that agreed.
        self._tables: dict[str, npt.NDArray[np.float64]] = {}
        self._shape = (classes, 1 + candidates)

    @property
    def sources(self) -> tuple[str, ...]:
        """All sources so far."""
        return tuple(self._tables)

    def add(self, source: str, label: int, votes: npt.NDArray[Any]) -> None:
        """Take in a label: what each candidate had predicted for it."""
        table = self._tables.get(source)
        if table is None:
            table = self._tables[source] = np.zeros(self._shape)
        table *= self._fade
        table[label, 0] += 1
        table[label, 1:] += votes == label

    def trusted(self, source: str, label: int) -> bool:
        """Return whether a source is believed when it gives this class."""
        if len(self._tables) < 2:
            return True
        own = self._tables[source]
        others = sum(table for name, table in self._tables.items() if name != source and self._honest(name))
        if not isinstance(others, np.ndarray):
            return True
        return not (self._worse(own.sum(axis=0), others.sum(axis=0)) or self._worse(own[label], others[label]))

    def _honest(self, source: str) -> bool:
        """Return whether a source may speak for the others: on the whole it is no worse than all together."""
        everybody = sum(self._tables.values())
        assert isinstance(everybody, np.ndarray)  # noqa: S101 - there is at least one source
        own = self._tables[source]
        return not self._worse(own.sum(axis=0), (everybody - own).sum(axis=0))

    def _worse(self, own: npt.NDArray[np.float64], others: npt.NDArray[np.float64]) -> bool:
        if min(own[0], others[0]) < self.options.least:
            return False
        best = 1 + int((own[1:] + others[1:]).argmax())
        share, usual = own[best] / own[0], others[best] / others[0]
        chance = log(2 / self.options.confidence) / 2
        doubt = sqrt(chance / own[0] + chance / others[0])
        return bool(share + doubt + self.options.margin < usual)

    def report(self) -> dict[str, dict[str, float]]:
        """Return, for each source, the weight of its labels, its best agreement, and whether it is believed."""
        return {
            name: {
                "labels": round(float(table[:, 0].sum()), 2),
                "agreement": round(float(table[:, 1:].sum(axis=0).max() / max(table[:, 0].sum(), 1e-9)), 4),
                "trusted": float(all(self.trusted(name, label) for label in range(self._classes))),
            }
            for name, table in self._tables.items()
        }

    def state(self) -> State:
        """Return the sources' names for JSON, and float64[sources, classes, 1 + candidates]."""
        tables = list(self._tables.values())
        return {"sources": list(self._tables)}, {"tables": np.array(tables) if tables else np.zeros((0, *self._shape))}

    def restore(self, numbers: Mapping[str, Any], arrays: Arrays) -> None:
        """Go on where `state` was taken; ValueError where it is of other sizes."""
        sources, tables = numbers["sources"], arrays["tables"]
        if tables.shape != (len(sources), *self._shape):
            raise ValueError(f"the sources' tables are {list(tables.shape)}")
        self._tables = {name: table.copy() for name, table in zip(sources, tables, strict=True)}


class Novelty:
    """Tells labelled embeddings apart that are far from everything known, such as what a broken sensor gives.

    Known is a running mean and variance of each element. An embedding is far if its mean squared deviation passes an
    adaptive threshold with a stated rate, so that at most about that share of all labels is ever put aside; and
    if it is alone: where many are far, the world has changed, and that must be learnt.

    Parameters
    ----------
    features
        Length of an embedding.
    rate
        The share of labels that may be put aside.
    """

    _MEMORY = 200.0
    _BURN_IN = 30
    _RECENT = 0.9  # fading of the share of far ones among the latest
    _MANY = 0.25

    def __init__(self, features: int, *, rate: float = 0.01) -> None:
        self._mean = np.zeros(features)
        self._variance = np.zeros(features)
        self._count = 0
        self._lately = 0.0
        self._threshold = AdaptiveThreshold(rate=rate, step=0.1, initial=log(4.0))

    def far(self, embedding: npt.NDArray[np.float32]) -> bool:
        """Return whether a labelled embedding is to be put aside, and take it in."""
        deviation = embedding - self._mean
        share = 1 / min(self._count + 1.0, self._MEMORY)
        level = float(self._variance.mean()) * 0.05 + 1e-12
        distance = log(float(np.mean(deviation * deviation / (self._variance + level))) + 1e-9)
        far = self._count >= self._BURN_IN and self._threshold.learn_one(distance)
        self._lately = self._RECENT * self._lately + (1 - self._RECENT) * far
        self._count += 1
        if far:
            deviation = deviation * (1 / max(1.0, sqrt(np.exp(distance))))
        self._mean += share * deviation
        self._variance += share * (deviation * deviation * (1 - share) - self._variance)
        return bool(far and self._lately < self._MANY)

    def state(self) -> State:
        """Return numbers for JSON, and arrays."""
        numbers = {"count": self._count, "lately": self._lately, "threshold": self._threshold.state()}
        return numbers, {"mean": self._mean, "variance": self._variance}

    def restore(self, numbers: Mapping[str, Any], arrays: Arrays) -> None:
        """Go on where `state` was taken; ValueError where it is of another size."""
        self._count, self._lately = int(numbers["count"]), float(numbers["lately"])
        self._threshold.restore(dict(numbers["threshold"]))
        refill(self.state()[1], arrays)


class SourceLimit:
    """Limits how fast each source may give labels: a token bucket of its own for each.

    Parameters
    ----------
    per_minute
        Labels a minute that a source may give for ever.
    burst
        Labels that it may give at once.

    Raises
    ------
    DataError
        If a number is not above 0.
    """

    def __init__(self, *, per_minute: float = 600.0, burst: float = 1000.0) -> None:
        if not (per_minute > 0 and burst >= 1):
            raise DataError(f"{per_minute} labels a minute in bursts of {burst}: above 0 and at least 1 are needed")
        self._per_ns = per_minute / 60e9
        self._burst = float(burst)
        self._buckets: dict[str, tuple[float, int]] = {}

    def admit(self, source: str, now_ns: int) -> bool:
        """Return whether a source may give one more label now."""
        tokens, before = self._buckets.get(source, (self._burst, now_ns))
        tokens = min(self._burst, tokens + max(0, now_ns - before) * self._per_ns)
        admitted = tokens >= 1
        self._buckets[source] = tokens - admitted, max(now_ns, before)
        return admitted
