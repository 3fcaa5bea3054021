"""Evidence that one head beats another: a sequential test that stays valid however often it is looked at."""

from __future__ import annotations

import numpy as np

__all__ = ["Evidence"]

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

    Examples
    --------
    >>> evidence = Evidence()
    >>> for _ in range(10):
    ...     evidence.add(challenger=True, serving=False)
    >>> evidence.value > 100
    True
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything, as when another head begins to serve."""
        self._capital = np.ones_like(_STAKES)
        self._counts = np.zeros((2, len(_STAKES)), np.int64)

    @property
    def value(self) -> float:
        """The evidence now: 1 says nothing, 100 says that odds of 100 to 1 were beaten."""
        return float(self._capital.mean())

    @property
    def wins(self) -> int:
        """Labels that only the challenger met, since the bettor who now leads last began again."""
        return int(self._counts[0, self._capital.argmax()])

    @property
    def losses(self) -> int:
        """Labels that only the serving head met, since the bettor who now leads last began again."""
        return int(self._counts[1, self._capital.argmax()])

    def add(self, *, challenger: bool, serving: bool) -> None:
        """Take in one label: whether each of the two predicted it."""
        if challenger == serving:
            return
        again = self._capital < 1
        self._capital[again] = 1
        self._counts[:, again] = 0
        self._counts[0 if challenger else 1] += 1
        self._capital *= 1 + _STAKES * (1 if challenger else -1)
