"""Whoever wants to hear what happens on the device, as it happens."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import anyio
import numpy as np
import numpy.typing as npt

__all__ = ["Hub", "Listener", "Named"]

Event = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True, eq=False)
class Named:
    """Numbers with names, kept small until somebody reads them: hardly any event is ever sent.

    Parameters
    ----------
    names
        One for each row.
    values
        float32[names, …].
    """

    names: Sequence[str]
    values: npt.NDArray[np.float32]

    def as_dict(self) -> dict[str, Any]:
        """Return them by name, to four decimals; what is not finite, which JSON cannot say, is 0."""
        finite = np.where(np.isfinite(self.values), self.values, np.float32(0))
        return dict(zip(self.names, finite.astype(np.float64).round(4).tolist(), strict=True))


class Listener:
    """One who listens; what it does not take in time is dropped, the oldest first, and counted.

    Attributes
    ----------
    missed
        How many events were dropped.
    """

    def __init__(self, depth: int) -> None:
        self.missed = 0
        self._events: deque[Event] = deque()
        self._depth = depth
        self._news = anyio.Event()
        self._closed = False

    def tell(self, event: Event) -> None:
        """Queue an event."""
        if len(self._events) == self._depth:
            self._events.popleft()
            self.missed += 1
        self._events.append(event)
        self._news.set()

    def close(self) -> None:
        """End: `next` returns what is left, then None."""
        self._closed = True
        self._news.set()

    async def next(self) -> Event | None:
        """Return the next event, waiting for it; None at the end."""
        while not self._events:
            if self._closed:
                return None
            self._news = anyio.Event()
            await self._news.wait()
        return self._events.popleft()


class Hub:
    """Passes events on to all who listen, and keeps the newest ones of each name for those who come later.

    Nothing here waits or fails: a listener that is too slow loses events.

    Parameters
    ----------
    kept
        How many events of each name are kept.
    depth
        How many events wait for one listener at most.
    """

    def __init__(self, *, kept: int = 600, depth: int = 2000) -> None:
        self._kept = kept
        self._depth = depth
        self._recent: dict[str, deque[Event]] = {}
        self._listeners: set[Listener] = set()
        self._closed = False

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    def tell(self, name: str, value: Mapping[str, Any]) -> None:
        """Pass an event on; call it from the event loop's thread."""
        event = (name, value)
        self._recent.setdefault(name, deque(maxlen=self._kept)).append(event)
        for listener in self._listeners:
            listener.tell(event)

    def recent(self) -> Iterator[Event]:
        """Return what is kept, name by name, the oldest first."""
        return (event for events in self._recent.values() for event in list(events))

    @contextmanager
    def listen(self) -> Iterator[Listener]:
        """Listen for as long as the context lasts; what is kept comes first."""
        listener = Listener(self._depth + self._kept * max(1, len(self._recent)))
        for event in self.recent():
            listener.tell(event)
        self._listeners.add(listener)
        if self._closed:
            listener.close()
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def dismiss(self) -> None:
        """Let everybody who listens now come to an end; whoever may can listen again."""
        for listener in self._listeners:
            listener.close()

    def close(self) -> None:
        """Let everybody who listens, now or later, come to an end."""
        self._closed = True
        self.dismiss()
