"""What embeddings looked like in training: carried by a bundle, so that a device can tell when they no longer do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
from typing_extensions import Self

from edge_runtime.errors import DataError, StateError
from edge_runtime.learning.state import pack, unpack

__all__ = ["TrainingStatistics"]

_KIND = "training statistics"
_ARRAYS = ("counts", "means", "covariance")


@dataclass(frozen=True)
class TrainingStatistics:
    """Class means and the within-class covariance of the training set's embeddings.

    Parameters
    ----------
    counts
        float64[classes]: samples of each class; 0 for a class that training never saw.
    means
        float64[classes, features], in the embeddings' real numbers.
    covariance
        float64[features, features], pooled over the classes.

    Raises
    ------
    DataError
        If the shapes do not go together, a value is not finite, or a count is negative.
    """

    counts: npt.NDArray[np.float64]
    means: npt.NDArray[np.float64]
    covariance: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        classes, features = self.means.shape if self.means.ndim == 2 else (0, 0)
        if not classes or self.counts.shape != (classes,) or self.covariance.shape != (features, features):
            raise DataError(
                f"training statistics of counts {list(self.counts.shape)}, means {list(self.means.shape)} and "
                f"covariance {list(self.covariance.shape)}: [c], [c, f] and [f, f] are needed"
            )
        finite = all(np.isfinite(array).all() for array in (self.counts, self.means, self.covariance))
        if not finite or (self.counts < 0).any() or not self.counts.any():
            raise DataError("training statistics must be finite, with counts of 0 or more, and one above 0")

    @classmethod
    def of(cls, embeddings: npt.NDArray[np.float32], labels: npt.NDArray[np.int64], *, classes: int) -> Self:
        """Take the statistics of a training set.

        Parameters
        ----------
        embeddings
            float32[n, features], as the int8 network gives them, in real numbers.
        labels
            int64[n].
        classes
            How many classes the head has.
        """
        counts = np.bincount(labels, minlength=classes).astype(np.float64)
        means = np.zeros((classes, embeddings.shape[1]))
        np.add.at(means, labels, embeddings)
        means /= np.maximum(counts, 1)[:, None]
        deviations = embeddings - means[labels]
        freedom = max(1.0, len(labels) - np.count_nonzero(counts))
        return cls(counts, means, deviations.T @ deviations / freedom)

    @property
    def features(self) -> int:
        """Length of an embedding."""
        return int(self.means.shape[1])

    @property
    def classes(self) -> int:
        """How many classes the head has."""
        return int(self.means.shape[0])

    def save(self, path: Path) -> None:
        """Write an ``.npz`` file with ``counts``, ``means`` and ``covariance``."""
        np.savez(path, counts=self.counts, means=self.means, covariance=self.covariance)

    @classmethod
    def read(cls, path: Path | BinaryIO) -> Self:
        """Read what `save` wrote, from a file's path or from an open file.

        Raises
        ------
        StateError
            If the file cannot be read, or has something else in it.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                counts, means, covariance = (file[name].astype(np.float64) for name in _ARRAYS)
                return cls(counts, means, covariance)
        except (OSError, KeyError, ValueError, TypeError, BadZipFile, DataError) as error:
            name = path if isinstance(path, Path) else "statistics.npz"
            raise StateError(
                f"{name}: no training statistics: {error}; it must be an .npz file with {', '.join(_ARRAYS)}, as "
                "TrainingStatistics.save writes it"
            ) from error

    def to_bytes(self) -> bytes:
        """Return the statistics, versioned and checksummed."""
        return pack(_KIND, {}, {"counts": self.counts, "means": self.means, "covariance": self.covariance})

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Restore what `to_bytes` gave.

        Raises
        ------
        StateError
            If the data are damaged, or something else.
        """
        kind, _, arrays = unpack(data)
        if kind != _KIND:
            raise StateError(f"the state is of kind '{kind}', not '{_KIND}'")
        try:
            return cls(arrays["counts"], arrays["means"], arrays["covariance"])
        except (KeyError, DataError) as error:
            raise StateError(f"the training statistics are incomplete or inconsistent: {error}") from error
