"""AVERAGE_POOL_2D, MEAN over lines and columns, MAX_POOL_2D as engine layers.

Averages are sums of products with weights of 1. TFLite divides an AVERAGE_POOL_2D's sums, rounding half away from
zero. A multiplier M = floor(2**k / count) + 1 with single rounding, floor(sum * M / 2**k + 1/2), gives the same for
every sum of up to `count` int8: M is above 2**k / count by less than 1, which is too little to reach the next half,
yet enough to move the negative ties down; a test tries every sum. Where windows reach over the edge, fewer elements
count: one layer for each number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

import numpy as np
import numpy.typing as npt

from edge_runtime.compiler.array_lowering import best_walk, blocked_kernel, gather_pitches, lower_on_array
from edge_runtime.compiler.engine_layer import EngineLayer
from edge_runtime.compiler.layout import Form, Layout
from edge_runtime.compiler.requantisation import Requantisation, identity, with_bias
from edge_runtime.compiler.scope import Scope
from edge_runtime.compiler.stored import stored_limits, stored_offset, stored_zero_point
from edge_runtime.compiler.vector_lowering import best_vector_walk, gathers, lower_depthwise, lower_maximum
from edge_runtime.compiler.window import Span, Sweep, sweep_of
from edge_runtime.model.fixed_point import Rounding
from edge_runtime.model.geometry import window_of
from edge_runtime.model.graph import Activation, Graph, Operator, OpKind, PoolOptions, options_of
from edge_runtime.model.scales import mean_multiplier
from edge_runtime.model.shapes import reduced_axes

__all__ = [
    "MOST_RECTANGLES",
    "estimate_pool",
    "lower_average_pool",
    "lower_max_pool",
    "lower_mean",
    "mean_sweep",
    "pool_rectangles",
    "round_half_away_factor",
    "wished_pool_pitches",
]

#: An AVERAGE_POOL_2D becomes at most so many layers.
MOST_RECTANGLES = 16


def round_half_away_factor(count: int) -> tuple[int, int]:
    """Return the multiplier and shift that divide sums of up to `count` int8 as TFLite's AVERAGE_POOL_2D does.

    Examples
    --------
    >>> round_half_away_factor(1)
    (1073741825, 1)
    """
    exponent = 30 + (count - 1).bit_length()
    multiplier = (1 << exponent) // count + 1
    if multiplier >= 1 << 31:
        exponent -= 1
        multiplier = (1 << exponent) // count + 1
    return multiplier, 31 - exponent


def lower_average_pool(scope: Scope, operator: Operator) -> list[EngineLayer]:
    """Lower an AVERAGE_POOL_2D: one layer for each number of elements that a window covers."""
    output = scope.graph.output_tensor(operator)
    limits = stored_limits(options_of(operator, PoolOptions).activation, output)
    offset = stored_offset(output)
    layers = []
    for sweep, count in pool_rectangles(scope.graph, operator):
        multiplier, shift = round_half_away_factor(count)
        bias = np.full(output.shape[-1], count * offset, np.int32)
        finish = with_bias(
            bias, multiplier, shift, rounding=Rounding.SINGLE, zero_point=-offset, lowest=limits[0], highest=limits[1]
        )
        layers.append(_average(scope, operator, sweep, finish, scope.layouts[operator.outputs[0]]))
    return layers


def pool_rectangles(graph: Graph, operator: Operator) -> list[tuple[Sweep, int]]:
    """Return the rectangles of outputs whose windows cover the same number of elements, with that number."""
    sweep = sweep_of(window_of(graph, operator))
    _, height, width, _ = graph.tensor(operator.inputs[0]).shape
    return [
        (Sweep(lines, columns), line_count * column_count)
        for lines, line_count in _stretches(sweep.lines, height)
        for columns, column_count in _stretches(sweep.columns, width)
    ]


def _stretches(span: Span, length: int) -> Iterator[tuple[Span, int]]:
    """Yield runs of outputs whose windows cover the same number of elements."""

    def covered(output: int) -> int:
        start = output * span.stride - span.pad
        return min(start + span.kernel, length) - max(start, 0)

    for count, outputs in groupby(range(span.outputs), key=covered):
        run = list(outputs)
        yield replace(span, first=run[0], outputs=len(run)), count


def lower_mean(scope: Scope, operator: Operator) -> list[EngineLayer]:
    """Lower a MEAN over lines, columns or both."""
    source, output = scope.graph.tensor(operator.inputs[0]), scope.graph.output_tensor(operator)
    sweep = mean_sweep(scope.graph, operator)
    assert sweep is not None  # noqa: S101 - placement has seen to it
    count = source.size // output.size
    multiplier, shift = mean_multiplier(source, output, count)
    bias = np.full(source.shape[-1], -count * stored_zero_point(source), np.int32)
    lowest, highest = stored_limits(Activation.NONE, output)
    finish = with_bias(bias, multiplier, shift, zero_point=stored_zero_point(output), lowest=lowest, highest=highest)
    form = Form(sweep.lines.outputs, sweep.columns.outputs, finish.channels)
    target = scope.layouts[operator.outputs[0]].viewed_as(form)
    assert target is not None  # noqa: S101 - the output of a layer is laid out as it comes
    return [_average(scope, operator, sweep, finish, target)]


def mean_sweep(graph: Graph, operator: Operator) -> Sweep | None:
    """Return a MEAN's window, or None where it is none over lines and columns."""
    shape = graph.tensor(operator.inputs[0]).shape
    axes = {axis - len(shape) for axis in reduced_axes(graph, operator) if shape[axis] > 1}
    padded = (1, 1, 1, *shape)
    lines = [axis for axis in range(-len(padded), -2) if padded[axis] > 1]
    if -1 in axes or len(lines) > 1:
        return None
    height, width = (padded[lines[0]] if lines else 1), padded[-2]
    return Sweep(_reduced(height, whole=bool(axes & set(lines))), _reduced(width, whole=-2 in axes))


