"""How long to wait before trying again."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

__all__ = ["Backoff"]


@dataclass
class Backoff:
    """Waits that grow, are capped, and differ from device to device ("full jitter" between a half and the whole).

    A thousand devices that lost the same broker do not come back in the same second.

    Parameters
    ----------
    first_s, longest_s
        The first wait and the cap, in seconds.
    factor
        By what the waits grow.
    random
        Draws the jitter.

    Examples
    --------
    >>> backoff = Backoff(first_s=1, longest_s=4, random=random.Random(1))
    >>> [backoff.next() <= limit for limit in (1, 2, 4, 4)]
    [True, True, True, True]
    """

    first_s: float = 0.5
    longest_s: float = 30.0
    factor: float = 2.0
    random: random.Random = field(default_factory=random.SystemRandom)
    _tries: int = 0

    def next(self) -> float:
        """Return the next wait in seconds."""
        ceiling = min(self.longest_s, self.first_s * self.factor**self._tries)
        # The exponent stops growing where the cap holds: a device may be cut off for years.
        self._tries += ceiling < self.longest_s
        return ceiling * self.random.uniform(0.5, 1.0)

    def reset(self) -> None:
        """Begin with the first wait again."""
        self._tries = 0
