"""The head seam: a linear last layer that learns while it serves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from typing_extensions import Self

from edge_runtime.errors import DataError, StateError
from edge_runtime.learning.state import pack, unpack

__all__ = ["Head"]


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

    @abstractmethod
    def linear(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return ``(weights float32[classes, features], bias float32[classes])``, finite and not to be written to."""

    @abstractmethod
    def _learn(self, embeddings: npt.NDArray[np.float32], labels: list[int]) -> None:
        """Learn samples that have been checked, in their order."""

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

    def learn_many(self, embeddings: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]) -> None:
        """Learn labelled embeddings, one after the other.

        Parameters
        ----------
        embeddings
            float32[n, features], finite.
        labels
            int64[n], from 0 to ``classes - 1``.

        Raises
        ------
        DataError
            If shapes, dtypes or values are not these; nothing has been learnt then.
        """
        self._check_embeddings(embeddings)
        if labels.dtype != np.int64 or labels.shape != embeddings.shape[:1]:
            raise DataError(f"labels are {_describe(labels)}: int64[{len(embeddings)}] is needed, one per embedding")
        classes = labels.tolist()
        if classes and not 0 <= min(classes) <= max(classes) < self.classes:
            raise DataError(f"labels go from {min(classes)} to {max(classes)}: this head has 0 to {self.classes - 1}")
        self._learn(embeddings, classes)

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
        if embeddings.dtype != np.float32 or embeddings.ndim != 2 or embeddings.shape[1] != self.features:
            raise DataError(f"embeddings are {_describe(embeddings)}: float32[n, {self.features}] is needed")
        if not np.isfinite(embeddings).all():
            raise DataError("embeddings hold NaN or infinity: a head learns and scores finite values only")


def _describe(array: npt.NDArray[Any]) -> str:
    return f"{array.dtype}{list(array.shape)}"
