"""PAD and CONCATENATION as engine layers: copies, where nothing better was found.

A copy is a maximum over one element; what it reads outside of its input is the padding.
"""

from __future__ import annotations

from dataclasses import replace

from edge_runtime.compiler.engine_layer import EngineLayer
from edge_runtime.compiler.layout import Layout, form_of
from edge_runtime.compiler.requantisation import identity
from edge_runtime.compiler.scope import Scope
from edge_runtime.compiler.stored import stored_offset, stored_zero_point
from edge_runtime.compiler.vector_lowering import lower_maximum
from edge_runtime.compiler.window import Span, Sweep
from edge_runtime.model.channels import constant_of
from edge_runtime.model.graph import ConcatenationOptions, Graph, Operator, options_of

__all__ = ["concatenated_layout", "lower_concatenation", "lower_pad", "pad_amounts", "pad_value"]


def pad_amounts(graph: Graph, operator: Operator) -> tuple[tuple[int, int], ...]:
    """Return how much a PAD puts before and after, by dimension of its input."""
    amounts = constant_of(graph.tensor(operator.inputs[1])).reshape(-1, 2)
    return tuple((int(before), int(after)) for before, after in amounts)


def pad_value(graph: Graph, operator: Operator) -> int:
    """Return what a PAD or PADV2 pads with, as a stored number."""
    source = graph.tensor(operator.inputs[0])
    if len(operator.inputs) > 2 and operator.inputs[2] >= 0:
        value = graph.tensor(operator.inputs[2])
        return int(constant_of(value).reshape(-1)[0]) - stored_offset(source)
    return stored_zero_point(source)


def lower_pad(scope: Scope, operator: Operator) -> list[EngineLayer]:
    """Lower a PAD of lines and columns."""
    graph = scope.graph
    above, left = ((0, 0), (0, 0), (0, 0), *pad_amounts(graph, operator))[-3:-1]
    form = form_of(graph.output_tensor(operator).shape)
    sweep = Sweep(Span(1, 1, 1, above[0], form.lines), Span(1, 1, 1, left[0], form.columns))
    return _copy(
        scope, operator, sweep, operator.inputs[0], scope.layouts[operator.outputs[0]], pad_value(graph, operator)
    )


def lower_concatenation(scope: Scope, operator: Operator) -> list[EngineLayer]:
    """Lower a CONCATENATION: copies of those inputs that have not been written where they belong."""
    layers = []
    for position, source in enumerate(operator.inputs):
        place = concatenated_layout(scope.graph, operator, position, scope.layouts[operator.outputs[0]])
        if source not in scope.joined:
            sweep = Sweep(Span(1, 1, 1, 0, place.form.lines), Span(1, 1, 1, 0, place.form.columns))
            layers += _copy(scope, operator, sweep, source, place, 0)
    return layers


def concatenated_layout(graph: Graph, operator: Operator, position: int, whole: Layout) -> Layout:
    """Return how an input of a CONCATENATION lies in its output."""
    tensors = [graph.tensor(index) for index in operator.inputs]
    rank = len(tensors[0].shape)
    axis = options_of(operator, ConcatenationOptions).axis % rank - rank
    form = form_of(tensors[position].shape)
    before = sum(form_size(tensor.shape, axis) for tensor in tensors[:position])
    steps = {-1: 1, -2: whole.pixel}
    offset = whole.offset + before * steps.get(axis, whole.pitch)
    return replace(whole, form=form, offset=offset)


def form_size(shape: tuple[int, ...], axis: int) -> int:
    """Return a shape's channels, columns or lines, by the dimension that is named from the end."""
    form = form_of(shape)
    return {-1: form.channels, -2: form.columns}.get(axis, form.lines)


def _copy(
    scope: Scope, operator: Operator, sweep: Sweep, source: int, target: Layout, around: int
) -> list[EngineLayer]:
    site = replace(scope.site(operator, source=source, pad_value=around), target_layout=target)
    layer = lower_maximum(sweep, identity(target.form.channels), site)
    assert layer is not None  # noqa: S101 - a window of one line can always be read
    return [layer]
