"""Evidence that one head beats another: a sequential test that stays valid however often it is looked at."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Evidence", "jointly"]

_STAKES = np.arange(1, 10) / 10
"""Shares of its capital that the bettor stakes; a grid, because the size of the advantage is not known beforehand."""


class Evidence:
    """How strongly recent labels say that a challenger is better than the head that serves.

    Only labels on which exactly one of the two is right say anything (as in McNemar's paired test). On each, a
    bettor stakes a share of a fortune that the challenger is the one: ``capital *= 1 + stake * (+1 or -1)``. As
    long as the challenger is not better, that is, wins such a label with a probability of at most one half given
    everything before it, the capital is a supermartingale, whatever the classes' frequencies and whenever one
    looks (Shafer, "Testing by betting", J. R. Statist. Soc. A 184, 2021; Waudby-Smith and Ramdas, "Estimating means
    of bounded random variables by betting", J. R. Statist. Soc. B 86, 2024).

    A fortune lost long ago must not hide an advantage that begins today, after a drift: a bettor whose capital is
    below 1 begins again with 1. That makes it a CUSUM e-detector, here averaged over a grid of stakes (Shin, Ramdas
    and Rinaldo, "E-detectors: a nonparametric framework for sequential change detection", New England J. Statist.
    Data Sci. 2, 2024). What is promised is then a rate: while the challenger is not better, `value` reaches a
    threshold `c` on average not before `c` such labels have passed.

    Overlapping windows make successive labels depend on one another; the promise is then weaker than stated, the
    more the longer one activity lasts.

    Parameters
    ----------
    count
        How many challengers are paired with the head that serves.

    Attributes
    ----------
    values
        float64[count], the evidence now: 1 says nothing, 100 says that odds of 100 to 1 were beaten.

    Examples
    --------
    >>> evidence = Evidence(2)
    >>> for _ in range(10):
    ...     evidence.add(np.array([True, False]), serving=False)
    >>> (evidence.values > 100).tolist()
    [True, False]
    """

    def __init__(self, count: int = 1) -> None:
        self._capital = np.ones((count, len(_STAKES)))
        self._counts = np.zeros((2, count, len(_STAKES)), np.int64)
        self.values = np.ones(count)

    def reset(self, which: npt.NDArray[np.int64] | slice = slice(None)) -> None:
        """Forget everything, as when another head begins to serve, or all about some challengers."""
        self._capital[which], self._counts[:, which], self.values[which] = 1, 0, 1

    def wins(self, challenger: int = 0) -> int:
        """Labels that only the challenger met, since the bettor who now leads last began again."""
        return int(self._counts[0, challenger, self._capital[challenger].argmax()])

    def losses(self, challenger: int = 0) -> int:
        """Labels that only the serving head met, since the bettor who now leads last began again."""
        return int(self._counts[1, challenger, self._capital[challenger].argmax()])

    def add(
        self,
        hits: npt.NDArray[np.bool_],
        *,
        serving: bool,
        present: npt.NDArray[np.bool_] | None = None,
    ) -> None:
        """Take in one label.

        Parameters
        ----------
        hits
            bool[count]: which challengers predicted it.
        serving
            Whether the serving head did.
        present
            bool[count]: which challengers had begun when the prediction was made; None: all.
        """
        differs = hits != serving
        if present is not None:
            differs &= present
        if not differs.any():
            return
        again = (self._capital < 1) & differs[:, None]
        self._capital[again] = 1
        self._counts[:, again] = 0
        self._counts[int(serving)] += differs[:, None]
        self._capital *= 1 + _STAKES * (differs * (-1 if serving else 1))[:, None]
        self.values = self._capital.mean(axis=1)

    def state(self) -> npt.NDArray[np.float64]:
        """Return float64[3, count, stakes]: all that there is."""
        return np.stack([self._capital, *self._counts])

    def restore(self, state: npt.NDArray[np.float64]) -> None:
        """Go on where `state` was taken."""
        self._capital[:] = state[0]
        self._counts[:] = state[1:]
        self.values = self._capital.mean(axis=1)


def jointly(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the evidence for each challenger that is left when all of them were looked at.

    The closed test: a challenger is believed to be better at a threshold only where every group of challengers that it
    is in is believed to have a better one in it, and a group's evidence is its weighted mean, for that of e-detectors
    is one (Vovk and Wang, "E-values: calibration, combination and applications", Annals of Statistics 49, 2021,
    algorithm 1). Those that are not better are then a group, too, so the promise holds for all of them together. The
    first, which whoever named them expects most of, weighs as much as all the others.

    Where only one challenger has evidence, it needs as many times as much as its weight is a part of all: the first
    twice. Where all have it, as after a drift that any head can learn, none needs more than one alone.

    Parameters
    ----------
    values
        float64[challengers], the evidence for each by itself.

    Returns
    -------
    float64[challengers], none more than its own value.

    Examples
    --------
    >>> jointly(np.array([40.0, 1.0, 1.0])).tolist(), jointly(np.array([40.0, 30.0, 20.0])).tolist()
    ([20.5, 1.0, 1.0], [32.5, 25.0, 20.0])
    """
    weights = np.ones(len(values))
    weights[:1] = max(1, len(values) - 1)
    order = np.argsort(values, kind="stable")
    # The group that speaks least for a challenger is it with some of the smallest of the others.
    weight, evidence = weights[order], (weights * values)[order]
    weight_below, evidence_below = (np.concatenate([[0.0], np.cumsum(part)[:-1]]) for part in (weight, evidence))
    joint = np.empty_like(values)
    for rank, place in enumerate(order):
        below = slice(rank + 1)
        joint[place] = ((evidence[rank] + evidence_below[below]) / (weight[rank] + weight_below[below])).min()
    return joint
