"""Waiting longer and longer between attempts, with some randomness so that many devices do not come back at once."""

from __future__ import annotations

import random

import anyio

__all__ = ["Backoff"]


class Backoff:
    """Waits from `first_s` on, twice as long each time, up to `longest_s`; each wait is cut by up to a half at random.

    Parameters
    ----------
    first_s, longest_s
        Seconds.
    """

    def __init__(self, *, first_s: float = 0.1, longest_s: float = 5.0) -> None:
        self._first_s = self._next_s = first_s
        self._longest_s = longest_s

    async def wait(self) -> None:
        """Wait before the next attempt."""
        await anyio.sleep(self._next_s * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
        self._next_s = min(2 * self._next_s, self._longest_s)

    def reset(self) -> None:
        """Begin anew, after an attempt that worked."""
        self._next_s = self._first_s
