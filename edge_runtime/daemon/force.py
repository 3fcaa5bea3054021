"""What a person asks of a learner, whatever the evidence."""

from __future__ import annotations

from edge_runtime.learning.gate import Decision, DecisionKind
from edge_runtime.learning.learner import Learner

__all__ = ["force_roll_back"]


def force_roll_back(learner: Learner) -> Decision | None:
    """Let the frozen head serve, and return that decision; None where it serves already."""
    gate = learner._gate  # the learner has no commands of its own yet
    if gate.serving == gate.frozen:
        return None
    decision = gate._change(DecisionKind.ROLL_BACK, gate.frozen, {"asked_for": True})
    learner._take_snapshot()
    return decision
