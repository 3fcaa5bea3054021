"""A view made ready for one stream: the memory and the functions that turn samples into values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import ConfigError
from edge_runtime.features.kernels.batch import WindowBatch, batch_size
from edge_runtime.features.kernels.merge import Array
from edge_runtime.features.kernels.needs import Needs
from edge_runtime.features.kernels.panes import PaneTree
from edge_runtime.features.reference import ReferenceData
from edge_runtime.features.view import FeatureView
from edge_runtime.stream.channels import find_channels

__all__ = ["FeaturePlan"]

LARGEST_PIECE = 4096
"""The most samples that are taken in at once, unless a window is longer; it bounds the memory."""


class FeaturePlan:
    """Computes a view's values; the one code path, online and offline.

    Parameters
    ----------
    view
        What is computed.
    rate_hz
        The stream's rate.
    channels
        The stream's channels, of which the view takes its own.

    Attributes
    ----------
    columns
        Where the view's channels stand among the stream's.
    length, hop
        The window and the hop in samples.
    batch
        The most windows that `compute` takes at once.
    piece
        The most samples that may be taken in before due windows are computed.
    tree
        Statistics of panes; whoever feeds samples feeds them to it too.

    Raises
    ------
    ConfigError
        If the view makes no sense at this rate.
    DataError
        If a channel is missing.
    ToolError
        If a kernel takes a package that is not installed.
    """

    def __init__(self, view: FeatureView, rate_hz: float, channels: Sequence[str]) -> None:
        where = f"feature view {view.name}"
        self.view = view
        self.columns = find_channels(view.channels, channels, where=f"{where}: the stream")
        if view.rate is not None and view.rate != rate_hz:
            raise ConfigError(f"{where}: is made for {view.rate:g} Hz, but the stream has {rate_hz:g} Hz")
        try:
            self.length = view.window_samples(rate_hz)
            self.hop = view.hop_samples(rate_hz)
            self._kernels = [kernel.prepare(length=self.length, rate_hz=rate_hz) for kernel in view.kernels]
        except ConfigError as error:
            raise ConfigError(f"{where}: {error}") from error
        count = len(view.channels)
        self._channels = count
        needs = Needs(0)
        for kernel in view.kernels:
            needs |= kernel.needs
        self.batch = batch_size(needs, channels=count, length=self.length)
        self.piece = min(self.batch * self.hop, max(self.length, LARGEST_PIECE))
        self._windows = WindowBatch(needs, capacity=self.batch, channels=count, length=self.length)
        self.needs_samples = bool(needs & Needs.SAMPLES)
        self.tree = PaneTree(
            self._windows.needs,
            channels=count,
            length=self.length,
            hop=self.hop,
            piece=self.piece + self.length,
            batch=self.batch,
        )
        self._widths = [len(parts) for parts in view.parts]
        self._places = None if view.order == "kernel" else np.array(view.places)
        self._reference = [ReferenceData(table) for table in view.reference]
        self._outputs = np.zeros(self.batch * view.computed_size)
        self._views: dict[int, tuple[Array, list[Array]]] = {}

    def compute(
        self, first: int, windows: npt.NDArray[np.float32] | None, ends_ns: Sequence[int]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        """Compute the values of some windows; the caller has numpy's warnings of overflow and the like turned off.

        Parameters
        ----------
        first
            The first one's position; each of the others lies a hop further. The tree has been given their samples.
        windows
            float32[n, length, the view's channels], usually a view into the ring; None if no kernel needs samples.
        ends_ns
            When each window ends, for reference data; up to `batch`.

        Returns
        -------
        values
            float32[n, size], normalised if the view says so; fresh memory that belongs to the caller.
        finite
            bool[n], whether all values are finite.
        """
        count = len(ends_ns)
        outputs, parts = self._cut(count)
        self._windows.load(self.tree.summarise(first, count), count)
        if windows is not None:
            self._windows.load_samples(windows)
        for kernel, part in zip(self._kernels, parts, strict=True):
            kernel(self._windows, part)
        ordered = outputs if self._places is None else outputs[:, self._places]
        plain = ordered.astype(np.float32, order="C")
        if self._reference:
            rows = [[value for table in self._reference for value in table.as_of(at)] for at in ends_ns]
            plain = np.concatenate([plain, np.array(rows, dtype=np.float32)], axis=1)
        values = self.view.normalise(plain)
        return values, np.isfinite(values).all(axis=1)

    def _cut(self, count: int) -> tuple[Array, list[Array]]:
        """Return the outputs of `count` windows, [count, size], and each kernel's part, [count, channels, values].

        In memory a value's windows lie beside each other, as statistics do, so that kernels read and write in one go.
        """
        found = self._views.get(count)
        if found is None:
            outputs = self._outputs[: count * self.view.computed_size].reshape(-1, count)
            ends = np.cumsum([self._channels * width for width in self._widths])
            parts = [
                rows.reshape(self._channels, -1, count).transpose(2, 0, 1) for rows in np.split(outputs, ends[:-1])
            ]
            found = self._views[count] = (outputs.T, parts)
        return found
