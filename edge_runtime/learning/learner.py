"""Ties the room together: predictions and labels in, decisions and the head that serves out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError
from edge_runtime.learning.base import Head
from edge_runtime.learning.frozen import FrozenHead
from edge_runtime.learning.gate import Decision, DecisionKind, Gate, GateOptions, MemoryCheck
from edge_runtime.learning.memory import BalancedMemory, EmbeddingMemory, LabelStatus, Remembered
from edge_runtime.learning.prequential import Prequential, Score
from edge_runtime.learning.slda import StreamingLDA
from edge_runtime.learning.softmax import SoftmaxHead

__all__ = ["LabelOutcome", "Learner", "LearnerOptions", "default_challengers"]

_FROZEN = "frozen"
_SERVED = "served"


@dataclass(frozen=True)
class LearnerOptions:
    """What a learner keeps, and how often it does what.

    Parameters
    ----------
    capacity
        How many predictions wait for their labels: the longest label delay, in predictions.
    held_out_every
        Of each class, every so-manieth label is kept to compare heads on, and learnt by none.
    held_out_per_class
        How many of those are kept of each class.
    refresh_every
        After so many labels learnt, the head that serves goes on with its newer weights.

    Raises
    ------
    DataError
        If a number is below 1 (`held_out_every`: below 2).
    """

    capacity: int = 1024
    held_out_every: int = 6
    held_out_per_class: int = 8
    refresh_every: int = 10

    def __post_init__(self) -> None:
        if min(self.capacity, self.held_out_per_class, self.refresh_every) < 1 or self.held_out_every < 2:
            raise DataError(f"{self}: numbers must be at least 1, held_out_every at least 2")


@dataclass(frozen=True)
class LabelOutcome:
    """What became of one label.

    Parameters
    ----------
    prediction
        The id that it named.
    label
        The class that it gave.
    status
        Whether it was joined to its prediction; all else follows only if it was.
    served_right
        Whether the prediction that was served had been this class; None where it is not known.
    learnt
        False where the label was not joined, or was held out to compare heads on.
    decision
        What the gate decided on it; None where the label was not joined.
    """

    prediction: int
    label: int
    status: LabelStatus
    served_right: bool | None = None
    learnt: bool = False
    decision: Decision | None = None


def default_challengers(weights: npt.NDArray[np.float32], bias: npt.NDArray[np.float32]) -> dict[str, Head]:
    """Return the heads that learn if nothing else is said, the steadiest first.

    Parameters
    ----------
    weights, bias
        The network's own last layer, float32[classes, features] and float32[classes].
    """
    classes, features = np.shape(weights)
    return {
        "slda": StreamingLDA(features, classes),
        "slda_forgetting": StreamingLDA(features, classes, memory=20),
        "softmax": SoftmaxHead(weights, bias),
    }


class Learner:
    """Learns the last layer while it serves, and says which weights shall serve.

    Every prediction is remembered with what each candidate would have answered at that very moment. When its label
    comes, each is judged by that answer, and only then do the challengers learn it: test, then train, with the
    label's delay in between, as if each candidate had been serving (Grzenda, Gomes and Bifet, "Delayed labelling
    evaluation for data streams", Data Mining and Knowledge Discovery 34, 2020). Judging by the weights at the
    label's arrival would favour heads that have just learnt the windows next to it.

    What serves is a snapshot. It changes when the gate promotes a challenger or rolls back to the frozen head; and
    while a challenger serves, every few labels it goes on with the weights it has learnt since, unless the
    held-out memory speaks against them. Load what `served_linear` gives before the next prediction is handed in:
    the gate takes that prediction for the new head's.

    Deterministic, without input or output, clock or randomness: the same calls give the same heads.

    Parameters
    ----------
    weights, bias
        The network's own last layer: float32[classes, features], float32[classes].
    scale, zero_point
        Quantisation of the embeddings: ``real = scale * (stored - zero_point)``.
    challengers
        The heads that learn, by name; None: `default_challengers`.
    options, gate
        Numbers that may stay as they are.

    Raises
    ------
    DataError
        If the sizes do not go together, the scale is not positive, or a challenger takes a reserved name.
    """

    def __init__(
        self,
        weights: npt.NDArray[np.float32],
        bias: npt.NDArray[np.float32],
        *,
        scale: float,
        zero_point: int,
        challengers: Mapping[str, Head] | None = None,
        options: LearnerOptions | None = None,
        gate: GateOptions | None = None,
    ) -> None:
        frozen = FrozenHead(weights, bias)
        if not (np.isfinite(scale) and scale > 0):
            raise DataError(f"the embeddings' scale is {scale}: it must be above 0")
        learning = dict(default_challengers(*frozen.linear()) if challengers is None else challengers)
        _check_challengers(learning, frozen)
        self.features, self.classes = frozen.features, frozen.classes
        self._scale, self._zero_point = np.float32(scale), zero_point
        self._options = options or LearnerOptions()
        self._heads: dict[str, Head] = {_FROZEN: frozen, **learning}
        self._gate = Gate(list(self._heads), frozen=_FROZEN, options=gate)
        self._memory = EmbeddingMemory(self._options.capacity, self.features, candidates=len(self._heads))
        self._held_out = BalancedMemory(self._options.held_out_per_class, self.features, self.classes)
        self._labels_of_class = np.zeros(self.classes, np.int64)
        self._scores = {name: Prequential() for name in (_SERVED, *self._heads)}
        self._label_counts = dict.fromkeys(LabelStatus, 0)
        self._served = frozen
        self._since = 0  # the first prediction of the head that serves
        self._stale = 0  # labels learnt since the served snapshot was taken
        self._stacked: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]] | None = None

    @property
    def serving(self) -> str:
        """The name of the candidate that serves."""
        return self._gate.serving

    @property
    def label_counts(self) -> dict[LabelStatus, int]:
        """How many labels met which fate, since the start."""
        return dict(self._label_counts)

    def on_prediction(self, embedding: npt.NDArray[np.int8], predicted: int, *, t_ns: int) -> int:
        """Remember a prediction as it was served; return the id by which its label shall name it.

        Parameters
        ----------
        embedding
            int8[features], as the accelerator gave it.
        predicted
            The class that was served.
        t_ns
            The window's time, nanoseconds since the Unix epoch, UTC.

        Raises
        ------
        DataError
            If the embedding has another shape or dtype.
        """
        if embedding.dtype != np.int8 or embedding.shape != (self.features,):
            raise DataError(
                f"an embedding is {embedding.dtype}{list(embedding.shape)}: int8[{self.features}] is needed"
            )
        return self._memory.put(embedding, predicted, t_ns=t_ns, shadows=self._shadows(embedding))

    def on_label(self, prediction: int, label: int) -> LabelOutcome:
        """Judge every candidate by a label, let the challengers learn it, and decide who serves.

        Parameters
        ----------
        prediction
            An id that `on_prediction` gave; in any order, any number of predictions later.
        label
            The true class.
        """
        if not 0 <= label < self.classes:
            self._label_counts[LabelStatus.NOT_A_CLASS] += 1
            return LabelOutcome(prediction, label, LabelStatus.NOT_A_CLASS)
        status, remembered = self._memory.take(prediction)
        self._label_counts[status] += 1
        if remembered is None:
            return LabelOutcome(prediction, label, status)
        self._judge(remembered, label)
        learnt = self._learn(remembered.embedding, label)
        return LabelOutcome(prediction, label, status, remembered.predicted == label, learnt, self._decide())

    def served_linear(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return ``(weights float32[classes, features], bias float32[classes])`` that shall serve now."""
        return self._served.linear()

    def recent_embeddings(self, count: int = 256) -> npt.NDArray[np.int8]:
        """Return up to `count` of the newest embeddings, int8[n, features], to quantise a head's outputs by."""
        return self._memory.recent(count)

    def scores(self) -> dict[str, Score]:
        """Return the prequential accuracy of every candidate, and under ``"served"`` of what was really served."""
        return {name: prequential.score() for name, prequential in self._scores.items()}

    def head(self, name: str) -> Head:
        """Return a copy of a candidate as it is now.

        Raises
        ------
        DataError
            If there is no such candidate.
        """
        if name not in self._heads:
            raise DataError(f"no candidate is named '{name}': there are {', '.join(self._heads)}")
        return self._heads[name].copy()

    def _real(self, embeddings: npt.NDArray[np.int8]) -> npt.NDArray[np.float32]:
        return (embeddings.astype(np.float32) - np.float32(self._zero_point)) * self._scale

    def _shadows(self, embedding: npt.NDArray[np.int8]) -> npt.NDArray[np.int64]:
        """Return what each candidate would serve, by one product with all their weights."""
        if self._stacked is None:
            linears = [head.linear() for head in self._heads.values()]
            self._stacked = np.concatenate([w for w, _ in linears]), np.concatenate([b for _, b in linears])
        weights, bias = self._stacked
        scores = (weights @ self._real(embedding) + bias).reshape(len(self._heads), self.classes)
        votes: npt.NDArray[np.int64] = scores.argmax(axis=1)
        return votes

    def _judge(self, remembered: Remembered, label: int) -> None:
        served = remembered.predicted == label
        hits = dict(zip(self._heads, (remembered.shadows == label).tolist(), strict=True))
        for name, hit in {_SERVED: served, **hits}.items():
            self._scores[name].add(hit)
        if remembered.id >= self._since:
            self._gate.observe(hits, served=served)

    def _learn(self, embedding: npt.NDArray[np.int8], label: int) -> bool:
        self._labels_of_class[label] += 1
        if self._labels_of_class[label] % self._options.held_out_every == 0:
            self._held_out.add(embedding, label)
            return False
        embeddings, labels = self._real(embedding)[None], np.array([label], np.int64)
        for head in self._heads.values():
            head.learn_many(embeddings, labels)
        self._stacked = None
        self._stale += 1
        return True

    def _decide(self) -> Decision:
        decision = self._gate.decide(self._check)
        if decision.kind is DecisionKind.HOLD:
            return self._refresh(decision)
        self._take_snapshot()
        self._since = self._memory.next_id
        if not decision.evidence.get("memory", {"up_to_date": True})["up_to_date"]:
            # It shows a world that has gone, and would bias every later comparison.
            self._held_out.clear()
        return decision

    def _refresh(self, hold: Decision) -> Decision:
        if self.serving == _FROZEN or self._stale < self._options.refresh_every:
            return hold
        accepted, memory = self._gate.compare(self._check(self.serving))
        self._stale = 0
        if not accepted:
            return self._gate.hold({self.serving: {"memory": memory}})
        self._take_snapshot()
        return Decision(DecisionKind.REFRESH, self.serving, {"memory": memory})

    def _take_snapshot(self) -> None:
        self._served = FrozenHead(*self._heads[self.serving].linear())
        self._stale = 0

    def _check(self, name: str) -> MemoryCheck:
        """Compare a candidate's weights of now with those that serve, on the held-out memory."""
        embeddings, labels = self._held_out.samples()
        real = self._real(embeddings)
        candidate, serving = (
            int((head.predict_many(real).argmax(axis=1) == labels).sum()) for head in (self._heads[name], self._served)
        )
        return MemoryCheck(candidate, serving, len(labels))


def _check_challengers(challengers: Mapping[str, Head], frozen: Head) -> None:
    for name, head in challengers.items():
        if name in (_FROZEN, _SERVED):
            raise DataError(f"a challenger is named '{name}': that name is reserved")
        if (head.features, head.classes) != (frozen.features, frozen.classes):
            raise DataError(
                f"challenger '{name}' has {head.features} features and {head.classes} classes: "
                f"the network has {frozen.features} and {frozen.classes}"
            )
