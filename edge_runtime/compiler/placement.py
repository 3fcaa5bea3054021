"""Who runs what: each operator on the overlay or on the CPU, with the reason, and the network cut accordingly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from edge_runtime.compiler.capabilities import VIEWS, objection
from edge_runtime.model.graph import Graph, Operator, OpKind

__all__ = ["Decision", "cut", "place"]


@dataclass(frozen=True)
class Decision:
    """Where one operator runs, and why."""

    operator: int
    on_overlay: bool
    reason: str


def place(graph: Graph, sent_away: Mapping[int, str] | None = None) -> tuple[Decision, ...]:
    """Decide for every operator of a graph.

    Parameters
    ----------
    graph
        The network.
    sent_away
        Operators that must go to the CPU, with the reason.
    """
    wanted = [_decide(graph, operator, sent_away or {}) for operator in graph.operators]
    return tuple(
        _settle_view(graph, wanted, position) if graph.operators[position].kind in VIEWS else decision
        for position, decision in enumerate(wanted)
    )


def _decide(graph: Graph, operator: Operator, sent_away: Mapping[int, str]) -> Decision:
    reason = sent_away.get(operator.index) or objection(graph, operator)
    if reason:
        return Decision(operator.index, on_overlay=False, reason=reason)
    return Decision(operator.index, on_overlay=True, reason=_UNIT.get(operator.kind, "runs on the vector unit"))


_UNIT = {
    OpKind.CONV_2D: "runs on the array",
    OpKind.FULLY_CONNECTED: "runs on the array",
    OpKind.TRANSPOSE_CONV: "runs on the array",
}


def _settle_view(graph: Graph, wanted: Sequence[Decision], position: int) -> Decision:
    """Leave a view between two operators of the overlay there, for nothing; send one at an edge to the CPU."""
    decision = wanted[position]
    if decision.on_overlay and _neighbour(graph, wanted, position, -1) and _neighbour(graph, wanted, position, +1):
        return Decision(decision.operator, on_overlay=True, reason="a view: costs nothing")
    reason = "a view at the edge of an overlay part: nothing to do"
    return Decision(decision.operator, on_overlay=False, reason=reason if decision.on_overlay else decision.reason)


def _neighbour(graph: Graph, wanted: Sequence[Decision], position: int, direction: int) -> bool:
    """Whether the next operator in this direction that is not a view is on the overlay."""
    position += direction
    while 0 <= position < len(wanted):
        if graph.operators[position].kind not in VIEWS:
            return wanted[position].on_overlay
        position += direction
    return False


def cut(decisions: Sequence[Decision]) -> tuple[tuple[bool, tuple[int, ...]], ...]:
    """Cut the network into as many parts as it needs: (on the overlay, operators), in order."""
    groups = groupby(decisions, key=lambda decision: decision.on_overlay)
    return tuple((on_overlay, tuple(decision.operator for decision in group)) for on_overlay, group in groups)
