"""Labels as they are given, joined to the predictions that they name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from edge_runtime.learning.events import LabelEvent
from edge_runtime.learning.gate import Decision
from edge_runtime.learning.memory import EmbeddingMemory, LabelStatus, Remembered
from edge_runtime.learning.trust import SourceLimit

__all__ = ["GivenLabel", "LabelJoin", "LabelOutcome"]

_LONGEST_SOURCE = 64
_MOST_SOURCES = 64
_OTHERS = "(others)"


@dataclass(frozen=True)
class GivenLabel:
    """A label as somebody gives it.

    Parameters
    ----------
    prediction
        The id that it names.
    label
        The class that it gives.
    source
        Who gives it.
    """

    prediction: int
    label: int
    source: str = ""


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
        False where the label was not joined, not believed, or held out to compare heads on.
    decision
        What the gate decided on it; None where the label was not joined.
    """

    prediction: int
    label: int
    status: LabelStatus
    served_right: bool | None = None
    learnt: bool = False
    decision: Decision | None = None


class LabelJoin:
    """Joins labels to remembered predictions, refuses what cannot be joined, and counts what became of each.

    Parameters
    ----------
    memory
        The predictions that wait for their labels.
    limit
        How many labels a source may give.

    Attributes
    ----------
    counts
        How many labels met which fate, since the start.
    """

    def __init__(self, memory: EmbeddingMemory, limit: SourceLimit) -> None:
        self.counts = dict.fromkeys(LabelStatus, 0)
        self._memory, self._limit = memory, limit
        self._sources: set[str] = set()

    def join(
        self, given: GivenLabel, *, known_classes: int, now_ns: int | None
    ) -> tuple[LabelStatus, LabelEvent | None]:
        """Return a label's event with all that was remembered for it; None where it cannot be joined."""
        if not 0 <= given.label < known_classes:
            return LabelStatus.NOT_A_CLASS, None
        source = self.known(given.source)
        status = self._memory.status(given.prediction)
        if status is LabelStatus.ACCEPTED and now_ns is not None and not self._limit.admit(source, now_ns):
            return LabelStatus.TOO_MANY, None
        status, remembered = self._memory.take(given.prediction)
        return status, None if remembered is None else self._event(given.label, source, remembered, now_ns)

    def known(self, source: str) -> str:
        """Return the name that a source is known by: there is no end of names, but of memory."""
        name = source[:_LONGEST_SOURCE]
        if name not in self._sources:
            if len(self._sources) >= _MOST_SOURCES:
                return _OTHERS
            self._sources.add(name)
        return name

    def release(self, events: Iterable[LabelEvent]) -> None:
        """Let predictions wait again: their labels could not be written down."""
        for event in events:
            self._memory.release(event.prediction)

    def refused(self, given: GivenLabel, status: LabelStatus) -> LabelOutcome:
        """Count a label that was not joined, and return what became of it."""
        self.counts[status] += 1
        return LabelOutcome(given.prediction, given.label, status)

    def _event(self, label: int, source: str, remembered: Remembered, now_ns: int | None) -> LabelEvent:
        return LabelEvent(
            prediction=remembered.id,
            at=self._memory.next_id,
            label=label,
            predicted=remembered.predicted,
            source=source,
            delay_ns=0 if now_ns is None else now_ns - remembered.t_ns,
            embedding=remembered.embedding,
            votes=remembered.votes,
            odds=remembered.odds,
        )
