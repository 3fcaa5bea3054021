"""How fast recorded or computed samples are handed out."""

from __future__ import annotations

import math
from typing import Literal

import anyio
import anyio.lowlevel

from edge_runtime.errors import DataError
from edge_runtime.stream.clock import NS_PER_S

__all__ = ["Pace", "Pacer"]

Pace = float | Literal["max"]
"""A factor of real time (1.0 is real time, 10.0 ten times as fast), or ``"max"``."""


class Pacer:
    """Waits until a sample of a given time is due.

    Each deadline counts from the first sample's, so that delays do not add up; whoever is late goes on
    without waiting until it has caught up.

    Parameters
    ----------
    pace
        A factor of real time, or ``"max"``.

    Raises
    ------
    DataError
        If the pace is neither ``"max"`` nor a number above 0.
    """

    def __init__(self, pace: Pace) -> None:
        if pace != "max" and not (isinstance(pace, (int, float)) and math.isfinite(pace) and pace > 0):
            raise DataError(f"the pace is {pace!r}; it must be 'max', or a factor of real time above 0")
        self._factor = math.inf if pace == "max" else float(pace)
        self._first_ns: int | None = None
        self._started_at = 0.0

    async def wait(self, *, first_ns: int, due_ns: int) -> None:
        """Wait until `due_ns`; the first call sets the clock to `first_ns` (nanoseconds of the stream's time)."""
        if self._first_ns is None:
            self._first_ns = first_ns
            self._started_at = anyio.current_time()
        # The checkpoint lets other tasks run, and be cancelled, even when nothing is waited for.
        await anyio.lowlevel.checkpoint()
        elapsed_s = (due_ns - self._first_ns) / NS_PER_S / self._factor
        if self._started_at + elapsed_s > anyio.current_time():
            await anyio.sleep_until(self._started_at + elapsed_s)
