"""Champion and challengers as one deterministic machine: events in, decisions and the weights that serve out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError, FitError
from edge_runtime.learning.base import Head
from edge_runtime.learning.candidate import Candidate, Linear
from edge_runtime.learning.evaluation import Evaluation
from edge_runtime.learning.events import Command, CommandEvent, HeadEvent, LabelEvent, ShiftEvent
from edge_runtime.learning.frozen import FrozenHead
from edge_runtime.learning.gate import Decision, DecisionKind, Gate, GateOptions, MemoryCheck
from edge_runtime.learning.memory import BalancedMemory, LabelledMemory
from edge_runtime.learning.options import LearnerOptions
from edge_runtime.learning.prequential import Prequentials
from edge_runtime.learning.standing import Ballot
from edge_runtime.learning.trust import Novelty, SourceTrust, TrustOptions

__all__ = ["FROZEN", "PUSHED", "SERVED", "Contest", "Verdict"]

FROZEN = "frozen"
SERVED = "served"
PUSHED = "pushed"
"""The candidate whose place heads take that were trained elsewhere; it is there where a learner is made with it."""

_SAME_CHANGE = 64
"""Two alarms whose changes lie within so many predictions tell of one change."""


@dataclass(frozen=True)
class Verdict:
    """What became of a label.

    Parameters
    ----------
    learnt
        Whether the challengers learnt it.
    trusted
        False where its source is not believed.
    novel
        True where its embedding is far from everything known, and was put aside.
    decision
        What the gate decided on it.
    shadows
        Which candidates began anew because of it.
    """

    learnt: bool
    trusted: bool
    novel: bool
    decision: Decision
    shadows: tuple[Decision, ...] = ()


class Contest:
    """Several heads learn, one serves. The same events give the same heads, bit for bit.

    Parameters
    ----------
    frozen
        The network's own last layer.
    challengers
        The heads that learn, by name.
    restarting
        Which of them begin anew when the world changes.
    scale, zero_point
        Quantisation of the embeddings.
    options, gate, trust
        Numbers that may stay as they are.

    Raises
    ------
    DataError
        If sizes do not go together, or a name is reserved or unknown.
    """

    def __init__(
        self,
        frozen: FrozenHead,
        challengers: Mapping[str, Head],
        *,
        restarting: Collection[str],
        scale: float,
        zero_point: int,
        options: LearnerOptions,
        gate: GateOptions | None = None,
        trust: TrustOptions | None = None,
    ) -> None:
        _check(challengers, restarting, frozen)
        self.features, self.classes = frozen.features, frozen.classes
        self.known_classes = self.classes - options.reserved_classes
        self.scale, self.zero_point = np.float32(scale), np.float32(zero_point)
        self._options = options
        self.candidates = {
            name: Candidate(head, restarts=name in restarting, refresh_every=options.refresh_every)
            for name, head in {FROZEN: frozen, **challengers}.items()
        }
        names = list(self.candidates)
        cumulative = [name for name, head in challengers.items() if head.cumulative]
        self.gate = Gate(names, frozen=FROZEN, options=gate, cumulative=cumulative)
        self.trust = SourceTrust(len(names), self.classes, trust)
        self.novelty = Novelty(self.features)
        self.evaluation = Evaluation([*names, SERVED], self.classes)
        self.scores = Prequentials([*names, SERVED])
        self.held_out = BalancedMemory(options.held_out_per_class, self.features, self.classes)
        self.labelled = LabelledMemory(options.labelled, self.features)
        self.errors = {name: options.errors.make() for name in (FROZEN, SERVED)}
        self.served: Linear = frozen.linear()
        self.labels_of_class = np.zeros(self.classes, np.int64)
        self.since = 0  # the first prediction of the head that serves
        self.changes = 0  # how often the world has changed
        self.added: list[str] = []  # names of the classes that were added, empty where they have none
        self.change = 0  # the first prediction after the last change of the world
        self.stale = 0  # labels learnt since the served snapshot was taken
        self._stack()

    @property
    def serving(self) -> str:
        """The name of what serves: a candidate, or `KEPT`."""
        return self.gate.serving

    @property
    def lags(self) -> bool:
        """Whether a learned head serves that has learnt labels which its weights in service do not know."""
        return self.serving in self.candidates and self.serving != FROZEN and self.stale > 0 and not self.gate.held

    @property
    def nbytes(self) -> int:
        """Memory that heads, snapshots and memories take, in bytes."""
        heads = sum(len(candidate.head.to_bytes()) for candidate in self.candidates.values())
        parts = (self.held_out, self.labelled, self.evaluation, self.scores, self.trust, self.novelty, self.gate)
        arrays = [array for part in parts for array in part.state()[1].values()]
        return heads + self._weights.nbytes + self._bias.nbytes + sum(array.nbytes for array in arrays)

    def real(self, embeddings: npt.NDArray[np.int8]) -> npt.NDArray[np.float32]:
        """Return embeddings in real numbers."""
        return (embeddings.astype(np.float32) - self.zero_point) * self.scale

    def answers(self, real: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.float16]]:
        """Return what each candidate says of an embedding, and what serves, last.

        Returns
        -------
        int16[candidates + 1], the classes, and float16[candidates + 1, classes], their probabilities.
        """
        scores = (self._weights @ real + self._bias).reshape(-1, self.classes)
        votes = scores.argmax(axis=1)
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        odds /= odds.sum(axis=1, keepdims=True)
        return votes.astype(np.int16), odds.astype(np.float16)

    def serve(self, linear: Linear) -> None:
        """Let these weights serve."""
        self.served = linear
        self._stack()

    def take_label(self, event: LabelEvent) -> Verdict:
        """Judge every candidate by a label, let the challengers learn it, and decide who serves."""
        self.trust.add(event.source, event.label, event.votes[:-1])
        if not self.trust.trusted(event.source, event.label):
            return Verdict(learnt=False, trusted=False, novel=False, decision=self.gate.hold())
        self._judge(event)
        shadows = self._watch_errors(event)
        novel = self.novelty.far(self.real(event.embedding))
        learnt = not novel and self._learn(event)
        return Verdict(learnt, True, novel, self._decide(event.at), shadows)

    def take_shift(self, event: ShiftEvent) -> list[Decision]:
        """Follow a shift of the embeddings: heads begin anew, and where it leads home the frozen head serves again."""
        evidence = {
            "alarm": "embeddings",
            "distance": round(event.distance, 3),
            "before": round(event.before, 3),
            "home": event.home,
        }
        decisions = list(self._begin_anew(event.since, evidence))
        if event.home and self.serving != FROZEN and not self.gate.held:
            decisions.append(self._follow(self.gate.return_home(evidence), event.at))
        return decisions

    def take_command(self, event: CommandEvent) -> list[Decision]:
        """Do what a person asks.

        Raises
        ------
        DataError
            If there is no such candidate.
        FitError
            If there is no row for another class.
        """
        if event.command is Command.ADD_CLASS:
            if self.known_classes == self.classes:
                raise FitError(f"all {self.classes} rows of the head are classes: the bundle reserved no more")
            self.known_classes += 1
            self.added.append(event.candidate)
            self.gate.doubt(self.change)
            return []
        if event.command in (Command.HOLD, Command.RELEASE):
            self.gate.held = event.command is Command.HOLD
            return [self.gate.hold(commanded=event.command.value)]
        if event.command is Command.REFRESH:
            return self._catch_up() if self.lags else []
        name = FROZEN if event.command is Command.ROLL_BACK else event.candidate
        if name not in self.candidates:
            raise DataError(f"no candidate is named '{name}': there are {', '.join(self.candidates)}")
        if event.command is Command.SHADOW:
            return [self._restart([name], event.at, {"commanded": True})]
        kind = DecisionKind.ROLL_BACK if event.command is Command.ROLL_BACK else DecisionKind.PROMOTE
        return [self._follow(self.gate.command(kind, name), event.at)]

    def take_head(self, event: HeadEvent) -> list[Decision]:
        """Let a head that was trained elsewhere take the pushed candidate's place, with no evidence for it yet."""
        self.candidates[PUSHED].give_way(FrozenHead(event.weights, event.bias), event.at)
        self.evaluation.forget(PUSHED)
        self.gate.begin_anew([PUSHED])
        self._stack()
        evidence = {"candidates": PUSHED, "since": event.at, "pushed": event.about}
        return [Decision(DecisionKind.SHADOW, self.serving, evidence)]

    def _judge(self, event: LabelEvent) -> None:
        votes = event.votes.copy()
        votes[-1] = event.predicted
        self.evaluation.add(event.label, votes=votes, odds=event.odds, delay_ns=event.delay_ns)
        self.scores.add(votes == event.label)
        if event.prediction < max(self.since, self.change):
            return
        present = np.array([event.prediction >= candidate.since for candidate in self.candidates.values()])
        prompt = self._older_weights @ self.real(event.embedding) + self._older_bias
        ballot = Ballot(
            event.prediction,
            served=event.predicted == event.label,
            hits=votes[:-1] == event.label,
            prompt=prompt.reshape(-1, self.classes).argmax(axis=1) == event.label,
            present=present,
        )
        self.gate.observe(ballot)

    def _watch_errors(self, event: LabelEvent) -> tuple[Decision, ...]:
        """Look for a change in the errors of the frozen head, and of what serves."""
        self.labelled.note(event.prediction)
        wrong = {FROZEN: bool(event.votes[0] != event.label)}
        if event.prediction >= self.since:
            wrong[SERVED] = event.predicted != event.label
        for name, error in wrong.items():
            detector = self.errors[name]
            before = detector.mean
            if detector.add(float(error)) and (name == FROZEN or detector.mean > before):
                since = self.labelled.prediction_before(detector.count)
                evidence = {"alarm": f"errors of {name}", "error": round(detector.mean, 3)}
                return self._begin_anew(since, {**evidence, "before": round(before, 3)})
        return ()

    def _learn(self, event: LabelEvent) -> bool:
        self.labels_of_class[event.label] += 1
        if self.labels_of_class[event.label] % self._options.held_out_every == 0:
            if event.prediction >= self.change:
                self.held_out.add(event.embedding, event.label)
            return False
        self.labelled.add(event.prediction, event.embedding, event.label)
        embeddings, labels = self.real(event.embedding)[None], [event.label]
        changed = [
            candidate.learn(embeddings, labels)
            for name, candidate in self.candidates.items()
            if name != FROZEN and event.prediction >= candidate.since
        ]
        if any(changed):
            self._stack()
        self.stale += 1
        return True

    def _begin_anew(self, since: int, evidence: Mapping[str, object]) -> tuple[Decision, ...]:
        """Let the restarting candidates begin anew at a change of the world, with the labels that came after it."""
        if self.change and since <= self.change + _SAME_CHANGE:
            return ()
        self.change = since
        self.changes += 1
        self.held_out.clear()
        self.gate.doubt(since)
        names = [name for name, candidate in self.candidates.items() if candidate.restarts]
        return (self._restart(names, since, evidence),)

    def _restart(self, names: Sequence[str], since: int, evidence: Mapping[str, object]) -> Decision:
        for name in names:
            candidate = self.candidates[name]
            candidate.begin_anew(since)
            embeddings, labels = self.labelled.since(since)
            candidate.learn(self.real(embeddings), labels.tolist())
            self.evaluation.forget(name)
        self.gate.begin_anew(names)
        self._stack()
        return Decision(DecisionKind.SHADOW, self.serving, {"candidates": ", ".join(names), "since": since, **evidence})

    def _decide(self, at: int) -> Decision:
        decision = self.gate.decide(self._compare)
        if decision.kind is DecisionKind.HOLD:
            return self._refresh(decision)
        return self._follow(decision, at)

    def _follow(self, decision: Decision, at: int) -> Decision:
        """Take the snapshot of the head that serves from now on."""
        self._take_snapshot()
        self.since = at
        self.errors[SERVED].reset()
        if not decision.evidence.get("memory", {"up_to_date": True})["up_to_date"]:
            # It shows a world that has gone, and would bias every later comparison.
            self.held_out.clear()
        return decision

    def _refresh(self, hold: Decision) -> Decision:
        return self._go_on() if self.lags and self.stale >= self._options.refresh_every else hold

    def _catch_up(self) -> list[Decision]:
        """Let the head that serves go on with its last labels, too."""
        self.candidates[self.serving].renew()
        self._stack()
        return [self._go_on()]

    def _go_on(self) -> Decision:
        """Let the head that serves go on with its newer weights, unless the held-out memory speaks against them."""
        accepted, memory = self.gate.compare(self._compare(self.serving))
        self.stale = 0
        if not accepted:
            return self.gate.hold({self.serving: {"memory": memory}})
        self._take_snapshot()
        return Decision(DecisionKind.REFRESH, self.serving, {"memory": memory})

    def _take_snapshot(self) -> None:
        self.stale = 0
        self.serve(self.candidates[self.serving].linear)

    def _compare(self, name: str) -> MemoryCheck:
        """Compare a candidate's snapshot with what serves, on the held-out memory."""
        embeddings, labels = self.held_out.samples()
        real = self.real(embeddings)
        candidate, serving = (
            int(((real @ weights.T + bias).argmax(axis=1) == labels).sum())
            for weights, bias in (self.candidates[name].linear, self.served)
        )
        return MemoryCheck(candidate, serving, len(labels))

    def _stack(self) -> None:
        """Put all candidates' weights into one matrix, so that one product gives all their answers."""
        linears = [candidate.linear for candidate in self.candidates.values()] + [self.served]
        self._weights = np.concatenate([weights for weights, _ in linears])
        self._bias = np.concatenate([bias for _, bias in linears])
        older = [candidate.older for candidate in self.candidates.values()]
        self._older_weights = np.concatenate([weights for weights, _ in older])
        self._older_bias = np.concatenate([bias for _, bias in older])


def _check(challengers: Mapping[str, Head], restarting: Collection[str], frozen: Head) -> None:
    for name, head in challengers.items():
        if name in (FROZEN, SERVED):
            raise DataError(f"a challenger is named '{name}': that name is reserved")
        if (head.features, head.classes) != (frozen.features, frozen.classes):
            raise DataError(
                f"challenger '{name}' has {head.features} features and {head.classes} classes: "
                f"the network has {frozen.features} and {frozen.classes}"
            )
    unknown = sorted(set(restarting) - set(challengers))
    if unknown:
        raise DataError(f"'{unknown[0]}' shall begin anew when the world changes, but is no challenger")
