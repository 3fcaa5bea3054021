"""The demo's label feed: truth for the cases that somebody labels, some windows late."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from edge_runtime.daemon.labels import Label, LabelFeed
from edge_runtime.demo.scenario import Role, Scenario

__all__ = ["ScenarioLabels"]


class ScenarioLabels(LabelFeed):
    """Tells the truth about windows that lie in a labelled case, and about no others.

    Parameters
    ----------
    scenario
        Which cases are labelled, and how many predictions later a label comes.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._predictions = 0
        self._waiting: deque[tuple[int, Label]] = deque()

    def predicted(self, prediction: int, *, start_ns: int, end_ns: int) -> None:
        """Count the prediction; if its window will be labelled, its label begins to wait."""
        self._predictions += 1
        slot = self._scenario.slot_of(start_ns, end_ns)
        if slot is not None and slot.role is Role.LABELLED:
            due = self._predictions + self._scenario.plan.label_delay
            self._waiting.append((due, Label(prediction, slot.label)))

    def due(self, now_ns: int) -> Sequence[Label]:  # noqa: ARG002 # the delay is in predictions
        """Return the labels that have waited long enough."""
        labels = []
        while self._waiting and self._waiting[0][0] <= self._predictions:
            labels.append(self._waiting.popleft()[1])
        return labels
