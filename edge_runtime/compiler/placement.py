"""Who runs what: each operator on the overlay or on the CPU, with the reason, and the network cut accordingly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from edge_runtime.model.graph import Graph, Operator, OpKind

__all__ = ["Decision", "cut", "place"]

#: Operators that only look at the same bytes in another shape.
VIEWS = frozenset({OpKind.EXPAND_DIMS, OpKind.RESHAPE, OpKind.SQUEEZE})


@dataclass(frozen=True)
class Decision:
    """Where one operator runs, and why."""

    operator: int
    on_overlay: bool
    reason: str


def place(graph: Graph) -> tuple[Decision, ...]:
    """Decide for every operator of a graph."""
    wanted = [_decide(operator) for operator in graph.operators]
    return tuple(
        _settle_view(graph, wanted, position) if graph.operators[position].kind in VIEWS else decision
        for position, decision in enumerate(wanted)
    )


def _decide(operator: Operator) -> Decision:
    if operator.kind is OpKind.FULLY_CONNECTED:
        return Decision(operator.index, on_overlay=True, reason="runs on the array")
    return Decision(operator.index, on_overlay=False, reason=_cpu_reason(operator))


def _cpu_reason(operator: Operator) -> str:
    return _CPU_REASONS.get(operator.kind, f"the overlay has no unit for {operator.kind.value} yet")


_CPU_REASONS = {
    **dict.fromkeys(VIEWS, "a view at the edge of an overlay part: nothing to do"),
    OpKind.QUANTIZE: "the overlay has no unit for QUANTIZE yet",
    OpKind.DEQUANTIZE: "gives floating point, which the overlay does not have",
    OpKind.SOFTMAX: "a few values after the head: the CPU is done before a transfer would be",
}


def _settle_view(graph: Graph, wanted: Sequence[Decision], position: int) -> Decision:
    """Leave a view between two operators of the overlay there, for nothing; send one at an edge to the CPU."""
    before = _neighbour(graph, wanted, position, -1)
    after = _neighbour(graph, wanted, position, +1)
    # a view of anything wider than a byte is not one of activations
    if before and after and graph.output_tensor(graph.operators[position]).dtype.itemsize == 1:
        return Decision(wanted[position].operator, on_overlay=True, reason="a view: costs nothing")
    return wanted[position]


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
