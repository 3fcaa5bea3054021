"""Operands that are copied before an operator of two reads them: to the other one's size, or to a better place.

The engine reads two operands in one step only where they lie alike, a fixed distance apart. A smaller operand is
therefore spread over lines and columns by a copy that does not move on, over channels by a convolution with weights of
one. What is made so is a tensor of the compiler's own, with a number behind the graph's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from edge_runtime.compiler.array_lowering import dense_kernel, lower_on_array
from edge_runtime.compiler.engine_layer import EngineLayer
from edge_runtime.compiler.layout import Form, Layout, form_of
from edge_runtime.compiler.requantisation import identity
from edge_runtime.compiler.scope import Scope, Site, Spread
from edge_runtime.compiler.vector_lowering import lower_maximum
from edge_runtime.compiler.window import Span, Sweep
from edge_runtime.model.graph import Graph, Operator, OpKind

__all__ = ["BINARY", "smaller_operand", "spread_copy", "spread_layout", "spread_operand", "spreads"]

#: Operators of two tensors.
BINARY = (OpKind.ADD, OpKind.SUB, OpKind.MUL)


def smaller_operand(graph: Graph, operator: Operator) -> int | None:
    """Return which of two operands has to be spread; None if neither has to be, or it cannot be done."""
    sizes = [graph.tensor(index).size for index in operator.inputs[:2]]
    whole = graph.output_tensor(operator).size
    short = [position for position, size in enumerate(sizes) if size != whole]
    return short[0] if len(short) == 1 and _spreadable(graph, operator, short[0]) else None


def _spreadable(graph: Graph, operator: Operator, position: int) -> bool:
    """Whether each of an operand's lines, columns and channels are one, or as many as the output's."""
    shape, whole = graph.tensor(operator.inputs[position]).shape, graph.output_tensor(operator).shape
    one, all_of = form_of(shape), form_of(whole)
    pairs = ((one.lines, all_of.lines), (one.columns, all_of.columns), (one.channels, all_of.channels))
    return all(some in (1, most) for some, most in pairs)


def spreads(graph: Graph, operators: Collection[int], moved: Collection[int]) -> dict[int, Spread]:
    """Return, by operator, which operand is copied to a tensor of which number; `moved` are copied as they are."""
    found = {}
    for index in operators:
        operator = graph.operators[index]
        if operator.kind not in BINARY or len(graph.activations_of(operator)) < len(operator.inputs[:2]):
            continue
        position = 1 if index in moved else smaller_operand(graph, operator)
        if position is not None:
            found[index] = Spread(position, len(graph.tensors) + index)
    return found


def spread_layout(scope: Scope, operator: Operator, layouts: Mapping[int, Layout]) -> Layout:
    """Return how a spread operand lies: as the other one does."""
    other = operator.inputs[1 - scope.spreads[operator.index].position]
    return replace(layouts[other], offset=0)


def spread_operand(scope: Scope, operator: Operator) -> tuple[list[EngineLayer], tuple[int, int]]:
    """Return the layers that spread an operand, if one is to be, and the tensors that the operator then reads."""
    one, other = operator.inputs[:2]
    spread = scope.spreads.get(operator.index)
    if spread is None:
        return [], (one, other)
    layer = _copy(scope, operator, operator.inputs[spread.position], spread.tensor)
    return [layer], (spread.tensor, other) if spread.position == 0 else (one, spread.tensor)


def _copy(scope: Scope, operator: Operator, source: int, tensor: int) -> EngineLayer:
    site = replace(scope.site(operator, source=source), target=tensor, target_layout=scope.layouts[tensor])
    return spread_copy(site)


def spread_copy(site: Site) -> EngineLayer:
    """Return a copy whose lines, columns and channels are either as many as the target's or one, which is repeated."""
    form, target = site.source_layout.form, site.target_layout
    sweep = Sweep(Span(1, 1, 1, 0, target.form.lines), Span(1, 1, 1, 0, target.form.columns))
    finish = identity(target.form.channels)
    if form.channels == target.form.channels:
        layer = lower_maximum(sweep, finish, site)
        assert layer is not None  # noqa: S101 - a window of one line can always be read
    else:
        weights = np.ones((target.form.channels, 1, 1, 1), np.int16)
        layer = lower_on_array(sweep, dense_kernel(weights, site.parameters), finish, site)
    return layer.with_fields(**_standing(form, target.form))


def _standing(form: Form, target: Form) -> dict[str, int]:
    """Return the steps that are not taken, as there is only one line, or one column, to read."""
    lines = {"ROW_STEP": 0, "Y_STEP": 0} if form.lines < target.lines else {}
    return lines | ({"X_STEP": 0} if form.columns < target.columns else {})