def _reduced(length: int, *, whole: bool) -> Span:
    return Span(length, 1, 1, 0, 1) if whole else Span(1, 1, 1, 0, length)


def _average(scope: Scope, operator: Operator, sweep: Sweep, finish: Requantisation, target: Layout) -> EngineLayer:
    """Sum up windows, on the unit that takes fewer cycles."""
    site = replace(scope.site(operator), target_layout=target)
    kernel = (sweep.lines.kernel, sweep.columns.kernel, finish.channels)
    blocks = blocked_kernel(np.ones(kernel, np.int16), 1, scope.parameters)
    candidates = [lower_depthwise(sweep, _ones(scope, sweep, site.source_layout), finish, site)]
    if blocks:
        candidates.append(lower_on_array(sweep, blocks, finish, site))
    return min(candidates, key=lambda layer: layer.cycles)


def _ones(scope: Scope, sweep: Sweep, source: Layout) -> npt.NDArray[np.int16]:
    """Return a kernel of ones; also for lines below the input, which read 0, so that all weight rows are the same."""
    lines = sweep.lines
    walk = best_vector_walk(sweep, source, scope.parameters)
    below = lines.outputs == 1 and lines.start + lines.kernel >= source.form.lines
    height = walk.groups * walk.lines if below else lines.kernel
    return np.ones((height, sweep.columns.kernel, source.form.channels), np.int16)


def estimate_pool(scope: Scope, operator: Operator, source: Layout) -> int:
    """Return about the cycles of a pool or MEAN whose input lies like this."""
    sweep = _sweep(scope, operator)
    vector = best_vector_walk(sweep, source, scope.parameters).row_cycles * sweep.lines.outputs
    cycles = vector * -(-source.form.channels // scope.parameters.vec_lanes)
    if operator.kind is OpKind.MAX_POOL_2D:
        possible = sweep.lines.kernel == 1 or gathers(sweep, source, scope.parameters)
        return cycles if possible else cycles << 10
    steps = best_walk(sweep, scope.parameters.oc_lanes, source, scope.parameters).cycles
    return min(cycles, sweep.positions * steps * -(-source.form.channels // scope.parameters.oc_lanes))


def wished_pool_pitches(scope: Scope, operator: Operator, source: Layout) -> set[int]:
    """Return the pitches of its input, modulo the banks, that would speed a pool up."""
    sweep = _sweep(scope, operator)
    wishes = gather_pitches(sweep, min(source.form.channels, scope.parameters.oc_lanes), source, scope.parameters)
    return wishes | {scope.parameters.vec_lanes}


def _sweep(scope: Scope, operator: Operator) -> Sweep:
    if operator.kind is OpKind.MEAN:
        sweep = mean_sweep(scope.graph, operator)
        assert sweep is not None  # noqa: S101 - placement has seen to it
        return sweep
    return sweep_of(window_of(scope.graph, operator))


def lower_max_pool(scope: Scope, operator: Operator) -> list[EngineLayer]:
    """Lower a MAX_POOL_2D; nothing where its input lies so that three lines cannot be read at once."""
    output = scope.graph.output_tensor(operator)
    lowest, highest = stored_limits(options_of(operator, PoolOptions).activation, output)
    finish = identity(output.shape[-1], lowest=lowest, highest=highest)
    sweep = sweep_of(window_of(scope.graph, operator))
    layer = lower_maximum(sweep, finish, scope.site(operator, pad_value=-128))
    return [layer] if layer else []
