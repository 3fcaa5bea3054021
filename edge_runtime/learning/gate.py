"""Champion and challengers: who serves, and on what evidence that changes.

A challenger serves when three things hold:

1. recent labels speak for it: paired with what was really served, its `Evidence` has reached a threshold;
2. the held-out memory does not speak against it: on embeddings that no head has learnt, as many of each class as there
   are, it is not worse than the head that serves by more than a margin;
3. or that memory is out of date: the serving head does quite differently on recent labels than on the
   memory, so the memory shows a world that has gone. After a drift it must not block the recovery.

The second keeps a fast-forgetting head, good at whatever came last, from replacing one that knows all
classes. The frozen head needs no memory on its side, and less evidence: going back to it is the safe side. After a
promotion the head that served before may come back on as little evidence for a while: the promotion is watched.

After a change of the world less evidence is enough, for what serves was made for another one. What evidence there is,
`Standing` says.

And a learned head must go on earning its place: where it has met no more of the recent labels than the frozen head,
that one serves again. On the labels of a few cases, seen over and over, a head that learnt on them looks as good as
one that was trained on many; elsewhere it is not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from edge_runtime.errors import DataError
from edge_runtime.learning.evidence import jointly
from edge_runtime.learning.prequential import Prequentials, Score
from edge_runtime.learning.standing import Ballot, Standing
from edge_runtime.learning.state import Arrays, State, refill

__all__ = ["KEPT", "Decision", "DecisionKind", "Gate", "GateOptions", "MemoryCheck"]


KEPT = "kept"
"""What serves when the head that it was a snapshot of has begun anew: it serves on, and learns no more."""


class DecisionKind(str, Enum):
    """What the gate decided."""

    HOLD = "hold"  #: the head in service stays as it is
    PROMOTE = "promote"  #: a challenger serves from now on
    ROLL_BACK = "roll back"  #: the frozen head, or the one before a promotion that failed, serves from now on
    SHADOW = "shadow"  #: candidates begin anew and learn beside the head that serves, which stays as it is
    REFRESH = "refresh"  #: the head that serves goes on with what it has learnt since


@dataclass(frozen=True)
class Decision:
    """A decision with its evidence, for the log.

    Parameters
    ----------
    kind
        What was decided.
    serving
        The candidate that serves from now on.
    evidence
        Plain numbers, strings, and dicts of these.
    """

    kind: DecisionKind
    serving: str
    evidence: dict[str, Any]

    @property
    def changes_head(self) -> bool:
        """Whether the accelerator needs another head now."""
        return self.kind not in (DecisionKind.HOLD, DecisionKind.SHADOW)

    @property
    def commanded(self) -> bool:
        """Whether a person decided it."""
        return "commanded" in self.evidence

    @property
    def held_back(self) -> tuple[str, ...]:
        """Challengers with enough evidence that the held-out memory speaks against."""
        return tuple(self.evidence.get("refused", ()))


@dataclass(frozen=True)
class MemoryCheck:
    """How often two heads are right on the same held-out memory, in samples."""

    candidate: int
    serving: int
    samples: int


@dataclass(frozen=True)
class GateOptions:
    """When a challenger is believed.

    Parameters
    ----------
    promote_at
        Evidence that promotes. While no challenger is better, one is promoted on average not before this many labels
        on which it and the serving head differ. With several challengers it is what is left of each one's evidence in a
        closed test (`jointly`), for the promise is about all of them together.
    promote_in_doubt
        The same for some time after a change of the world.
    doubt
        How many labels from after the change that time has.
    roll_back_at
        Evidence that the frozen head needs to come back, and in the time after a promotion the head before it.
    watch
        How many labels that time has.
    earn
        Of so many recent labels a learned head must have met more than the frozen one.
    margin
        How much worse than the serving head a challenger may be on the held-out memory, as a fraction of it; one
        sample is always forgiven.
    stale
        The memory is out of date when the serving head's accuracy on it and on recent labels differ by more than this.
    recent
        How many labels are recent. Before a third of them came, the memory counts as up to date.

    Raises
    ------
    DataError
        If a value is outside its range.
    """

    promote_at: float = 100.0
    promote_in_doubt: float = 10.0
    doubt: int = 400
    roll_back_at: float = 20.0
    margin: float = 0.05
    stale: float = 0.15
    recent: int = 30
    watch: int = 100
    earn: int = 150

    def __post_init__(self) -> None:
        thresholds = (self.promote_at, self.promote_in_doubt, self.roll_back_at)
        if min(thresholds) <= 1:
            raise DataError(f"evidence thresholds of {', '.join(map(str, thresholds))}: each must be above 1")
        if not (0 <= self.margin <= 1 and 0 <= self.stale <= 1):
            raise DataError(f"a margin of {self.margin}, out of date at {self.stale}: both must be from 0 to 1")
        if min(self.recent, self.earn) < 1 or min(self.watch, self.doubt) < 0:
            raise DataError(f"{self}: recent and earn must be at least 1, watch and doubt at least 0")


class Gate:
    """Decides which candidate serves; it sees only who was right, never a weight.

    Parameters
    ----------
    candidates
        Names, the frozen head's among them. The first challenger is trusted most: it needs less evidence than others
        where it is alone in having it (`jointly`), and of two with the same evidence the one named first is taken.
    frozen
        The name of the head that never learns; it serves first.
    options
        When a challenger is believed.
    cumulative
        Which candidates keep all that they learn: for them prompt evidence counts (`Standing`).

    Raises
    ------
    DataError
        If `frozen` is not among the candidates.
    """

    def __init__(
        self,
        candidates: Sequence[str],
        *,
        frozen: str = "frozen",
        options: GateOptions | None = None,
        cumulative: Collection[str] = (),
    ) -> None:
        if frozen not in candidates or KEPT in candidates:
            raise DataError(f"candidates {list(candidates)}: '{frozen}' must be one, to go back to, and '{KEPT}' none")
        self.frozen = self.serving = frozen
        self.options = options or GateOptions()
        self._index = {name: position for position, name in enumerate(candidates)}
        self._standing = Standing(np.array([name in cumulative for name in candidates]))
        self.held = False
        self._doubtful = 0  # so many labels more, what serves is doubted
        self._recent = Prequentials(["served"], window=self.options.recent)
        self._leads = np.zeros(self.options.earn, np.int8)  # what serves against the frozen head, label by label
        self._before = frozen
        self._switch(frozen)

    def observe(self, ballot: Ballot) -> None:
        """Take in a label of a prediction by the head that serves now; leave out those from before the last switch."""
        self._recent.add(np.array([ballot.served]))
        self._leads[self._watched % len(self._leads)] = int(ballot.served) - int(ballot.hits[self._index[self.frozen]])
        self._watched += 1
        self._doubtful = max(0, self._doubtful - 1)
        self._standing.add(ballot)

    def decide(self, check: Callable[[str], MemoryCheck]) -> Decision:
        """Say who serves from now on.

        Parameters
        ----------
        check
            Compares a candidate with the serving head on the held-out memory; asked only for challengers with
            enough evidence.
        """
        if self.held:
            return self.hold()
        better = self._before_is_better()
        if better:
            return self._change(DecisionKind.ROLL_BACK, better, {})
        if self._earns_nothing():
            return self._change(
                DecisionKind.ROLL_BACK, self.frozen, {"lead": int(self._leads.sum()), "labels": len(self._leads)}
            )
        refused: dict[str, Any] = {}
        for name in self._convincing():
            accepted, memory = self.compare(check(name))
            if accepted:
                return self._change(DecisionKind.PROMOTE, name, {"memory": memory})
            refused[name] = {**self._case(name), "memory": memory}
        return self.hold(refused)

    def command(self, kind: DecisionKind, name: str) -> Decision:
        """Let a candidate serve because a person says so."""
        return self._change(kind, name, {"commanded": True})

    def return_home(self, reasons: Mapping[str, Any]) -> Decision:
        """Let the frozen head serve: what comes in looks again as it did when the device began."""
        return self._change(DecisionKind.ROLL_BACK, self.frozen, reasons)

    def begin_anew(self, names: Iterable[str]) -> None:
        """Forget the evidence on candidates that begin anew; where one of them serves, its snapshot is kept."""
        for name in names:
            self._standing.begin_anew(np.array([self._index[name]]))
            if name == self.serving:
                self.serving = KEPT
            if name == self._before:
                self._before = self.frozen

    def doubt(self, since: int) -> None:
        """Count only labels of predictions from `since` on: the world before it has gone, and what serves is of it."""
        self._recent.reset()
        self._standing.count_since(since)
        self._doubtful = self.options.doubt

    def _earns_nothing(self) -> bool:
        """Return whether the learned head has met no more recent labels than the frozen one."""
        return self.serving != self.frozen and self._watched >= len(self._leads) and self._leads.sum() <= 0

    def _before_is_better(self) -> str | None:
        """Return the head to go back to, if there is evidence for it: the frozen one, or the one before a promotion."""
        names = [self.frozen]
        if self._watched <= self.options.watch and self._before not in (self.frozen, KEPT):
            names.append(self._before)
        for name in names:
            if name != self.serving and self._standing.values[self._index[name]] >= self.options.roll_back_at:
                return name
        return None

    def compare(self, check: MemoryCheck) -> tuple[bool, dict[str, Any]]:
        """Return whether the held-out memory lets a candidate serve, and why.

        The reasons hold, among the counts, ``"up_to_date"``: False where the memory was not listened to.
        """
        forgiven = max(1.0, self.options.margin * check.samples)
        up_to_date = self._up_to_date(check)
        accepted = not up_to_date or check.candidate >= check.serving - forgiven
        reasons = {
            "candidate_right": check.candidate,
            "serving_right": check.serving,
            "samples": check.samples,
            "up_to_date": up_to_date,
        }
        return accepted, reasons

    def hold(self, refused: Mapping[str, Any] | None = None, *, commanded: str | None = None) -> Decision:
        """Return the decision that nothing changes, with the evidence of every challenger."""
        values = dict(zip(self._index, self._standing.values.round(3).tolist(), strict=True))
        values.pop(self.serving, None)
        evidence: dict[str, Any] = {"e_values": values}
        if refused:
            evidence["refused"] = dict(refused)
        if commanded is not None:
            evidence["commanded"] = commanded
        return Decision(DecisionKind.HOLD, self.serving, evidence)

    def _convincing(self) -> list[str]:
        """Return the challengers with enough evidence, the strongest first."""
        enough = self.options.promote_in_doubt if self._doubtful else self.options.promote_at
        if self._standing.values.max() < enough:
            return []
        names = [name for name in self._index if name not in (self.serving, self.frozen)]
        values = dict(zip(names, jointly(np.array([self._value(name) for name in names])).tolist(), strict=True))
        return sorted((name for name in names if values[name] >= enough), key=lambda name: -values[name])

    def _recent_score(self) -> Score:
        return self._recent.scores()["served"]

    def _value(self, name: str) -> float:
        return float(self._standing.values[self._index[name]])

    def _up_to_date(self, check: MemoryCheck) -> bool:
        recent = self._recent_score()
        if not check.samples or recent.count < self.options.recent / 3:
            return True
        return abs(recent.windowed - check.serving / check.samples) <= self.options.stale

    def _case(self, name: str) -> dict[str, Any]:
        wins, losses = self._standing.record(self._index[name])
        return {"e_value": round(self._value(name), 3), "wins": wins, "losses": losses}

    def _change(self, kind: DecisionKind, name: str, reasons: Mapping[str, Any]) -> Decision:
        recent = self._recent_score()
        evidence = {
            "over": self.serving,
            **self._case(name),
            "recent_labels": recent.window,
            "recent_served_accuracy": round(recent.windowed, 4) if recent.window else None,
            **reasons,
        }
        before = self.serving if kind is DecisionKind.PROMOTE else self.frozen
        self._switch(name)
        self._before = before
        return Decision(kind, name, evidence)

    def _switch(self, name: str) -> None:
        self.serving, self._watched, self._doubtful = name, 0, 0
        self._recent.reset()
        self._standing.reset()

    def state(self) -> State:
        """Return numbers and names for JSON, and arrays."""
        names = {"serving": self.serving, "before": self._before, "watched": self._watched, "held": self.held}
        recent, arrays = self._recent.state()
        standing, evidence = self._standing.state()
        numbers = {**names, "doubtful": self._doubtful, "recent": recent, "standing": standing}
        return numbers, {**arrays, **evidence, "leads": self._leads}

    def restore(self, numbers: Mapping[str, Any], arrays: Arrays) -> None:
        """Go on where `state` was taken; ValueError where it is of other candidates."""
        for name in (numbers["serving"], numbers["before"]):
            if name not in (*self._index, KEPT):
                raise ValueError(f"there is no candidate '{name}'")
        self.serving, self._before = numbers["serving"], numbers["before"]
        self._watched, self.held = int(numbers["watched"]), bool(numbers["held"])
        self._doubtful = int(numbers["doubtful"])
        self._recent.restore(numbers["recent"], arrays)
        self._standing.restore(numbers["standing"], arrays)
        refill({"leads": self._leads}, arrays)
