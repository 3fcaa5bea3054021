"""The head seam: a linear last layer that learns while it serves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from typing_extensions import Self

from edge_runtime.errors import DataError, StateError
from edge_runtime.learning.state import pack, unpack

__all__ = ["Head", "Targets", "describe", "linear_of_means"]

Targets = npt.NDArray[Any]
"""int64[n] classes, or float32[n, outputs] for a head that learns numbers."""

_FLOAT, _WHOLE = np.dtype(np.float32), np.dtype(np.int64)
_UNSEEN_PENALTY = 1.0
"""How far (in nats) a class that was never labelled stays below the mean of those that were."""


class Head(ABC):
    """A linear classifier over embeddings, with its own way to learn.

    Whatever a head keeps to learn from, what serves is always ``scores = weights @ embedding + bias``:
    that is what fits the last layer of the network on the accelerator.

    Samples are learnt strictly one after the other, so a head depends on the labels and their order,
    never on how they were batched: replaying a log of labels gives the very same head.

    Parameters
    ----------
    features
        Length of an embedding.
    classes
        Number of classes.

    Raises
    ------
    DataError
        If a size is not at least 1.
    """

    kind: ClassVar[str]  #: the name under which a state is saved

    def __init__(self, features: int, classes: int) -> None:
        if features < 1 or classes < 1:
            raise DataError(f"a head of {features} features and {classes} classes: both must be at least 1")
        self.features = features
        self.classes = classes

    @property
    def cumulative(self) -> bool:
        """Whether it keeps all that it learns, and is not at its best on the last few labels."""
        return False

    @abstractmethod
    def linear(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return ``(weights float32[classes, features], bias float32[classes])``, finite and not to be written to."""

    @abstractmethod
    def _learn(self, embeddings: npt.NDArray[np.float32], targets: Sequence[Any]) -> None:
        """Learn samples that have been checked, in their order; targets are as `_checked_targets` gave them."""

    @abstractmethod
    def _state(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        """Return the parameters that JSON can hold, and the arrays; together they are the whole head."""

    @classmethod
    @abstractmethod
    def _from_state(cls, parameters: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Build the head that `_state` described; KeyError, TypeError, ValueError or DataError where it cannot be."""

    def predict_many(self, embeddings: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Score embeddings.

        Parameters
        ----------
        embeddings
            float32[n, features], finite.

        Returns
        -------
        float32[n, classes]; the largest wins.

        Raises
        ------
        DataError
            If the embeddings have another shape or dtype, or are not finite.
        """
        self._check_embeddings(embeddings)
        weights, bias = self.linear()
        return embeddings @ weights.T + bias

    def learn_many(self, embeddings: npt.NDArray[np.float32], labels: Targets) -> None:
        """Learn labelled embeddings, one after the other.

        Parameters
        ----------
        embeddings
            float32[n, features], finite.
        labels
            int64[n], from 0 to ``classes - 1``; a head that learns numbers says what it takes instead.

        Raises
        ------
        DataError
            If shapes, dtypes or values are not these; nothing has been learnt then.
        """
        self._check_embeddings(embeddings)
        self._learn(embeddings, self._checked_targets(labels, len(embeddings)))

    def _checked_targets(self, targets: Targets, count: int) -> Sequence[Any]:
        """Return one target for each sample, as `_learn` takes it."""
        if targets.dtype != _WHOLE or targets.shape != (count,):
            raise DataError(f"labels are {describe(targets)}: int64[{count}] is needed, one per embedding")
        classes: list[int] = targets.tolist()
        if classes and not 0 <= min(classes) <= max(classes) < self.classes:
            raise DataError(f"labels go from {min(classes)} to {max(classes)}: this head has 0 to {self.classes - 1}")
        return classes

    def copy(self) -> Self:
        """Return an independent head with the same state."""
        return deepcopy(self)

    def to_bytes(self) -> bytes:
        """Return the whole state, versioned and checksummed."""
        parameters, arrays = self._state()
        sizes = {"features": self.features, "classes": self.classes}
        return pack(self.kind, {**sizes, **parameters}, arrays)

    @classmethod
    def from_bytes(cls, data: bytes, *, features: int, classes: int) -> Self:
        """Restore what `to_bytes` gave.

        Parameters
        ----------
        data
            The saved state.
        features, classes
            The size that the network at hand needs.

        Raises
        ------
        StateError
            If the state is damaged, of another version, of another kind of head, or of another size.
        """
        kind, parameters, arrays = unpack(data)
        if kind != cls.kind:
            raise StateError(f"the state is of kind '{kind}', not '{cls.kind}': it belongs to another kind of head")
        saved = (parameters.get("features"), parameters.get("classes"))
        if saved != (features, classes):
            raise StateError(
                f"the saved head has {saved[0]} features and {saved[1]} classes, "
                f"the network {features} and {classes}: the state belongs to another network"
            )
        try:
            head = cls._from_state(parameters, arrays)
        except (KeyError, TypeError, ValueError, DataError) as error:
            raise StateError(f"the state of kind '{kind}' is incomplete or inconsistent: {error}") from error
        if (head.features, head.classes) != (features, classes):
            raise StateError(f"the state of kind '{kind}' holds arrays of another size than it says")
        return head

    def _check_embeddings(self, embeddings: npt.NDArray[np.float32]) -> None:
        if embeddings.dtype != _FLOAT or embeddings.ndim != 2 or embeddings.shape[1] != self.features:
            raise DataError(f"embeddings are {describe(embeddings)}: float32[n, {self.features}] is needed")
        if np.count_nonzero(np.isfinite(embeddings)) != embeddings.size:
            raise DataError("embeddings hold NaN or infinity: a head learns and scores finite values only")


def describe(array: npt.NDArray[Any]) -> str:
    """Return an array's dtype and shape, for a message."""
    return f"{array.dtype}{list(array.shape)}"


def linear_of_means(
    weights: npt.NDArray[np.float64], means: npt.NDArray[np.float64], seen: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return the linear scores of Gaussian classes with one covariance, less their mean over the classes.

    What all classes have in common does not change which one wins, but would take most of the int8 range of the
    quantised outputs.

    Parameters
    ----------
    weights
        float64[classes, features]: the inverse covariance times each mean.
    means
        float64[classes, features].
    seen
        bool[classes]: which classes have had labels; the others score at most the mean, less a penalty, and never win.
    """
    weights = weights * seen[:, None]
    bias = -0.5 * np.einsum("cf,cf->c", weights, means)
    if seen.any():
        weights -= weights[seen].mean(axis=0) * seen[:, None]
        bias -= bias[seen].mean() * seen
        bias[~seen] = -_UNSEEN_PENALTY
    linear = weights.astype(np.float32), bias.astype(np.float32)
    for array in linear:
        array.flags.writeable = False
    return linear
