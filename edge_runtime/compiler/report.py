"""What the compiler has to say: who runs what, the cycles, the memory in use."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from edge_runtime.compiler.program import Program
from edge_runtime.model.geometry import operator_macs

__all__ = ["CompileReport", "OperatorRow", "Use", "describe", "overlay_mac_share"]


@dataclass(frozen=True)
class OperatorRow:
    """One line of the operator table; `cycles` counts from the layer's first step to the next layer's."""

    index: int
    op: str
    placement: str
    reason: str
    macs: int
    cycles: int


@dataclass(frozen=True)
class Use:
    """How much of a memory is used."""

    used: int
    available: int


@dataclass(frozen=True)
class CompileReport:
    """Everything that `compile` reports.

    Parameters
    ----------
    model, board
        Names.
    supported
        Whether the model compiled: a report exists only of those that did.
    ops
        The operator table.
    macs, cycles
        Of one inference; `cycles` is exact, and of the overlay alone.
    clock_hz, latency_us
        The board's clock, and `cycles` at that clock.
    memory
        Use of each of the overlay's memories, by the parameter that sizes it.
    parameters
        Hash of the overlay's parameters.
    """

    model: str
    board: str
    supported: bool
    ops: tuple[OperatorRow, ...]
    macs: int
    cycles: int
    clock_hz: int
    latency_us: float
    memory: dict[str, Use]
    parameters: str

    def to_json(self) -> dict[str, Any]:
        """Return plain types."""
        return {**asdict(self), "ops": [asdict(row) for row in self.ops]}


def describe(program: Program, *, board: str, clock_hz: int) -> CompileReport:
    """Describe a compiled program for a board with this clock."""
    rows = _rows(program)
    return CompileReport(
        model=program.name,
        board=board,
        supported=True,
        ops=rows,
        macs=sum(row.macs for row in rows),
        cycles=program.cycles,
        clock_hz=clock_hz,
        latency_us=round(program.cycles / clock_hz * 1e6, 3),
        memory=_memory(program),
        parameters=program.parameters.hash,
    )


def overlay_mac_share(program: Program) -> float:
    """Return the share of the network's MACs that the overlay computes, 0 to 1 (1 where there are none)."""
    rows = _rows(program)
    total = sum(row.macs for row in rows)
    return sum(row.macs for row in rows if row.placement == "overlay") / total if total else 1.0


def _rows(program: Program) -> tuple[OperatorRow, ...]:
    graph = program.graph
    cycles: dict[int, int] = {}
    units: dict[int, set[str]] = {}
    for part in program.parts:
        for layer in part.layers:
            cycles[layer.operator] = cycles.get(layer.operator, 0) + layer.cycles
            units.setdefault(layer.operator, set()).add(layer.unit)
    return tuple(
        OperatorRow(
            index=decision.operator,
            op=graph.operators[decision.operator].kind.value,
            placement="overlay" if decision.on_overlay else "cpu",
            reason=_reason(program, decision, units.get(decision.operator, set())),
            macs=operator_macs(graph, graph.operators[decision.operator]),
            cycles=cycles.get(decision.operator, 0),
        )
        for decision in program.decisions
    )


def _reason(program: Program, decision: Decision, units: set[str]) -> str:
    """Say what an operator has become."""
    if not decision.on_overlay:
        return decision.reason
    if not units:
        return "a view: costs nothing" if program.graph.operators[decision.operator].kind in VIEWS else "done by its neighbours"
    handed_on = [
        layer for part in program.parts for layer in part.layers if layer.operator == decision.operator and not layer.output
    ]
    reason = " and ".join(f"runs on the {_UNITS[unit]}" for unit in sorted(units))
    return reason + (", beside the convolution after it" if handed_on else "")


_UNITS = {"array": "array", "vector": "vector unit"}


def _memory(program: Program) -> dict[str, Use]:
    parameters = program.parameters
    return {
        "act_bytes": Use(program.act_bytes, parameters.act_bytes),
        "weight_rows": Use(len(program.weight_rows), parameters.weight_rows),
        "param_channels": Use(len(program.channels), parameters.param_channels),
        "vec_weight_rows": Use(len(program.vec_weight_rows), parameters.vec_weight_rows),
        "vec_param_channels": Use(len(program.vec_channels), parameters.vec_param_channels),
        "table_pairs": Use(len(program.tables), parameters.table_pairs),
        "descriptors": Use(len(program.descriptors), parameters.descriptors),
    }
