"""The demo's numbers: what the turn took, and what learning won back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Accuracies", "Recovery", "recovery_of"]

RESAMPLES = 10_000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Accuracies:
    """One seed's accuracies, fractions of 1, on evaluation cases alone.

    Parameters
    ----------
    before
        The frozen network before the turn.
    frozen_after, learned_after
        After the turn: the network as it was trained, and the one that has learnt.
    """

    before: float
    frozen_after: float
    learned_after: float

    @property
    def cost(self) -> float:
        """What the turn took from the frozen network."""
        return self.before - self.frozen_after

    @property
    def won_back(self) -> float:
        """What learning gave."""
        return self.learned_after - self.frozen_after

    @property
    def recovered(self) -> float | None:
        """The share of the cost that was won back; None where the turn cost nothing."""
        return self.won_back / self.cost if self.cost > 0 else None


@dataclass(frozen=True)
class Recovery:
    """What was won back over several seeds.

    Parameters
    ----------
    mean
        The seeds' mean accuracies.
    recovered
        All that was won back over all that the turn took; None where it took nothing.
    interval
        Its 95 % interval over the seeds; None for a single seed.
    """

    mean: Accuracies
    recovered: float | None
    interval: tuple[float, float] | None


def recovery_of(seeds: Sequence[Accuracies]) -> Recovery:
    """Sum up the seeds.

    The interval is the percentile bootstrap (Efron and Tibshirani, "An introduction to the bootstrap", 1993): seeds
    are drawn with replacement, and the ratio of the sums is taken anew.

    Parameters
    ----------
    seeds
        One or more.
    """
    table = np.array([[seed.before, seed.frozen_after, seed.learned_after] for seed in seeds])
    mean = Accuracies(*table.mean(axis=0).tolist())
    return Recovery(mean, mean.recovered, _interval(seeds) if len(seeds) > 1 and mean.cost > 0 else None)


def _interval(seeds: Sequence[Accuracies]) -> tuple[float, float]:
    costs = np.array([seed.cost for seed in seeds])
    won_back = np.array([seed.won_back for seed in seeds])
    drawn = np.random.default_rng(0).integers(0, len(seeds), (RESAMPLES, len(seeds)))
    cost = costs[drawn].sum(axis=1)
    ratios = won_back[drawn].sum(axis=1)[cost > 0] / cost[cost > 0]
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(ratios, [tail, 100 - tail])
    return float(low), float(high)
