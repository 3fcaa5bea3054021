"""RESIZE_BILINEAR to a multiple of the size, as depthwise kernels of up to two by two.

Outputs a multiple of the factor apart lie alike between their inputs, but for those at the edges: each such run of
lines and of columns together is a layer, whose outputs are written the factor apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby, product

import numpy as np
import numpy.typing as npt

from edge_runtime.compiler.engine_layer import EngineLayer
from edge_runtime.compiler.enlarging import is_pixel
from edge_runtime.compiler.layout import Form, Layout
from edge_runtime.compiler.requantisation import with_bias
from edge_runtime.compiler.scope import Scope
from edge_runtime.compiler.spread import spread_copy
from edge_runtime.compiler.vector_lowering import lower_depthwise
from edge_runtime.compiler.window import Span, Sweep
from edge_runtime.model.graph import Graph, Operator, ResizeOptions, options_of
from edge_runtime.model.resizing import STEP_BITS, bilinear_places

__all__ = ["bilinear_runs", "lower_bilinear"]

_LARGEST_WEIGHT = 127


@dataclass(frozen=True)
class _Run:
    """Outputs `output`, ``output + step`` and so on, `count` of them, from one or two inputs each, `source` on.

    They are the sums of the inputs times `weights`, divided by two to the power of `bits`.
    """

    output: int
    step: int
    count: int
    source: int
    weights: tuple[int, ...]
    bits: int


def bilinear_runs(graph: Graph, operator: Operator) -> tuple[list[_Run], list[_Run]] | None:
    """Return the runs of lines and of columns; None where the factor is not whole, or weights are too large."""
    options = options_of(operator, ResizeOptions)
    lengths = graph.tensor(operator.inputs[0]).shape[1:3], graph.output_tensor(operator).shape[1:3]
    found = [list(_runs(inputs, outputs, options)) for inputs, outputs in zip(*lengths, strict=True)]
    largest = 2 * np.prod([max((max(run.weights) for run in runs), default=_LARGEST_WEIGHT) for runs in found])
    return (found[0], found[1]) if largest <= _LARGEST_WEIGHT else None


def _runs(inputs: int, outputs: int, options: ResizeOptions) -> Iterator[_Run]:
    if outputs % inputs:
        return
    factor, places = outputs // inputs, bilinear_places(inputs, outputs, options)
    beside, between = places.lower - np.arange(outputs) // factor, places.upper - places.lower
    kinds = list(zip(beside.tolist(), between.tolist(), places.part.tolist(), strict=True))
    for first in range(factor):
        for kind, group in groupby(range(first, outputs, factor), key=kinds.__getitem__):
            members = list(group)
            weights, bits = _weights(*kind[1:])
            yield _Run(members[0], factor, len(members), int(places.lower[members[0]]), weights, bits)


def _weights(between: int, part: int) -> tuple[tuple[int, ...], int]:
    if between == 0 or part == 0:
        return (1,), 0
    unit = part & -part
    return ((1 << STEP_BITS) // unit - part // unit, part // unit), STEP_BITS - unit.bit_length() + 1


def lower_bilinear(scope: Scope, operator: Operator) -> list[EngineLayer]:
    """Lower a RESIZE_BILINEAR."""
    if is_pixel(scope.graph, operator):
        return [spread_copy(scope.site(operator))]
    runs = bilinear_runs(scope.graph, operator)
    assert runs is not None  # noqa: S101 - placement has seen to it
    return [_layer(scope, operator, lines, columns) for lines, columns in product(*runs)]


def _layer(scope: Scope, operator: Operator, lines: _Run, columns: _Run) -> EngineLayer:
    site = scope.site(operator)
    channels, whole = site.source_layout.form.channels, site.target_layout
    target = Layout(
        Form(lines.count, columns.count, channels),
        whole.pixel * columns.step,
        whole.pitch * lines.step,
        whole.at(lines.output, columns.output),
    )
    # twice the weights, as the multiplier halves: only the shift rounds then, ties away from zero as TFLite does
    weights = 2 * np.outer(lines.weights, columns.weights)
    finish = with_bias(np.zeros(channels, np.int32), 1 << 30, -lines.bits - columns.bits)
    kernel: npt.NDArray[np.int16] = np.repeat(weights[..., np.newaxis], channels, axis=2).astype(np.int16)
    return lower_depthwise(Sweep(_span(lines), _span(columns)), kernel, finish, replace(site, target_layout=target))


def _span(run: _Run) -> Span:
    return Span(len(run.weights), 1, 1, -run.source, run.count)
