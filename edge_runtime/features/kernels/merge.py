"""Statistics of pieces of a stream, and of what the pieces make together.

Central moments of parts are put together by the formulas of Pébay, "Formulas for robust, one-pass parallel
computation of covariances and arbitrary-order statistical moments", Sandia report SAND2008-6212 (2008), written for
any number of parts at once: with n parts' means taken around the mean of all, no large numbers are subtracted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.features.kernels.needs import Needs

__all__ = ["FIELDS", "Fields", "Merger"]

Array = npt.NDArray[np.float64]

FIELDS: tuple[tuple[Needs, str], ...] = (
    (Needs.MEAN, "mean"),
    (Needs.SQUARES, "squares"),
    (Needs.CUBES, "cubes"),
    (Needs.FOURTHS, "fourths"),
    (Needs.SLOPE, "slope"),
    (Needs.EXTREMA, "smallest"),
    (Needs.EXTREMA, "largest"),
    (Needs.CROSSINGS, "crossings"),
    (Needs.CROSSINGS, "edge"),
)
"""All statistics, in the order in which they are kept."""

IDENTITY = {"smallest": np.inf, "largest": -np.inf}
"""What changes nothing when it is merged with a count of 0; zero where nothing is said here."""


class Fields:
    """Names for the first axis of an array of statistics: only those that are needed are there.

    Parameters
    ----------
    needs
        What is kept.

    Attributes
    ----------
    powers
        Where squares, cubes and fourths stand, as far as they are kept: next to each other.
    """

    def __init__(self, needs: Needs) -> None:
        needs = needs.complete
        self.names = tuple(name for need, name in FIELDS if need & needs)
        self.mean, self.slope = bool(needs & Needs.MEAN), bool(needs & Needs.SLOPE)
        self.extrema, self.crossings = bool(needs & Needs.EXTREMA), bool(needs & Needs.CROSSINGS)
        first, count = int(self.mean), sum(name in self.names for name in ("squares", "cubes", "fourths"))
        self.powers = slice(first, first + count)
        self.highest_power = count + 1 if count else 0
        self.identity = np.array([IDENTITY.get(name, 0.0) for name in self.names])

    def __len__(self) -> int:
        return len(self.names)

    def split(self, array: Array) -> dict[str, Array]:
        """Return views of [fields, ...], by name."""
        return dict(zip(self.names, array, strict=True))


@dataclass(frozen=True)
class _Views:
    """Everything about a number of results, cut out once."""

    parts: Array
    given: dict[str, Array]
    out: dict[str, Array]
    whole: Array
    mean: Array
    powers: Array
    count: Array
    centre: Array
    scratch: tuple[Array, Array, Array]
    terms: Array


class Merger:
    """Merges up to `segments` parts into one, for up to `capacity` results at once, in memory of its own.

    Sums run along the last, contiguous axis in NumPy's pairwise order, which depends on `segments` alone.

    Parameters
    ----------
    fields
        Which statistics.
    channels, capacity, segments
        How many of each.
    """

    def __init__(self, fields: Fields, *, channels: int, capacity: int, segments: int) -> None:
        self.fields = fields
        self._channels, self._segments = channels, segments
        values = channels * capacity
        # Flat, and cut anew for each number of results, so that every piece is contiguous.
        self._parts = np.zeros(len(fields) * values * segments)
        self._out = np.zeros(len(fields) * values)
        self._count = np.zeros((capacity, segments))
        self._centre = np.zeros((capacity, segments))
        self._scratch = np.zeros((3, values * segments))
        self._terms = np.zeros(3 * values * segments)
        self._views: dict[int, _Views] = {}

    def views(self, results: int) -> _Views:
        """Return the memory for a number of results: parts and counts to be written, results to be read."""
        found = self._views.get(results)
        if found is None:
            found = self._views[results] = self._cut(results)
        return found

    def run(self, results: int, total: float) -> _Views:
        """Merge the parts that have been written.

        Parameters
        ----------
        results
            How many results.
        total
            How many samples each result has.
        """
        views, fields = self.views(results), self.fields
        if fields.mean:
            _merge_mean(views, total)
        if fields.slope:
            _merge_slope(views)
        if fields.highest_power:
            _merge_powers(views, fields.highest_power)
        if fields.extrema:
            np.minimum.reduce(views.given["smallest"], axis=-1, out=views.out["smallest"])
            np.maximum.reduce(views.given["largest"], axis=-1, out=views.out["largest"])
        if fields.crossings:
            np.add.reduce(views.given["crossings"], axis=-1, out=views.out["crossings"])
            views.out["edge"][...] = views.given["edge"][..., 0]
        return views

    def _cut(self, results: int) -> _Views:
        shape = (self._channels, results, self._segments)
        values, fields = self._channels * results, len(self.fields)
        parts = self._parts[: fields * values * self._segments].reshape(fields, *shape)
        out = self._out[: fields * values].reshape(fields, *shape[:2])
        named = self.fields.split(out)
        mean = named["mean"][..., None] if "mean" in named else out[:0]
        scratch = [one[: values * self._segments].reshape(shape) for one in self._scratch]
        powers = self.fields.powers
        terms = self._terms[: (powers.stop - powers.start) * values * self._segments]
        return _Views(
            parts,
            self.fields.split(parts),
            named,
            out,
            mean,
            out[powers],
            self._count[:results],
            self._centre[:results],
            (scratch[0], scratch[1], scratch[2]),
            terms.reshape(-1, *shape),
        )


def _merge_mean(views: _Views, total: float) -> None:
    """Take the mean, and leave each part's distance to it in the first scratch array."""
    distance, work, _ = views.scratch
    np.multiply(views.given["mean"], views.count, out=work)
    mean = views.out["mean"]
    np.add.reduce(work, axis=-1, out=mean)
    np.divide(mean, total, out=mean)
    np.subtract(views.given["mean"], views.mean, out=distance)


def _merge_slope(views: _Views) -> None:
    distance, work, _ = views.scratch
    np.multiply(distance, views.count, out=work)
    np.multiply(work, views.centre, out=work)
    np.add(work, views.given["slope"], out=work)
    np.add.reduce(work, axis=-1, out=views.out["slope"])


def _merge_powers(views: _Views, highest: int) -> None:
    """Merge the sums of powers of the distances to the mean; count * distance**2 is what they share."""
    distance, extra, shared = views.scratch
    given, terms = views.given, views.terms
    np.multiply(distance, distance, out=shared)
    np.multiply(shared, views.count, out=shared)
    if highest >= 4:
        work = terms[2]
        np.multiply(given["squares"], 6.0, out=work)
        np.add(work, shared, out=work)
        np.multiply(work, distance, out=work)
        np.multiply(given["cubes"], 4.0, out=extra)
        np.add(work, extra, out=work)
        np.multiply(work, distance, out=work)
        np.add(work, given["fourths"], out=work)
    if highest >= 3:
        work = terms[1]
        np.multiply(given["squares"], 3.0, out=work)
        np.add(work, shared, out=work)
        np.multiply(work, distance, out=work)
        np.add(work, given["cubes"], out=work)
    np.add(shared, given["squares"], out=terms[0])
    np.add.reduce(terms, axis=-1, out=views.powers)
