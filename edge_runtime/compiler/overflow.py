"""What does not fit an overlay's memory, and which operators it takes to make it fit."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from edge_runtime.errors import FitError
from edge_runtime.model.geometry import operator_macs
from edge_runtime.model.graph import Graph

__all__ = ["MemoryOverflowError", "operators_to_send"]


class MemoryOverflowError(FitError):
    """A network needs more of one of the overlay's memories than there is.

    Parameters
    ----------
    message
        With the numbers.
    excess
        By how much it is more, in the memory's own unit.
    users
        By operator: how much of it would be free without.
    """

    def __init__(self, message: str, *, excess: int, users: Mapping[int, int]) -> None:
        super().__init__(message)
        self.excess = excess
        self.users = users


def operators_to_send(graph: Graph, error: MemoryOverflowError, on_overlay: Collection[int]) -> tuple[int, ...]:
    """Return operators that free the excess when the CPU runs them: those that cost it least for what they free.

    None of them is superfluous; where all together free too little, they are all that there are.
    """
    sent: list[int] = []
    excess = error.excess
    users = {index: freed for index, freed in error.users.items() if freed and index in on_overlay}
    for index in sorted(users, key=lambda index: (_work(graph, index) / users[index], -index)):
        if excess <= 0:
            break
        sent.append(index)
        excess -= users[index]
    for index in list(sent):
        if excess + users[index] <= 0:
            sent.remove(index)
            excess += users[index]
    return tuple(sent)


def _work(graph: Graph, index: int) -> int:
    """Return about what the CPU has to do for an operator."""
    operator = graph.operators[index]
    return operator_macs(graph, operator) + graph.output_tensor(operator).size
