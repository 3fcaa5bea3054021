"""What a pipeline counts and measures, in memory that does not grow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Durations", "Quantiles", "quantiles_of"]


@dataclass(frozen=True)
class Quantiles:
    """Durations in milliseconds; all 0 where none was measured."""

    p50_ms: float
    p99_ms: float
    max_ms: float


class Durations:
    """The newest durations, as many as fit.

    Parameters
    ----------
    capacity
        How many are kept.
    """

    def __init__(self, capacity: int = 65_536) -> None:
        self._seconds = np.zeros(capacity, np.float32)
        self.count = 0

    def add(self, seconds: float) -> None:
        """Take one in, over the oldest where the memory is full."""
        self._seconds[self.count % len(self._seconds)] = seconds
        self.count += 1

    def values_ms(self) -> npt.NDArray[np.float32]:
        """Return what is kept, float32[n] in milliseconds, in no particular order."""
        return self._seconds[: self.count] * np.float32(1000)

    def quantiles(self) -> Quantiles:
        """Return the middle, the 99th percentile and the longest of what is kept."""
        return quantiles_of(self.values_ms())


def quantiles_of(values_ms: npt.NDArray[Any]) -> Quantiles:
    """Return the middle, the 99th percentile and the longest of some durations in milliseconds."""
    if values_ms.size == 0:
        return Quantiles(0.0, 0.0, 0.0)
    p50, p99, longest = np.percentile(values_ms, [50, 99, 100])
    return Quantiles(round(float(p50), 4), round(float(p99), 4), round(float(longest), 4))
