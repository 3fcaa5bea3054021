"""A rate limit: so many a second, with a burst."""

from __future__ import annotations

from collections.abc import Callable

import anyio

__all__ = ["RateLimit"]


class RateLimit:
    """A token bucket.

    Parameters
    ----------
    per_second
        How much may pass in a second in the long run.
    burst
        How much may pass at once; None: a second's worth.
    clock
        Seconds, on any clock that only goes forward.
    """

    def __init__(
        self, per_second: float, *, burst: float | None = None, clock: Callable[[], float] | None = None
    ) -> None:
        self._per_second = per_second
        self._burst = max(1.0, per_second if burst is None else burst)
        self._clock = clock or anyio.current_time
        self._tokens = self._burst
        self._at: float | None = None

    def reserve(self, amount: float) -> float:
        """Take `amount` and return how many seconds to wait before using it; more than the burst is taken on credit."""
        now = self._clock()
        elapsed = 0.0 if self._at is None else now - self._at
        self._at = now
        self._tokens = min(self._burst, self._tokens + elapsed * self._per_second) - amount
        return max(0.0, -self._tokens / self._per_second)

    async def wait(self, amount: float) -> None:
        """Wait until `amount` may pass."""
        seconds = self.reserve(amount)
        if seconds > 0:
            await anyio.sleep(seconds)
