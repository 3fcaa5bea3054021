"""How fast each operator runs, against what its unit could do at most: the roofline.

A unit's roof is its multiplications per cycle, and, for operators with few multiplications per output, the outputs
that it can requantise per cycle.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge_runtime.compiler.parameters import OverlayParameters
from edge_runtime.compiler.program import Part, Program
from edge_runtime.model.geometry import operator_macs

__all__ = ["RooflinePoint", "roofline"]

_VECTOR_TAPS = 9


@dataclass(frozen=True)
class RooflinePoint:
    """Operators that run together, on the roofline.

    Parameters
    ----------
    operators
        Their indices: one, or two that run side by side.
    unit
        That does most of the multiplications: ``array`` or ``vector``.
    macs_per_output
        Multiplications for one output.
    macs_per_cycle
        What was reached.
    possible
        What its unit could reach at most.
    bound
        What sets that: ``multipliers`` or ``requantisation``.
    """

    operators: tuple[int, ...]
    unit: str
    macs_per_output: float
    macs_per_cycle: float
    possible: float
    bound: str

    @property
    def share(self) -> float:
        """What was reached of what is possible, 0 to 1."""
        return self.macs_per_cycle / self.possible


def roofline(program: Program) -> tuple[RooflinePoint, ...]:
    """Return a point for each operator with multiplications that the overlay runs, in order."""
    points = (
        _point(program, part, operators)
        for part in program.parts
        for operators in _together(part)
        if any(operator_macs(program.graph, program.graph.operators[index]) for index in operators)
    )
    return tuple(points)


def _together(part: Part) -> Iterator[tuple[int, ...]]:
    """Yield the operators of a part one by one, but those that run side by side together."""
    waiting: list[int] = []
    for position, layer in enumerate(part.layers):
        if layer.operator not in waiting:
            waiting.append(layer.operator)
        follows = part.layers[position + 1].operator if position + 1 < len(part.layers) else None
        if layer.output is not None and follows != layer.operator:
            yield tuple(sorted(waiting))
            waiting = []


def _point(program: Program, part: Part, operators: tuple[int, ...]) -> RooflinePoint:
    graph = program.graph
    macs = {index: operator_macs(graph, graph.operators[index]) for index in operators}
    main = max(macs, key=lambda index: macs[index])
    unit = next(layer.unit for layer in part.layers if layer.operator == main)
    cycles = sum(layer.cycles for layer in part.layers if layer.operator in operators)
    intensity = macs[main] / graph.output_tensor(graph.operators[main]).size
    peak, outputs = unit_limits(unit, program.parameters)
    possible = min(float(peak), intensity * outputs)
    bound = "multipliers" if intensity * outputs >= peak else "requantisation"
    return RooflinePoint(operators, unit, intensity, macs[main] / cycles, possible, bound)


def unit_limits(unit: str, parameters: OverlayParameters) -> tuple[int, int]:
    """Return a unit's multiplications and outputs per cycle."""
    if unit == "array":
        return parameters.macs_per_cycle, parameters.requant_lanes
    return _VECTOR_TAPS * parameters.vec_lanes, parameters.vec_lanes
