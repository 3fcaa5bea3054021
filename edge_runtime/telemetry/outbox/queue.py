"""Records that are ready to be sent: the highest priority first, then the oldest."""

from __future__ import annotations

import heapq
from collections.abc import Collection

from edge_runtime.telemetry.outbox.spool import Item

__all__ = ["ReadyQueue"]


class ReadyQueue:
    """A heap of items that holds each sequence number once, and from which any can be taken out.

    Examples
    --------
    >>> queue = ReadyQueue()
    >>> for seq, priority in [(1, 0), (2, 5), (3, 0)]:
    ...     queue.add(Item(seq, priority, 0, b""))
    >>> queue.discard({3})
    >>> [item.seq for item in queue.pop(9)]
    [2, 1]
    """

    def __init__(self) -> None:
        self._heap: list[tuple[int, int]] = []
        self._items: dict[int, Item] = {}

    def __len__(self) -> int:
        return len(self._items)

    def add(self, item: Item) -> None:
        """Add an item, unless it is there."""
        if item.seq not in self._items:
            self._items[item.seq] = item
            heapq.heappush(self._heap, (-item.priority, item.seq))

    def discard(self, numbers: Collection[int]) -> None:
        """Take out the items with these sequence numbers, where they are there."""
        for seq in numbers:
            self._items.pop(seq, None)

    def pop(self, limit: int) -> list[Item]:
        """Take out the first `limit` items, or all."""
        taken: list[Item] = []
        while self._items and len(taken) < limit:
            _, seq = heapq.heappop(self._heap)
            item = self._items.pop(seq, None)
            if item is not None:
                taken.append(item)
        return taken
