"""Champion and challengers: who serves, and on what evidence that changes.

A challenger serves when three things hold:

1. recent labels speak for it: paired with what was really served, its `Evidence` has reached a threshold;
2. the held-out memory does not speak against it: on embeddings that no head has learnt, as many of each class as there
   are, it is not worse than the head that serves by more than a margin;
3. or that memory is out of date: the serving head does quite differently on recent labels than on the
   memory, so the memory shows a world that has gone. After a drift it must not block the recovery.

The second keeps a fast-forgetting head, good at whatever came last, from replacing one that knows all
classes. The frozen head needs no memory on its side, and less evidence: going back to it is the safe side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from edge_runtime.errors import DataError
from edge_runtime.learning.evidence import Evidence
from edge_runtime.learning.prequential import Prequential

__all__ = ["Decision", "DecisionKind", "Gate", "GateOptions", "MemoryCheck"]


class DecisionKind(str, Enum):
    """What the gate decided."""

    HOLD = "hold"  #: the head in service stays as it is
    PROMOTE = "promote"  #: a challenger serves from now on
    ROLL_BACK = "roll back"  #: the frozen head serves from now on
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
        return self.kind is not DecisionKind.HOLD


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
        on which it and the serving head differ. With several challengers each needs so many times as much, for the
        promise is about all of them together (the mean of their e-detectors is one, too).
    roll_back_at
        Evidence that the frozen head needs to come back.
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
    roll_back_at: float = 20.0
    margin: float = 0.05
    stale: float = 0.15
    recent: int = 30

    def __post_init__(self) -> None:
        if self.promote_at <= 1 or self.roll_back_at <= 1:
            raise DataError(f"evidence thresholds of {self.promote_at} and {self.roll_back_at}: both must be above 1")
        if not (0 <= self.margin <= 1 and 0 <= self.stale <= 1):
            raise DataError(f"a margin of {self.margin}, out of date at {self.stale}: both must be from 0 to 1")
        if self.recent < 1:
            raise DataError(f"{self.recent} recent labels: there must be at least 1")


class Gate:
    """Decides which candidate serves; it sees only who was right, never a weight.

    Parameters
    ----------
    candidates
        Names, the frozen head's among them. Where two challengers have the same evidence, the one named first is taken.
    frozen
        The name of the head that never learns; it serves first.
    options
        When a challenger is believed.

    Raises
    ------
    DataError
        If `frozen` is not among the candidates.
    """

    def __init__(
        self, candidates: Sequence[str], *, frozen: str = "frozen", options: GateOptions | None = None
    ) -> None:
        if frozen not in candidates:
            raise DataError(f"no candidate is named '{frozen}': the head to roll back to is always a candidate")
        self.frozen = self.serving = frozen
        self.options = options or GateOptions()
        self._evidence = {name: Evidence() for name in candidates}
        self._enough = self.options.promote_at * max(1, len(candidates) - 1)
        self._switch(frozen)

    def observe(self, hits: Mapping[str, bool], *, served: bool) -> None:
        """Take in one label.

        Parameters
        ----------
        hits
            For each candidate, whether it would have predicted the label.
        served
            Whether what was really served was the label. The prediction must have been made by the head that serves
            now: leave out labels of predictions from before the last switch.
        """
        self._recent.add(served)
        for name, evidence in self._evidence.items():
            evidence.add(challenger=hits[name], serving=served)

    def decide(self, check: Callable[[str], MemoryCheck]) -> Decision:
        """Say who serves from now on.

        Parameters
        ----------
        check
            Compares a candidate with the serving head on the held-out memory; asked only for challengers with
            enough evidence.
        """
        frozen = self._evidence[self.frozen]
        if self.serving != self.frozen and frozen.value >= self.options.roll_back_at:
            return self._change(DecisionKind.ROLL_BACK, self.frozen, {})
        refused: dict[str, Any] = {}
        for name in self._convincing():
            accepted, memory = self.compare(check(name))
            if accepted:
                return self._change(DecisionKind.PROMOTE, name, {"memory": memory})
            refused[name] = {**self._case(name), "memory": memory}
        return self.hold(refused)

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

    def hold(self, refused: Mapping[str, Any] | None = None) -> Decision:
        """Return the decision that nothing changes, with the evidence of every challenger."""
        values = {name: round(e.value, 3) for name, e in self._evidence.items() if name != self.serving}
        evidence: dict[str, Any] = {"e_values": values}
        if refused:
            evidence["refused"] = dict(refused)
        return Decision(DecisionKind.HOLD, self.serving, evidence)

    def _convincing(self) -> list[str]:
        """Return the challengers with enough evidence, the strongest first."""
        values = {name: e.value for name, e in self._evidence.items() if name not in (self.serving, self.frozen)}
        enough = [name for name, value in values.items() if value >= self._enough]
        return sorted(enough, key=lambda name: -values[name])

    def _up_to_date(self, check: MemoryCheck) -> bool:
        recent = self._recent.score()
        if not check.samples or recent.count < self.options.recent / 3:
            return True
        return abs(recent.windowed - check.serving / check.samples) <= self.options.stale

    def _case(self, name: str) -> dict[str, Any]:
        evidence = self._evidence[name]
        return {"e_value": round(evidence.value, 3), "wins": evidence.wins, "losses": evidence.losses}

    def _change(self, kind: DecisionKind, name: str, reasons: Mapping[str, Any]) -> Decision:
        recent = self._recent.score()
        evidence = {
            "over": self.serving,
            **self._case(name),
            "recent_labels": recent.window,
            "recent_served_accuracy": round(recent.windowed, 4),
            **reasons,
        }
        self._switch(name)
        return Decision(kind, name, evidence)

    def _switch(self, name: str) -> None:
        self.serving = name
        self._recent = Prequential(window=self.options.recent)
        for evidence in self._evidence.values():
            evidence.reset()
