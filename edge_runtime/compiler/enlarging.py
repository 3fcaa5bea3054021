"""RESIZE_NEAREST_NEIGHBOR to a multiple of the size: copies of the input, written as far apart as there are of them.

A single pixel is repeated by one copy, which is all that RESIZE_BILINEAR does with it too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from edge_runtime.compiler.engine_layer import EngineLayer
from edge_runtime.compiler.layout import Layout
from edge_runtime.compiler.requantisation import identity
from edge_runtime.compiler.scope import Scope
from edge_runtime.compiler.spread import spread_copy
from edge_runtime.compiler.vector_lowering import lower_maximum
from edge_runtime.compiler.window import Span, Sweep
from edge_runtime.model.graph import Graph, Operator, ResizeOptions, options_of
from edge_runtime.model.resizing import nearest_places

__all__ = ["is_pixel", "lower_nearest", "nearest_factors"]


def is_pixel(graph: Graph, operator: Operator) -> bool:
    """Return whether what is resized is a single pixel."""
    return graph.tensor(operator.inputs[0]).shape[:3] == (1, 1, 1)


def nearest_factors(graph: Graph, operator: Operator) -> tuple[int, int] | None:
    """Return how many lines and columns a RESIZE_NEAREST_NEIGHBOR makes of each; None where not all are as many."""
    options = options_of(operator, ResizeOptions)
    lengths = graph.tensor(operator.inputs[0]).shape[1:3], graph.output_tensor(operator).shape[1:3]
    factors = [_factor(inputs, outputs, options) for inputs, outputs in zip(*lengths, strict=True)]
    return (factors[0], factors[1]) if all(factors) else None


def _factor(inputs: int, outputs: int, options: ResizeOptions) -> int:
    factor = outputs // inputs
    regular = np.arange(outputs) // max(1, factor)
    return factor if np.array_equal(nearest_places(inputs, outputs, options), regular) else 0


def lower_nearest(scope: Scope, operator: Operator) -> list[EngineLayer]:
    """Lower a RESIZE_NEAREST_NEIGHBOR."""
    if is_pixel(scope.graph, operator):
        return [spread_copy(scope.site(operator))]
    return list(_copies(scope, operator))


def _copies(scope: Scope, operator: Operator) -> Iterator[EngineLayer]:
    factors = nearest_factors(scope.graph, operator)
    assert factors is not None  # noqa: S101 - placement has seen to it
    high, wide = factors
    site = scope.site(operator)
    form, whole = site.source_layout.form, site.target_layout
    sweep = Sweep(Span(1, 1, 1, 0, form.lines), Span(1, 1, 1, 0, form.columns))
    for line in range(high):
        for column in range(wide):
            target = Layout(form, whole.pixel * wide, whole.pitch * high, whole.at(line, column))
            layer = lower_maximum(sweep, identity(form.channels), replace(site, target_layout=target))
            assert layer is not None  # noqa: S101 - a window of one line can always be read
            yield layer
