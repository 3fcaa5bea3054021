"""Embeddings kept until their labels come, and labelled ones kept to compare heads on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt
from typing_extensions import Self

from edge_runtime.errors import DataError
from edge_runtime.learning.state import Arrays, State, refill

__all__ = ["BalancedMemory", "EmbeddingMemory", "LabelStatus", "LabelledMemory", "Remembered"]

_FREE, _TAKEN, _LOST = range(3)  # a prediction without a label, with one, and one that a restart has lost


class LabelStatus(str, Enum):
    """What became of a label."""

    ACCEPTED = "accepted"  #: joined to its prediction
    DUPLICATE = "duplicate"  #: the prediction has its label already
    FORGOTTEN = "forgotten"  #: the prediction was made, but its embedding has been overwritten since
    UNKNOWN = "unknown"  #: no prediction with this id was ever made
    NOT_A_CLASS = "not a class"  #: the network has no such class; the prediction still waits for its label
    TOO_MANY = "too many"  #: its source has given more labels than it may; the prediction still waits
    DISTRUSTED = "distrusted"  #: joined, but its source is not believed: neither learnt nor judged by
    NOVEL = "novel"  #: joined, but its embedding is far from everything known: judged by, not learnt


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
    votes
        int16[candidates], the classes that the heads in play would have served.
    odds
        float16[candidates, classes], the probabilities that they gave.
    t_ns
        Its time, nanoseconds since the Unix epoch, UTC: when its window ended.
    """

    id: int
    embedding: npt.NDArray[np.int8]
    predicted: int
    votes: npt.NDArray[np.int16]
    odds: npt.NDArray[np.float16]
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
    candidates, classes
        How many heads' answers are kept beside the one that was served, and over how many classes.
    first_id
        The first id to give out, so that ids go on growing after a restart.

    Raises
    ------
    DataError
        If a size is below 1 (`candidates` and `first_id`: below 0).
    """

    def __init__(
        self, capacity: int, features: int, *, candidates: int = 0, classes: int = 1, first_id: int = 0
    ) -> None:
        if min(capacity, features, classes) < 1 or candidates < 0 or first_id < 0:
            raise DataError(
                f"an embedding memory for {capacity} predictions of {features} features, {candidates} candidates over "
                f"{classes} classes, from id {first_id}: sizes must be at least 1, candidates and ids at least 0"
            )
        self._embeddings = np.zeros((capacity, features), np.int8)
        self._votes = np.zeros((capacity, candidates), np.int16)
        self._odds = np.zeros((capacity, candidates, classes), np.float16)
        self._predicted = np.zeros(capacity, np.int16)
        self._times = np.zeros((capacity, 2), np.int64)  # of the window's first and last sample
        self._taken = np.full(capacity, _FREE, np.int8)
        self._first = self._next = first_id

    @staticmethod
    def bytes_each(features: int, candidates: int, classes: int) -> int:
        """Return how many bytes one prediction takes."""
        return features + candidates * (2 + 2 * classes) + 2 + 16 + 1

    @classmethod
    def of_budget(cls, budget: int | None, capacity: int, *, features: int, candidates: int, classes: int) -> Self:
        """Return a memory of `capacity` predictions, or of as many as a budget in bytes allows.

        Raises
        ------
        DataError
            If not even one prediction fits.
        """
        each = cls.bytes_each(features, candidates, classes)
        fits = capacity if budget is None else min(capacity, budget // each)
        if fits < 1:
            raise DataError(f"a memory of {budget} bytes: one prediction with its answers takes {each}")
        return cls(fits, features, candidates=candidates, classes=classes)

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
        return sum(array.nbytes for array in self._arrays().values())

    def put(
        self,
        embedding: npt.NDArray[np.int8],
        predicted: int,
        *,
        t_ns: int,
        start_ns: int | None = None,
        votes: npt.ArrayLike = (),
        odds: npt.ArrayLike = (),
    ) -> int:
        """Remember a prediction, over the oldest one where the memory is full; return its id.

        Parameters
        ----------
        embedding
            int8[features].
        predicted
            The class that was served.
        t_ns, start_ns
            Times of its window's last and first sample (None: the same), nanoseconds since the Unix epoch, UTC.
        votes, odds
            What each candidate would have served, and the probabilities that it gave.

        Raises
        ------
        DataError
            If the embedding has another shape or dtype, or the number of answers is another.
        """
        if embedding.dtype != np.int8 or embedding.shape != self._embeddings.shape[1:]:
            needed = self._embeddings.shape[1]
            raise DataError(f"an embedding is {embedding.dtype}{list(embedding.shape)}: int8[{needed}] is needed")
        given, chances = np.asarray(votes, np.int16), np.asarray(odds, np.float16)
        if given.shape != self._votes.shape[1:] or chances.size != self._odds[0].size:
            raise DataError(f"{given.size} candidates' answers: {self._votes.shape[1]} are needed, one per candidate")
        slot = self._next % self.capacity
        self._embeddings[slot], self._votes[slot] = embedding, given
        self._odds[slot] = chances.reshape(self._odds.shape[1:])
        self._predicted[slot], self._taken[slot] = predicted, _FREE
        self._times[slot] = (t_ns if start_ns is None else start_ns), t_ns
        self._next += 1
        return self._next - 1

    def status(self, prediction: int) -> LabelStatus:
        """Return what `take` would answer for this id."""
        if not 0 <= prediction < self._next:
            return LabelStatus.UNKNOWN
        if prediction < max(self._first, self._next - self.capacity):
            return LabelStatus.FORGOTTEN
        taken = self._taken[prediction % self.capacity]
        if taken == _LOST:
            return LabelStatus.FORGOTTEN
        return LabelStatus.DUPLICATE if taken else LabelStatus.ACCEPTED

    def take(self, prediction: int) -> tuple[LabelStatus, Remembered | None]:
        """Claim a prediction for its label.

        Returns
        -------
        The status, with the prediction if it is ACCEPTED. A second claim is a DUPLICATE, and one that came too
        late, or for a prediction from before a restart, is FORGOTTEN: neither is an error, labels come as they come.
        """
        status = self.status(prediction)
        if status is not LabelStatus.ACCEPTED:
            return status, None
        slot = prediction % self.capacity
        self._taken[slot] = _TAKEN
        return status, Remembered(
            prediction,
            self._embeddings[slot].copy(),
            int(self._predicted[slot]),
            self._votes[slot].copy(),
            self._odds[slot].copy(),
            int(self._times[slot, 1]),
        )

    def within(self, start_ns: int, end_ns: int) -> list[int]:
        """Return the ids of the remembered predictions whose windows lie wholly in a span of time, oldest first."""
        ids = self._remembered()
        times = self._times[ids % self.capacity]
        inside = (times[:, 0] >= start_ns) & (times[:, 1] <= end_ns)
        kept: list[int] = ids[inside].tolist()
        return kept

    def recent(self, count: int) -> npt.NDArray[np.int8]:
        """Return copies of up to `count` of the newest embeddings, int8[n, features], oldest first."""
        newest: npt.NDArray[np.int8] = self._embeddings[self._remembered()[-count:] % self.capacity]
        return newest

    def _remembered(self) -> npt.NDArray[np.int64]:
        ids = np.arange(max(self._first, self._next - self.capacity), self._next)
        remembered: npt.NDArray[np.int64] = ids[self._taken[ids % self.capacity] != _LOST]
        return remembered

    def _arrays(self) -> dict[str, npt.NDArray[Any]]:
        return {
            "embeddings": self._embeddings,
            "votes": self._votes,
            "odds": self._odds,
            "predicted": self._predicted,
            "times": self._times,
            "taken": self._taken,
        }

    def state(self) -> State:
        """Return numbers for JSON, and arrays."""
        return {"first": self._first, "next": self._next}, self._arrays()

    def restore(self, numbers: Mapping[str, Any], arrays: Arrays) -> None:
        """Go on where `state` was taken; ValueError where it is of a memory of other sizes."""
        refill(self._arrays(), arrays)
        self._first, self._next = int(numbers["first"]), int(numbers["next"])

    def claim(self, prediction: int) -> None:
        """Note that a prediction has its label, as a log tells of a former life."""
        if self.status(prediction) is LabelStatus.ACCEPTED:
            self._taken[prediction % self.capacity] = _TAKEN

    def release(self, prediction: int) -> None:
        """Let a prediction wait for its label again, as one that could not be written down was none."""
        if self.status(prediction) is LabelStatus.DUPLICATE:
            self._taken[prediction % self.capacity] = _FREE

    def skip_to(self, next_id: int) -> None:
        """Give out ids from `next_id` on: those between may have been given out by a process that died."""
        for identity in range(max(self._next, next_id - self.capacity), next_id):
            self._taken[identity % self.capacity] = _LOST
        self._next = max(self._next, next_id)


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

    def state(self) -> State:
        """Return numbers for JSON, of which there are none, and arrays."""
        return {}, {"embeddings": self._embeddings, "counts": self._counts}

    def restore(self, numbers: Mapping[str, Any], arrays: Arrays) -> None:
        """Go on where `state` was taken; ValueError where it is of another memory."""
        del numbers
        refill(self.state()[1], arrays)


class LabelledMemory:
    """The newest learnt labels with their embeddings, and which predictions the newest labels were for.

    Parameters
    ----------
    capacity
        How many.
    features
        Length of an embedding.
    """

    def __init__(self, capacity: int, features: int) -> None:
        self._embeddings = np.zeros((capacity, features), np.int8)
        self._labels = np.zeros(capacity, np.int64)
        self._predictions = np.full(capacity, -1, np.int64)
        self._noted = np.full(capacity, -1, np.int64)
        self._count = self._notes = 0

    def note(self, prediction: int) -> None:
        """Note that a label came for a prediction, learnt or not."""
        self._noted[self._notes % len(self._noted)] = prediction
        self._notes += 1

    def prediction_before(self, labels: int) -> int:
        """Return the prediction that the label was for which came so many labels ago (the last one: 1)."""
        back = min(labels, self._notes, len(self._noted))
        return int(self._noted[(self._notes - back) % len(self._noted)])

    def add(self, prediction: int, embedding: npt.NDArray[np.int8], label: int) -> None:
        """Keep a label, over the oldest one where the memory is full."""
        slot = self._count % len(self._labels)
        self._embeddings[slot], self._labels[slot], self._predictions[slot] = embedding, label, prediction
        self._count += 1

    def since(self, prediction: int) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int64]]:
        """Return ``(embeddings int8[n, features], labels int64[n])`` of predictions from this one on, as they came."""
        order = np.arange(max(0, self._count - len(self._labels)), self._count) % len(self._labels)
        kept = order[self._predictions[order] >= prediction]
        return self._embeddings[kept], self._labels[kept]

    def state(self) -> State:
        """Return numbers for JSON, and arrays."""
        arrays: Arrays = {"embeddings": self._embeddings, "labels": self._labels}
        noted: Arrays = {"predictions": self._predictions, "noted": self._noted}
        return {"count": self._count, "notes": self._notes}, {**arrays, **noted}

    def restore(self, numbers: Mapping[str, Any], arrays: Arrays) -> None:
        """Go on where `state` was taken; ValueError where it is of another memory."""
        refill(self.state()[1], arrays)
        self._count, self._notes = int(numbers["count"]), int(numbers["notes"])
