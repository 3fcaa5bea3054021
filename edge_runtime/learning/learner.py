"""Ties the room together: predictions and labels in, decisions and the head that serves out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError, FitError, StateError
from edge_runtime.learning.asking import Asking
from edge_runtime.learning.base import Head
from edge_runtime.learning.challengers import default_challengers
from edge_runtime.learning.contest import PUSHED, SERVED, Contest
from edge_runtime.learning.evaluation import Quality, known
from edge_runtime.learning.events import Command, CommandEvent, Event, HeadEvent, LabelEvent, ReserveEvent, ShiftEvent
from edge_runtime.learning.frozen import FrozenHead, checked_linear
from edge_runtime.learning.gate import Decision, GateOptions
from edge_runtime.learning.labels import GivenLabel, LabelJoin, LabelOutcome
from edge_runtime.learning.memory import EmbeddingMemory, LabelStatus
from edge_runtime.learning.options import LearnerOptions
from edge_runtime.learning.prequential import Score
from edge_runtime.learning.shift import ShiftWatch
from edge_runtime.learning.startup import StartUpWatch
from edge_runtime.learning.statistics import TrainingStatistics
from edge_runtime.learning.trust import SourceLimit, TrustOptions

__all__ = ["Learner"]


class Learner:
    """Learns the last layer while it serves, and says which weights shall serve.

    Every prediction is remembered with what each candidate would have answered at that very moment. When its label
    comes, each is judged by that answer, and only then do the challengers learn it: test, then train, with the
    label's delay in between, as if each candidate had been serving (Grzenda, Gomes and Bifet, "Delayed labelling
    evaluation for data streams", Data Mining and Knowledge Discovery 34, 2020). Judging by the weights at the
    label's arrival would favour heads that have just learnt the windows next to it.

    What serves is a snapshot. It changes when the gate promotes a challenger or rolls back; and while a challenger
    serves, every few labels and when labels pause, it goes on with the weights it has learnt since, unless the
    held-out memory speaks against them. Load what `served_linear` gives before the next prediction is handed in: the
    gate takes that prediction for the new head's.

    Deterministic, without input or output, clock or randomness: the same calls give the same heads.

    Parameters
    ----------
    weights, bias
        The network's own last layer: float32[classes, features], float32[classes].
    scale, zero_point
        Quantisation of the embeddings: ``real = scale * (stored - zero_point)``.
    challengers
        The heads that learn, by name; None: `default_challengers`.
    restarting
        Which of them begin anew when the world changes; None: those whose name ends in ``_recent``.
    statistics
        The training set's, to notice by embeddings alone that the world has changed; None: the device's first
        embeddings stand in for it, if the options say so.
    options, gate, trust
        Numbers that may stay as they are.
    journal
        Called with events before they take effect; None: nothing is written down.

    Raises
    ------
    DataError
        If the sizes do not go together, the scale is not positive, or a challenger takes a reserved name.
    """

    def __init__(  # noqa: PLR0913 - all but four may stay as they are
        self,
        weights: npt.NDArray[np.float32],
        bias: npt.NDArray[np.float32],
        *,
        scale: float,
        zero_point: int,
        challengers: Mapping[str, Head] | None = None,
        restarting: Collection[str] | None = None,
        statistics: TrainingStatistics | None = None,
        options: LearnerOptions | None = None,
        gate: GateOptions | None = None,
        trust: TrustOptions | None = None,
        journal: Callable[[Sequence[Event]], None] | None = None,
    ) -> None:
        frozen = FrozenHead(weights, bias)
        _check_fit(frozen, scale, statistics)
        learning = default_challengers(*frozen.linear(), statistics) if challengers is None else challengers
        fresh = [name for name in learning if name.endswith("_recent")] if restarting is None else restarting
        self.features, self.classes = frozen.features, frozen.classes
        self.options = options or LearnerOptions()
        self.contest = Contest(
            frozen,
            learning,
            restarting=fresh,
            scale=scale,
            zero_point=zero_point,
            options=self.options,
            gate=gate,
            trust=trust,
        )
        self.memory = EmbeddingMemory.of_budget(
            self.options.memory_bytes,
            self.options.capacity,
            features=frozen.features,
            candidates=len(self.contest.candidates) + 1,
            classes=frozen.classes,
        )
        self.watch = _watch(self.options, frozen, statistics)
        self.journal = journal
        self.before_prediction: Callable[[int], None] | None = None
        limit = SourceLimit(per_minute=self.options.labels_per_minute, burst=self.options.label_burst)
        self._join = LabelJoin(self.memory, limit)
        self.asking = Asking(self.options.ask_rate)
        self._silence = 0
        self._decisions: list[Decision] = []

    @property
    def serving(self) -> str:
        """The name of what serves: a candidate, or ``"kept"``, the snapshot of one that has begun anew."""
        return self.contest.serving

    @property
    def label_counts(self) -> dict[LabelStatus, int]:
        """How many labels met which fate, since the start."""
        return dict(self._join.counts)

    @property
    def nbytes(self) -> int:
        """Memory that heads, memories and detectors take, in bytes."""
        return self.memory.nbytes + self.contest.nbytes

    @property
    def asks(self) -> bool:
        """Whether the last prediction is so uncertain that its label is asked for."""
        return self.asking.now

    def on_prediction(
        self, embedding: npt.NDArray[np.int8], predicted: int, *, t_ns: int, start_ns: int | None = None
    ) -> int:
        """Remember a prediction as it was served; return the id by which its label shall name it.

        Where this completes a shift of the embeddings, or labels have paused while what serves does not yet know the
        last ones, `take_decisions` says what follows from it.

        Parameters
        ----------
        embedding
            int8[features], as the accelerator gave it.
        predicted
            The class that was served.
        t_ns, start_ns
            Times of the window's last and first sample (None: the same), nanoseconds since the Unix epoch, UTC.

        Raises
        ------
        DataError
            If the embedding has another shape or dtype.
        """
        if embedding.dtype != np.int8 or embedding.shape != (self.features,):
            raise DataError(
                f"an embedding is {embedding.dtype}{list(embedding.shape)}: int8[{self.features}] is needed"
            )
        if self.before_prediction is not None:
            self.before_prediction(self.memory.next_id)
        real = self.contest.real(embedding)
        votes, odds = self.contest.answers(real)
        prediction = self.memory.put(embedding, predicted, t_ns=t_ns, start_ns=start_ns, votes=votes, odds=odds)
        self.asking.consider(odds[-1], changed=self._changed_lately())
        self._silence += 1
        shift = None if self.watch is None else self.watch.add(real, prediction, predicted=predicted)
        if shift is not None:
            self._take([shift])
        if self._silence >= self.options.refresh_every and self.contest.lags:
            self._take([CommandEvent(self.memory.next_id, Command.REFRESH, "")])
        return prediction

    def on_label(self, prediction: int, label: int, *, source: str = "", now_ns: int | None = None) -> LabelOutcome:
        """Judge every candidate by a label, let the challengers learn it, and decide who serves.

        Parameters
        ----------
        prediction
            An id that `on_prediction` gave; in any order, any number of predictions later.
        label
            The true class.
        source
            Who gives it.
        now_ns
            When it came, on the clock of the predictions' times; None: with its prediction.
        """
        return self.on_labels([GivenLabel(prediction, label, source)], now_ns=now_ns)[0]

    def on_labels(self, labels: Sequence[GivenLabel], *, now_ns: int | None = None) -> list[LabelOutcome]:
        """Take labels that came together, one after the other: as `on_label`, but the journal is written once.

        Raises
        ------
        StateError
            If they cannot be written down; none is learnt then, and their predictions still wait.
        """
        known = self.contest.known_classes
        joined = [self._join.join(given, known_classes=known, now_ns=now_ns) for given in labels]
        events = [event for _, event in joined if event is not None]
        self._write_down(events)
        return [
            self._join.refused(given, status) if event is None else self._learn(event)
            for given, (status, event) in zip(labels, joined, strict=True)
        ]

    def _write_down(self, events: Sequence[LabelEvent]) -> None:
        if self.journal is None or not events:
            return
        try:
            self.journal(events)
        except StateError:
            self._join.release(events)
            raise

    def predictions_within(self, start_ns: int, end_ns: int) -> list[int]:
        """Return the predictions that a label for a span of time is about: windows that lie wholly in it."""
        return self.memory.within(start_ns, end_ns)

    def command(self, command: Command, candidate: str = "") -> list[Decision]:
        """Do what a person asks, whatever the evidence; follow the decisions that are returned.

        Raises
        ------
        DataError
            If there is no such candidate.
        FitError
            If there is no row for another class.
        """
        event = CommandEvent(self.memory.next_id, command, candidate)
        self._take([event])
        return self.take_decisions()

    def push_head(
        self, weights: npt.NDArray[np.float32], bias: npt.NDArray[np.float32], *, about: str = ""
    ) -> list[Decision]:
        """Let a head that was trained elsewhere take part, under the same gate; follow the decisions.

        It takes the place of the candidate `PUSHED`, and of the head that was pushed before it. Where that one serves,
        what serves stays as it is until the gate decides otherwise.

        Parameters
        ----------
        weights, bias
            float32[classes, features] and float32[classes], finite.
        about
            What tells this head from others, for the decision's evidence.

        Raises
        ------
        DataError
            If the head is of another size, or the learner was made without the candidate `PUSHED`.
        """
        if PUSHED not in self.contest.candidates:
            raise DataError(f"this learner takes no heads from elsewhere: it was made without a candidate '{PUSHED}'")
        weights, bias = checked_linear(weights, bias)
        if weights.shape != (self.classes, self.features):
            raise DataError(
                f"a head of {weights.shape[0]} classes and {weights.shape[1]} features: the network has "
                f"{self.classes} and {self.features}"
            )
        self._take([HeadEvent(self.memory.next_id, weights, bias, about)])
        return self.take_decisions()

    def replay(self, event: Event) -> None:
        """Repeat an event of a former life; nothing is written down, and nothing told."""
        if isinstance(event, LabelEvent):
            self._join.known(event.source)
            self._learn(event)
        elif not isinstance(event, ReserveEvent):
            # A command that was refused when it came is refused again.
            with suppress(DataError, FitError):
                self._apply(event)
        self._decisions.clear()

    def take_decisions(self) -> list[Decision]:
        """Return the decisions that no label's outcome tells of, since the last call; follow them as those."""
        decisions, self._decisions = self._decisions, []
        return decisions

    def served_linear(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return ``(weights float32[classes, features], bias float32[classes])`` that shall serve now."""
        return self.contest.served

    def recent_embeddings(self, count: int = 256) -> npt.NDArray[np.int8]:
        """Return up to `count` of the newest embeddings, int8[n, features], to quantise a head's outputs by."""
        return self.memory.recent(count)

    def scores(self) -> dict[str, Score]:
        """Return the prequential accuracy of every candidate, and under ``"served"`` of what was really served."""
        return self.contest.scores.scores()

    def quality(self, name: str) -> Quality:
        """Return how a candidate, or ``"served"``, does on recent labels.

        Raises
        ------
        DataError
            If there is no such candidate.
        """
        return self.contest.evaluation.quality(name)

    def report(self) -> dict[str, Any]:
        """Return how everybody does, as JSON takes it: for the metrics page and the store. None: not known yet.

        ``serving``, ``label_delay_s``, ``asked`` (how many labels), ``changes`` (of the world), ``bytes``,
        ``classes_added``, ``heads`` and ``sources``, each by name.
        """
        contest = self.contest
        return {
            "serving": self.serving,
            "label_delay_s": known(contest.evaluation.mean_delay_ns / 1e9),
            "asked": self.asking.count,
            "changes": contest.changes,
            "bytes": self.nbytes,
            "classes_added": list(contest.added),
            "heads": {name: self.quality(name).to_dict() for name in (*contest.candidates, SERVED)},
            "sources": {source or "unnamed": dict(numbers) for source, numbers in contest.trust.report().items()},
        }

    def head(self, name: str) -> Head:
        """Return a copy of a candidate as it is now.

        Raises
        ------
        DataError
            If there is no such candidate.
        """
        candidates = self.contest.candidates
        if name not in candidates:
            raise DataError(f"no candidate is named '{name}': there are {', '.join(candidates)}")
        return candidates[name].head.copy()

    def _changed_lately(self) -> bool:
        change = self.contest.change
        return bool(change and self.memory.next_id - change < self.memory.capacity // 4)

    def _learn(self, event: LabelEvent) -> LabelOutcome:
        self._silence = 0
        verdict = self.contest.take_label(event)
        status = LabelStatus.ACCEPTED if verdict.trusted else LabelStatus.DISTRUSTED
        if verdict.novel:
            status = LabelStatus.NOVEL
        self._join.counts[status] += 1
        self._decisions += verdict.shadows
        right = event.predicted == event.label
        return LabelOutcome(event.prediction, event.label, status, right, verdict.learnt, verdict.decision)

    def _take(self, events: Sequence[ShiftEvent | CommandEvent | HeadEvent]) -> None:
        if self.journal is not None:
            self.journal(events)
        for event in events:
            self._apply(event)

    def _apply(self, event: ShiftEvent | CommandEvent | HeadEvent) -> None:
        if isinstance(event, ShiftEvent):
            self._decisions += self.contest.take_shift(event)
        elif isinstance(event, HeadEvent):
            self._decisions += self.contest.take_head(event)
        else:
            self._decisions += self.contest.take_command(event)


def _check_fit(frozen: Head, scale: float, statistics: TrainingStatistics | None) -> None:
    """Raise DataError where what a learner is given does not go together."""
    if not (np.isfinite(scale) and scale > 0):
        raise DataError(f"the embeddings' scale is {scale}: it must be above 0")
    if statistics is not None and (statistics.features, statistics.classes) != (frozen.features, frozen.classes):
        raise DataError(
            f"training statistics of {statistics.features} features and {statistics.classes} classes: the network "
            f"has {frozen.features} and {frozen.classes}"
        )


def _watch(
    options: LearnerOptions, frozen: Head, statistics: TrainingStatistics | None
) -> ShiftWatch | StartUpWatch | None:
    """Return what notices by embeddings alone that the world has changed; None: nothing does."""
    if statistics is not None:
        return ShiftWatch(statistics)
    return StartUpWatch(options.startup, frozen.features, frozen.classes) if options.startup else None
