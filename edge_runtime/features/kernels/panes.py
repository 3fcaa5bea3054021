"""Panes: statistics of short pieces on a fixed grid, with a tree over them, so that a long window costs no more.

A pane is the greatest common divisor of window and hop, and starts at a multiple of it, counted in the stream's
absolute positions; every window is a whole number of panes. Eight neighbouring nodes of one level, from a multiple of
eight on, make a node of the next. A window is covered by the largest nodes that lie in it, from its first sample to its
last. So what is added to what follows from positions alone: neither from the blocks that samples came in, nor from
where the stream began. (Panes: Li et al., "No pane, no gain", SIGMOD Record 34(1), 2005.)
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from edge_runtime.features.kernels.cover import RADIX, CoverTable, Placement, levels_over
from edge_runtime.features.kernels.merge import Array, Fields, Merger
from edge_runtime.features.kernels.needs import Needs

__all__ = ["PaneTree"]

TARGET_VALUES = 32_768
"""A quarter of a megabyte of float64 at once stays in an ordinary second-level cache."""


class PaneTree:
    """The statistics of the newest panes, and of windows over them.

    Parameters
    ----------
    needs
        Which statistics.
    channels
        How many channels.
    length, hop
        The windows, in samples.
    piece
        The most samples that are taken in before due windows are read.
    batch
        The most windows that are read at once.

    Attributes
    ----------
    pane
        Samples in a pane.
    """

    def __init__(self, needs: Needs, *, channels: int, length: int, hop: int, piece: int, batch: int) -> None:
        self.pane = math.gcd(length, hop)
        self._length = length
        self._panes = length // self.pane
        self._channels = channels
        self._top = levels_over(self._panes)
        self._fields = Fields(needs)
        self._lay_out(self._panes + piece // self.pane + 2)
        self._at_once = max(1, TARGET_VALUES // (channels * self.pane))
        placement = Placement(self._offset, self._capacity, self._blank)
        self._covers = CoverTable(self._panes, pane=self.pane, stride=hop // self.pane, placement=placement)
        segments = self._covers.segments
        self._queries = Merger(self._fields, channels=channels, capacity=batch, segments=segments)
        self._slots = np.zeros((batch, segments), dtype=np.intp)
        self._builder = Merger(self._fields, channels=channels, capacity=RADIX * RADIX, segments=RADIX)
        self._fresh = _FreshPanes(self._fields, channels=channels, pane=self.pane, at_once=self._at_once)
        self._next = [0] * (self._top + 1)

    @property
    def nbytes(self) -> int:
        """Bytes that the nodes take, now and for ever."""
        return self._nodes.nbytes

    def restart(self, position: int) -> None:
        """Begin at a position of the stream; what was there before is forgotten."""
        index = -(-position // self.pane)
        for level in range(self._top + 1):
            self._next[level] = index
            index = -(-index // RADIX)
        self._fresh.restart()

    def pending(self, end: int) -> tuple[int, int]:
        """Return from where to where samples are wanted, if `end` is the position after the newest one."""
        return self._next[0] * self.pane, end // self.pane * self.pane

    def extend(self, samples: npt.NDArray[np.float32]) -> None:
        """Take in the samples that `pending` asked for, float32[n, channels]."""
        for at in range(0, len(samples) // self.pane, self._at_once):
            part = samples[at * self.pane : (at + self._at_once) * self.pane]
            self._write(0, self._fresh.summarise(part))
        for level in range(1, self._top + 1):
            self._build(level)

    def summarise(self, first: int, count: int) -> dict[str, Array]:
        """Return the statistics of `count` windows, each a hop after the one before.

        Parameters
        ----------
        first
            Where the first one starts, a multiple of the hop.
        count
            How many.

        Returns
        -------
        float64[channels, windows] by name; memory that the next call writes anew
        """
        views = self._queries.views(count)
        slots = self._covers.look_up(
            first // self.pane,
            count,
            slots=self._slots[:count],
            sizes=views.count,
            centres=views.centre if self._fields.slope else None,
        )
        np.take(self._nodes, slots, axis=2, out=views.parts, mode="clip")
        self._queries.run(count, float(self._length))
        if self._fields.crossings:
            # The step from the sample before the window to its first one is none of the window's.
            np.subtract(views.out["crossings"], views.out["edge"], out=views.out["crossings"])
        return views.out

    def _lay_out(self, panes: int) -> None:
        """Give each level a ring of slots, a power of two of them; the last slot of all is the identity."""
        self._capacity: list[int] = []
        self._offset: list[int] = []
        slots = 0
        for level in range(self._top + 1):
            self._offset.append(slots)
            groups = panes // RADIX ** (level + 1) + 3
            self._capacity.append(RADIX << (groups - 1).bit_length())
            slots += self._capacity[-1]
        self._nodes = np.zeros((len(self._fields), self._channels, slots + 1))
        self._nodes[:, :, -1] = self._fields.identity[:, None]
        self._blank = slots

    def _write(self, level: int, values: Array) -> None:
        """Append nodes, [fields, channels, n], to a level."""
        offset, capacity, index = self._offset[level], self._capacity[level], self._next[level]
        count = values.shape[2]
        at = index % capacity
        before_wrap = min(count, capacity - at)
        self._nodes[:, :, offset + at : offset + at + before_wrap] = values[:, :, :before_wrap]
        if before_wrap < count:
            self._nodes[:, :, offset : offset + count - before_wrap] = values[:, :, before_wrap:]
        self._next[level] = index + count

    def _build(self, level: int) -> None:
        """Make all nodes of a level whose eight children are there."""
        offset, capacity = self._offset[level - 1], self._capacity[level - 1]
        while (ready := self._next[level - 1] // RADIX - self._next[level]) > 0:
            at = self._next[level] * RADIX % capacity
            count = min(ready, (capacity - at) // RADIX, RADIX * RADIX)
            children = self._nodes[:, :, offset + at : offset + at + count * RADIX]
            views = self._builder.views(count)
            views.parts[...] = children.reshape(len(self._fields), self._channels, count, RADIX)
            size = self.pane * RADIX ** (level - 1)
            views.count[...] = size
            if self._fields.slope:
                views.centre[...] = (np.arange(RADIX) - (RADIX - 1) / 2) * size
            self._builder.run(count, float(size * RADIX))
            self._write(level, views.whole)


class _FreshPanes:
    """Computes the statistics of panes from their samples, each sum along one contiguous pane."""

    def __init__(self, fields: Fields, *, channels: int, pane: int, at_once: int) -> None:
        self._fields = fields
        self._channels, self._pane = channels, pane
        size = channels * at_once * pane
        self._values = np.zeros(size)
        self._distance = np.zeros(size)
        self._terms = np.zeros(max(1, fields.highest_power - 1) * size)
        self._above = np.zeros((channels, at_once * pane + 1), dtype=np.bool_)
        self._changes = np.zeros(size, dtype=np.bool_)
        self._centre = np.arange(pane) - (pane - 1) / 2
        self._out = np.zeros(len(fields) * channels * at_once)
        self._views: dict[int, tuple[Array, Array, Array, Array]] = {}
        self._started = False

    def restart(self) -> None:
        """Forget the sample before."""
        self._started = False

    def summarise(self, samples: npt.NDArray[np.float32]) -> Array:
        """Return [fields, channels, panes] of float32[panes * pane, channels]."""
        fields, count = self._fields, len(samples) // self._pane
        values, distance, terms, whole = self._cut(count)
        values[...] = samples.reshape(count, self._pane, -1).transpose(2, 0, 1)
        out = fields.split(whole)
        if fields.mean:
            np.add.reduce(values, axis=-1, out=out["mean"])
            np.divide(out["mean"], self._pane, out=out["mean"])
            np.subtract(values, out["mean"][..., None], out=distance)
        if fields.slope:
            np.multiply(distance, self._centre, out=terms[0])
            np.add.reduce(terms[0], axis=-1, out=out["slope"])
        if fields.highest_power:
            np.multiply(distance, distance, out=terms[0])
            for power in range(1, fields.highest_power - 1):
                np.multiply(terms[power - 1], distance, out=terms[power])
            np.add.reduce(terms[: fields.highest_power - 1], axis=-1, out=whole[fields.powers])
        if fields.extrema:
            np.minimum.reduce(values, axis=-1, out=out["smallest"])
            np.maximum.reduce(values, axis=-1, out=out["largest"])
        if fields.crossings:
            self._count_crossings(values, out, count)
        return whole

    def _cut(self, count: int) -> tuple[Array, Array, Array, Array]:
        """Return the memory for a number of panes, each piece contiguous."""
        found = self._views.get(count)
        if found is None:
            shape = (self._channels, count, self._pane)
            size = self._channels * count * self._pane
            terms = max(1, self._fields.highest_power - 1)
            found = self._views[count] = (
                self._values[:size].reshape(shape),
                self._distance[:size].reshape(shape),
                self._terms[: terms * size].reshape(terms, *shape),
                self._out[: len(self._fields) * self._channels * count].reshape(-1, *shape[:2]),
            )
        return found

    def _count_crossings(self, values: Array, out: dict[str, Array], count: int) -> None:
        """Count the samples that lie on another side of zero than the sample before; zero counts as above."""
        samples = count * self._pane
        above = self._above[:, : samples + 1]
        changes = self._changes[: self._channels * samples].reshape(self._channels, samples)
        np.greater_equal(values.reshape(self._channels, samples), 0.0, out=above[:, 1:])
        if not self._started:
            above[:, 0] = above[:, 1]
            self._started = True
        np.not_equal(above[:, 1:], above[:, :-1], out=changes)
        by_pane = changes.reshape(self._channels, count, self._pane)
        np.add.reduce(by_pane, axis=-1, dtype=np.float64, out=out["crossings"])
        out["edge"][...] = by_pane[:, :, 0]
        above[:, 0] = above[:, samples]
