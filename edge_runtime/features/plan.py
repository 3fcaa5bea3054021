"""A view made ready for one stream: the memory and the functions that turn windows into values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import ConfigError
from edge_runtime.features.kernels.batch import WindowBatch, batch_size
from edge_runtime.features.view import FeatureView
from edge_runtime.stream.channels import find_channels

__all__ = ["FeaturePlan"]


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
    length, hop
        The window and the hop in samples.
    batch
        The most windows that `compute` takes at once.

    Raises
    ------
    ConfigError
        If the view makes no sense at this rate.
    DataError
        If a channel is missing.
    """

    def __init__(self, view: FeatureView, rate_hz: float, channels: Sequence[str]) -> None:
        where = f"feature view {view.name}"
        self.view = view
        self._columns = find_channels(view.channels, channels, where=f"{where}: the stream")
        try:
            self.length = view.window_samples(rate_hz)
            self.hop = view.hop_samples(rate_hz)
            self._kernels = [kernel.prepare(length=self.length, rate_hz=rate_hz) for kernel in view.kernels]
        except ConfigError as error:
            raise ConfigError(f"{where}: {error}") from error
        self.batch = batch_size(channels=len(view.channels), length=self.length)
        self._windows = WindowBatch(capacity=self.batch, channels=len(view.channels), length=self.length)
        self._outputs = np.zeros((self.batch, len(view.kernels), len(view.channels)))

    def compute(self, windows: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        """Compute the values of some windows.

        Parameters
        ----------
        windows
            float32[n, length, the stream's channels], n up to `batch`; usually a view into the ring.

        Returns
        -------
        values
            float32[n, size], normalised if the view says so; fresh memory that belongs to the caller.
        finite
            bool[n], whether all of the view's samples, and all its values, are finite.
        """
        outputs = self._outputs[: len(windows)]
        # Samples that are not finite are data here: they are flagged, not warned of.
        with np.errstate(over="ignore", invalid="ignore"):
            self._windows.load(windows, self._columns)
            for position, kernel in enumerate(self._kernels):
                kernel(self._windows, outputs[:, position])
            values = self.view.normalise(outputs.reshape(len(windows), -1).astype(np.float32))
        finite = np.isfinite(self._windows.mean).all(axis=1) & np.isfinite(values).all(axis=1)
        return values, finite
