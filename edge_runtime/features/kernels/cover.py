"""Which nodes of a tree of panes make a window: looked up for all windows at once, by their phase in the tree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.features.kernels.merge import Array

__all__ = ["RADIX", "CoverTable", "Placement", "cover", "levels_over"]

RADIX = 8
MOST_LEVELS = 4
"""Of nodes above the panes. A node of the fourth is 4096 panes, so that a table of all phases stays small."""


def levels_over(panes: int) -> int:
    """Return how many levels of nodes there are above the panes, for windows of that many panes."""
    level = 0
    # Two nodes' worth of panes: below that, making nodes costs more than they save.
    while level < MOST_LEVELS and 2 * RADIX ** (level + 1) <= panes:
        level += 1
    return level


def cover(first: int, end: int, *, top: int) -> list[tuple[int, int]]:
    """Return the nodes (level, index) that cover the panes from `first` to before `end`, in order.

    Examples
    --------
    >>> cover(6, 17, top=2)
    [(0, 6), (0, 7), (1, 1), (0, 16)]
    """
    left: list[tuple[int, int]] = []
    right: list[tuple[int, int]] = []
    level = 0
    while first < end and level < top:
        while first < end and first % RADIX:
            left.append((level, first))
            first += 1
        while first < end and end % RADIX:
            end -= 1
            right.append((level, end))
        first //= RADIX
        end //= RADIX
        level += 1
    left += [(level, index) for index in range(first, end)]
    return left + right[::-1]


@dataclass(frozen=True)
class Placement:
    """Where each level's nodes lie in one array of slots.

    Parameters
    ----------
    offsets, capacities
        Each level's first slot, and how many it goes round in: a power of two.
    blank
        The slot that holds nothing.
    """

    offsets: list[int]
    capacities: list[int]
    blank: int


class CoverTable:
    """The covers of all windows of one length: they repeat with the tree's largest node.

    Parameters
    ----------
    panes
        Panes in a window.
    pane
        Samples in a pane.
    stride
        Panes from a window to the next.
    placement
        Where nodes lie.

    Attributes
    ----------
    segments
        The most nodes that make a window.
    """

    def __init__(self, panes: int, *, pane: int, stride: int, placement: Placement) -> None:
        self._top = levels_over(panes)
        self._period = RADIX**self._top
        self._stride = stride
        phases = sorted({k * stride % self._period for k in range(self._period)})
        covers = {phase: cover(phase, phase + panes, top=self._top) for phase in phases}
        self.segments = max(map(len, covers.values()))
        # A blank is the node 0 of a level that has one slot: the blank one.
        self._nodes = np.zeros((self._period, 4, self.segments), dtype=np.intp)
        self._nodes[:, 3] = placement.blank
        self._sizes = np.zeros((2, self._period, self.segments))
        for phase, nodes in covers.items():
            self._enter(phase, nodes, panes, pane, placement)

    def _enter(self, phase: int, nodes: list[tuple[int, int]], panes: int, pane: int, placement: Placement) -> None:
        used = len(nodes)
        level, index = np.array(nodes).T
        ahead, shift, mask, offset = self._nodes[phase, :, :used]
        shift[...] = 3 * level
        ahead[...] = (index << shift) - phase
        mask[...] = np.array(placement.capacities)[level] - 1
        offset[...] = np.array(placement.offsets)[level]
        count, centre = self._sizes[:, phase, :used]
        count[...] = pane << shift
        centre[...] = (index + 0.5) * count - (phase + panes / 2) * pane

    def look_up(
        self, first: int, count: int, *, slots: npt.NDArray[np.intp], sizes: Array, centres: Array | None
    ) -> npt.NDArray[np.intp]:
        """Tell what makes the windows that start at pane `first` and each `stride` after the one before.

        Parameters
        ----------
        first, count
            The first window's first pane, and how many windows.
        slots, sizes, centres
            [count, segments]: written with the slots, the samples in each node, and each node's distance in samples
            from its window's middle if anyone wants to know.

        Returns
        -------
        slots
        """
        firsts = np.arange(first, first + count * self._stride, self._stride)
        phases = firsts & (self._period - 1)
        ahead, shift, mask, offset = self._nodes.take(phases, axis=0).transpose(1, 0, 2)
        np.add(ahead, firsts[:, None], out=slots)
        np.right_shift(slots, shift, out=slots)
        np.bitwise_and(slots, mask, out=slots)
        np.add(slots, offset, out=slots)
        self._sizes[0].take(phases, axis=0, out=sizes, mode="clip")
        if centres is not None:
            self._sizes[1].take(phases, axis=0, out=centres, mode="clip")
        return slots
