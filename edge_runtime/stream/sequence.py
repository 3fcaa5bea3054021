"""Items with sequence numbers, put in order: what is late within a bound takes its place, what misses is counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from edge_runtime.errors import DataError

__all__ = ["InOrder", "Sequencer"]

T = TypeVar("T")

REMEMBERED = 4096
"""How many lost numbers are remembered, to tell one that comes too late from one that comes twice."""


@dataclass(frozen=True)
class InOrder(Generic[T]):
    """An item in its place.

    Parameters
    ----------
    item
        The item.
    lost
        How many are missing before it.
    """

    item: T
    lost: int


class Sequencer(Generic[T]):
    """Gives items on in the order of their numbers, each once.

    An item that is ahead waits for those before it until `bound` others wait with it; then those that are missing are
    given up. The first item of all sets the count. Numbers may wrap.

    Parameters
    ----------
    bound
        How many items may wait at most; 0 if they cannot overtake each other, as on a serial line.
    modulus
        Where numbers wrap: ``2**32`` for a counter of 32 bits.

    Attributes
    ----------
    lost, late, duplicates, reordered
        Numbers that were given up; items that came after that, and were left out; items that came twice, and were
        left out the second time; items that came after a later one, and were put in their place.

    Raises
    ------
    DataError
        If the bound is negative or the modulus does not leave room for it.
    """

    def __init__(self, *, bound: int = 0, modulus: int = 2**32) -> None:
        if bound < 0 or modulus <= 4 * bound:
            raise DataError(f"a bound of {bound} with numbers modulo {modulus}: it must be 0 or more, and far smaller")
        self.lost = self.late = self.duplicates = self.reordered = 0
        self._bound = bound
        self._modulus = modulus
        self._next: int | None = None
        self._waiting: dict[int, T] = {}
        self._newest = -1
        self._given_up: dict[int, None] = {}

    def push(self, number: int, item: T) -> Iterator[InOrder[T]]:
        """Take in an item, and yield those whose turn it is."""
        if self._next is None:
            self._next = number
            self._newest = number - 1
        place = self._unwrap(number)
        if place < self._next:
            self._count_behind(place)
            return
        if place in self._waiting:
            self.duplicates += 1
            return
        self.reordered += place < self._newest
        self._newest = max(self._newest, place)
        self._waiting[place] = item
        yield from self._ready()
        while len(self._waiting) > self._bound:
            yield from self._give_up()

    def flush(self) -> Iterator[InOrder[T]]:
        """Yield all that waits, giving up what is missing between."""
        while self._waiting:
            yield from self._give_up()

    def restart(self) -> None:
        """Begin a new count with the next item; what waits must have been flushed."""
        self._next = None
        self._waiting.clear()
        self._given_up.clear()

    def _unwrap(self, number: int) -> int:
        """Return the count, without wrapping, that is nearest to the next one."""
        expected = self._next or 0
        half = self._modulus // 2
        return expected + (number - expected + half) % self._modulus - half

    def _count_behind(self, place: int) -> None:
        if place in self._given_up:
            del self._given_up[place]
            self.late += 1
        else:
            self.duplicates += 1

    def _ready(self, lost: int = 0) -> Iterator[InOrder[T]]:
        while self._next in self._waiting:
            item = self._waiting.pop(self._next)
            self._next += 1
            yield InOrder(item, lost)
            lost = 0

    def _give_up(self) -> Iterator[InOrder[T]]:
        first, expected = min(self._waiting), self._next or 0
        missing = first - expected
        self.lost += missing
        for place in range(max(expected, first - REMEMBERED), first):
            self._given_up[place] = None
        while len(self._given_up) > REMEMBERED:
            del self._given_up[next(iter(self._given_up))]
        self._next = first
        yield from self._ready(missing)
