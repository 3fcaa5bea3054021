"""A device's clock in terms of the host's: offset and drift, from arrivals that are delayed by more or less."""

from __future__ import annotations

import itertools
from collections import deque

from edge_runtime.errors import DataError
from edge_runtime.stream.clock import NS_PER_S

__all__ = ["ClockMap"]


class ClockMap:
    """Turns device times into host times.

    What arrives has been under way for at least some time, and often longer, so the truth lies along the lower edge
    of (device time, arrival - device time). Of each interval of device time the quickest arrival is kept; the lower
    convex hull of those points is made, and of its segments the one under the middle of the points is taken as the
    line: the line under all points with the least area between (Moon, Skelly, Towsley, "Estimation and removal of
    clock skew from network delay measurements", INFOCOM 1999). The least delay itself cannot be told apart from the
    offset, and stays in it.

    Parameters
    ----------
    interval_ns
        How long the intervals are.
    intervals
        How many of them are looked back at.
    largest_drift
        No clock is taken to be off by more than this share; 500 ppm is what poor crystals have over all temperatures.

    Raises
    ------
    DataError
        If a parameter is not above 0.
    """

    def __init__(self, *, interval_ns: int = NS_PER_S, intervals: int = 120, largest_drift: float = 500e-6) -> None:
        if interval_ns < 1 or intervals < 2 or not 0 < largest_drift < 1:
            raise DataError(
                f"clock map: interval_ns is {interval_ns}, intervals {intervals}, largest_drift "
                f"{largest_drift}; they must "
                "be above 0, 2 or more, and between 0 and 1"
            )
        self._interval_ns = interval_ns
        self._largest_drift = largest_drift
        self._quickest: deque[tuple[int, int]] = deque(maxlen=intervals)
        self._anchor_ns = 0
        self._offset_ns = 0.0
        self._drift = 0.0

    @property
    def drift_ppm(self) -> float:
        """How much faster the host's clock runs than the device's, in millionths."""
        return self._drift * 1e6

    @property
    def ready(self) -> bool:
        """Whether anything has been observed."""
        return bool(self._quickest)

    def observe(self, device_ns: int, arrival_ns: int) -> None:
        """Take in that something of this device time arrived at this host time."""
        delay = arrival_ns - device_ns
        interval = device_ns // self._interval_ns
        if self._quickest and self._quickest[-1][0] // self._interval_ns == interval:
            if delay >= self._quickest[-1][1]:
                return
            self._quickest[-1] = (device_ns, delay)
        else:
            self._quickest.append((device_ns, delay))
        self._fit()

    def host_ns(self, device_ns: int) -> int:
        """Return the host's time, in nanoseconds, of a device time.

        Raises
        ------
        DataError
            If nothing has been observed yet.
        """
        if not self._quickest:
            raise DataError("the clock map has observed nothing yet; observe an arrival first")
        return device_ns + round(self._offset_ns + self._drift * (device_ns - self._anchor_ns))

    def reset(self) -> None:
        """Forget everything, as after the device started anew."""
        self._quickest.clear()
        self._drift = 0.0

    def _fit(self) -> None:
        points = list(self._quickest)
        hull = _lower_hull(points)
        middle = (points[0][0] + points[-1][0]) / 2
        left, right = next(((a, b) for a, b in itertools.pairwise(hull) if b[0] >= middle), (hull[-1], hull[-1]))
        drift = (right[1] - left[1]) / (right[0] - left[0]) if right[0] > left[0] else 0.0
        # A few intervals tell delays rather than drift.
        if len(points) < 4:
            drift = 0.0
        self._drift = max(-self._largest_drift, min(self._largest_drift, drift))
        self._anchor_ns = points[-1][0]
        self._offset_ns = min(delay - self._drift * (at - self._anchor_ns) for at, delay in points)


def _lower_hull(points: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the lower convex hull of points sorted by their first coordinate (Andrew's monotone chain, 1979)."""
    hull: list[tuple[int, int]] = []
    for point in points:
        while len(hull) >= 2 and _turns_down(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    return hull


def _turns_down(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> bool:
    return (b[0] - a[0]) * (c[1] - a[1]) <= (b[1] - a[1]) * (c[0] - a[0])
