"""Embeddings kept until their labels come, and labelled ones kept to compare heads on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError

__all__ = ["BalancedMemory", "EmbeddingMemory", "LabelStatus", "Remembered"]


class LabelStatus(str, Enum):
    """What became of a label."""

    ACCEPTED = "accepted"  #: joined to its prediction
    DUPLICATE = "duplicate"  #: the prediction has its label already
    FORGOTTEN = "forgotten"  #: the prediction was made, but its embedding has been overwritten since
    UNKNOWN = "unknown"  #: no prediction with this id was ever made
    NOT_A_CLASS = "not a class"  #: the network has no such class; the prediction still waits for its label


@dataclass(frozen=True)
class Remembered:
    """A prediction, as it was made.

    Parameters
    ----------
    id
        Its number.
    embedding
        int8[features], a copy.
    predicted
        The class that was served.
    shadows
        int16[candidates], the classes that the heads in play would have served.
    t_ns
        Its time, nanoseconds since the Unix epoch, UTC.
    """

    id: int
    embedding: npt.NDArray[np.int8]
    predicted: int
    shadows: npt.NDArray[np.int16]
    t_ns: int


class EmbeddingMemory:
    """The last `capacity` predictions, in fixed memory, each to be claimed once by its label.

    Prediction ids are given out here: integers that grow by one.

    Parameters
    ----------
    capacity
        How many predictions are remembered: the longest label delay, in predictions.
    features
        Length of an embedding.
    candidates
        How many heads' predictions are kept beside the one that was served.
    first_id
        The first id to give out, so that ids go on growing after a restart.

    Raises
    ------
    DataError
        If a size is below 1 (`candidates` and `first_id`: below 0).
    """

    def __init__(self, capacity: int, features: int, *, candidates: int = 0, first_id: int = 0) -> None:
        if capacity < 1 or features < 1 or candidates < 0 or first_id < 0:
            raise DataError(
                f"an embedding memory for {capacity} predictions of {features} features, {candidates} candidates, "
                f"from id {first_id}: the first two must be at least 1, the others at least 0"
            )
        self._embeddings = np.zeros((capacity, features), np.int8)
        self._shadows = np.zeros((capacity, candidates), np.int16)
        self._predicted = np.zeros(capacity, np.int16)
        self._t_ns = np.zeros(capacity, np.int64)
        self._taken = np.zeros(capacity, bool)
        self._first = self._next = first_id

    @property
    def capacity(self) -> int:
        """How many predictions are remembered at most."""
        return len(self._taken)

    @property
    def next_id(self) -> int:
        """The id that the next prediction gets."""
        return self._next

    @property
    def nbytes(self) -> int:
        """Memory that the arrays take, in bytes; it never grows."""
        arrays = (self._embeddings, self._shadows, self._predicted, self._t_ns, self._taken)
        return sum(array.nbytes for array in arrays)

    def put(self, embedding: npt.NDArray[np.int8], predicted: int, *, t_ns: int, shadows: npt.ArrayLike = ()) -> int:
        """Remember a prediction, over the oldest one where the memory is full; return its id.

        Parameters
        ----------
        embedding
            int8[features].
        predicted
            The class that was served.
        t_ns
            Its time, nanoseconds since the Unix epoch, UTC.
        shadows
            What each candidate would have served.

        Raises
        ------
        DataError
            If the embedding has another shape or dtype, or the number of shadows is another.
        """
        if embedding.dtype != np.int8 or embedding.shape != self._embeddings.shape[1:]:
            needed = self._embeddings.shape[1]
            raise DataError(f"an embedding is {embedding.dtype}{list(embedding.shape)}: int8[{needed}] is needed")
        votes = np.asarray(shadows, np.int16)
        if votes.shape != self._shadows.shape[1:]:
            raise DataError(f"{votes.size} shadow predictions: {self._shadows.shape[1]} are needed, one per candidate")
        slot = self._next % self.capacity
        self._embeddings[slot], self._shadows[slot] = embedding, votes
        self._predicted[slot], self._t_ns[slot], self._taken[slot] = predicted, t_ns, False
        self._next += 1
        return self._next - 1

    def status(self, prediction: int) -> LabelStatus:
        """Return what `take` would answer for this id."""
        if not self._first <= prediction < self._next:
            return LabelStatus.UNKNOWN
        if prediction < self._next - self.capacity:
            return LabelStatus.FORGOTTEN
        return LabelStatus.DUPLICATE if self._taken[prediction % self.capacity] else LabelStatus.ACCEPTED

    def take(self, prediction: int) -> tuple[LabelStatus, Remembered | None]:
        """Claim a prediction for its label.

        Returns
        -------
        The status, with the prediction if it is ACCEPTED. A second claim is a DUPLICATE, and one that came too
        late is FORGOTTEN: neither is an error, labels come as they come.
        """
        status = self.status(prediction)
        if status is not LabelStatus.ACCEPTED:
            return status, None
        slot = prediction % self.capacity
        self._taken[slot] = True
        return status, Remembered(
            prediction,
            self._embeddings[slot].copy(),
            int(self._predicted[slot]),
            self._shadows[slot].copy(),
            int(self._t_ns[slot]),
        )

    def recent(self, count: int) -> npt.NDArray[np.int8]:
        """Return copies of up to `count` of the newest embeddings, int8[n, features], oldest first."""
        oldest = max(self._first, self._next - min(count, self.capacity))
        return np.take(self._embeddings, np.arange(oldest, self._next) % self.capacity, axis=0)


class BalancedMemory:
    """The newest few labelled embeddings of each class, whatever the classes' frequencies.

    Parameters
    ----------
    per_class
        How many of each class.
    features, classes
        The size of the head.

    Raises
    ------
    DataError
        If a size is below 1.
    """

    def __init__(self, per_class: int, features: int, classes: int) -> None:
        if min(per_class, features, classes) < 1:
            raise DataError(
                f"a memory of {per_class} x {classes} embeddings of {features} features: all must be at least 1"
            )
        self._embeddings = np.zeros((classes, per_class, features), np.int8)
        self._counts = np.zeros(classes, np.int64)

    def add(self, embedding: npt.NDArray[np.int8], label: int) -> None:
        """Keep one, over the oldest of its class where that is full."""
        self._embeddings[label, self._counts[label] % self._embeddings.shape[1]] = embedding
        self._counts[label] += 1

    def clear(self) -> None:
        """Forget all."""
        self._counts[:] = 0

    def __len__(self) -> int:
        return int(np.minimum(self._counts, self._embeddings.shape[1]).sum())

    def samples(self) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int64]]:
        """Return ``(embeddings int8[n, features], labels int64[n])``, class after class."""
        filled = np.arange(self._embeddings.shape[1]) < self._counts[:, None]
        return self._embeddings[filled], np.nonzero(filled)[0].astype(np.int64)
