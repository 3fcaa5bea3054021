"""Which detector of change watches the errors of the heads, and with which numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from edge_runtime.learning.drift import Adwin, PageHinkley
from edge_runtime.learning.state import Arrays, State

__all__ = ["AdwinOptions", "ChangeDetector", "ErrorDetector", "PageHinkleyOptions"]


class ChangeDetector(Protocol):
    """Watches a series for a change of its mean.

    Attributes
    ----------
    count
        How many values have come since the last change, from where it began.
    """

    count: int

    @property
    def mean(self) -> float:
        """Mean of the values since the last change; NaN while there is none."""

    def add(self, value: float) -> bool:
        """Take in a value; return whether the mean has changed."""

    def reset(self) -> None:
        """Forget everything."""

    def state(self) -> State:
        """Return numbers for JSON, and arrays."""

    def restore(self, numbers: Mapping[str, Any], arrays: Arrays) -> None:
        """Go on where `state` was taken."""


@dataclass(frozen=True)
class AdwinOptions:
    """An `Adwin` on errors; a false alarm costs a restarted challenger, and nothing else.

    Parameters
    ----------
    delta
        Chance of a false alarm at each check, that is every eighth label.

    Raises
    ------
    DataError
        If it is not between 0 and 1.
    """

    delta: float = 0.0005

    def __post_init__(self) -> None:
        self.make()

    def make(self) -> ChangeDetector:
        """Return a new detector."""
        return Adwin(delta=self.delta)


@dataclass(frozen=True)
class PageHinkleyOptions:
    """A `PageHinkley` on errors.

    Parameters
    ----------
    threshold
        The sum of errors in excess that is an alarm.
    tolerance
        How much above its mean the share of errors may be for ever.
    least
        No alarm before so many labels.

    Raises
    ------
    DataError
        If a number is outside its range.
    """

    threshold: float = 15.0
    tolerance: float = 0.05
    least: int = 30

    def __post_init__(self) -> None:
        self.make()

    def make(self) -> ChangeDetector:
        """Return a new detector."""
        return PageHinkley(threshold=self.threshold, tolerance=self.tolerance, least=self.least)


ErrorDetector = AdwinOptions | PageHinkleyOptions
