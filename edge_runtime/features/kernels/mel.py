"""Mel filter banks and windows as TensorFlow's signal library defines them."""

from __future__ import annotations

import numpy as np

from edge_runtime.features.kernels.merge import Array

__all__ = ["FilterBank", "frame_window", "mel_weights"]

MEL_PER_NEPER = 1127.0
MEL_BREAK_HZ = 700.0


def _mel(hertz: Array) -> Array:
    """Return the mel scale of HTK (Young et al., "The HTK Book", section 5.4)."""
    mel: Array = MEL_PER_NEPER * np.log1p(hertz / MEL_BREAK_HZ)
    return mel


def mel_weights(*, bands: int, bins: int, rate_hz: float, low_hz: float, high_hz: float) -> Array:
    """Return the triangular filters of ``tf.signal.linear_to_mel_weight_matrix``.

    Their corners lie evenly on the mel scale, and so do their slopes; bin 0 belongs to none.

    Parameters
    ----------
    bands
        How many filters.
    bins
        Bins of the spectrum, from 0 Hz to half the rate.
    rate_hz, low_hz, high_hz
        The rate, and where the filters begin and end.

    Returns
    -------
    float64[bins, bands]
    """
    mels = _mel(np.linspace(0.0, rate_hz / 2, bins)[1:])[:, None]
    low, high = _mel(np.array([low_hz, high_hz]))
    corners = np.linspace(low, high, bands + 2)
    lower, middle, upper = corners[:-2], corners[1:-1], corners[2:]
    rising = (mels - lower) / (middle - lower)
    falling = (upper - mels) / (upper - middle)
    weights = np.zeros((bins, bands))
    weights[1:] = np.maximum(0.0, np.minimum(rising, falling))
    return weights


class FilterBank:
    """Weighted sums over the last axis, each in one piece, so that the order of summation is always the same.

    A matrix product would leave the order to the linear algebra library, and to how many rows come together.

    Parameters
    ----------
    weights
        float64[filters, bins]; leading and trailing zeros cost nothing.
    """

    def __init__(self, weights: Array) -> None:
        self._filters = [self._trim(row) for row in weights]

    def __call__(self, values: Array) -> Array:
        """Return float64[..., filters] of float64[..., bins]."""
        result = np.empty((*values.shape[:-1], len(self._filters)))
        for index, (span, weights) in enumerate(self._filters):
            np.add.reduce(values[..., span] * weights, axis=-1, out=result[..., index])
        return result

    @staticmethod
    def _trim(row: Array) -> tuple[slice, Array]:
        used = np.flatnonzero(row)
        span = slice(int(used[0]), int(used[-1]) + 1) if len(used) else slice(0, 0)
        return span, row[span].copy()


def frame_window(name: str, length: int) -> Array:
    """Return a frame's window: ``"hann"`` periodic, ``"hamming"`` symmetric, as the reference trainings use."""
    if name == "hann":
        hann: Array = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
        return hann
    hamming: Array = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(length) / max(1, length - 1))
    return hamming
