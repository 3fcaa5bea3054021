"""A view that several pipelines want over one stream: computed once, by whichever of them comes first."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from edge_runtime.features.compute import FeatureComputer, FeatureWindow
from edge_runtime.features.policy import FeatureCounts
from edge_runtime.stream.block import Block

__all__ = ["KEPT_BLOCKS", "SharedView", "ViewReader"]

KEPT_BLOCKS = 64
"""How many blocks' windows are kept for readers that are behind; the queues before them hold fewer."""


class SharedView:
    """Computes a view for several readers, each of which is given the same blocks in a thread of its own.

    Parameters
    ----------
    make
        Makes what computes it.

    Attributes
    ----------
    computed
        Blocks that were computed.
    """

    def __init__(self, make: Callable[[], FeatureComputer]) -> None:
        self.computer = make()
        self.computed = 0
        self._lock = threading.Lock()
        self._kept: deque[tuple[Block, list[FeatureWindow]]] = deque(maxlen=KEPT_BLOCKS)

    def reader(self) -> ViewReader:
        """Return a place from which to read."""
        return ViewReader(self)

    def windows(self, block: Block, after: int) -> tuple[list[FeatureWindow], int]:
        """Return a block's windows and its number, looking for it behind the block of number `after`."""
        with self._lock:
            first = self.computed - len(self._kept)
            for number in range(max(after + 1, first), self.computed):
                kept, windows = self._kept[number - first]
                if kept is block:
                    return windows, number
            windows = self.computer.push(block)
            self._kept.append((block, windows))
            self.computed += 1
            return windows, self.computed - 1


class ViewReader:
    """One of a shared view's readers; stands where a `FeatureComputer` does.

    Parameters
    ----------
    shared
        The view.
    """

    def __init__(self, shared: SharedView) -> None:
        self._shared = shared
        self._last = -1

    @property
    def counts(self) -> FeatureCounts:
        """What has been delivered, left out and missed so far, by all of the view's readers together."""
        return self._shared.computer.counts

    @property
    def nbytes(self) -> int:
        """Bytes that the view takes, once for all readers."""
        return self._shared.computer.nbytes

    def push(self, block: Block) -> list[FeatureWindow]:
        """Take in a block, and return the windows that it completes, oldest first."""
        windows, self._last = self._shared.windows(block, self._last)
        return windows

    def push_all(self, blocks: Sequence[Block]) -> list[FeatureWindow]:
        """Take in blocks, one after the other: the other readers may be given them in other groups."""
        return [window for block in blocks for window in self.push(block)]
