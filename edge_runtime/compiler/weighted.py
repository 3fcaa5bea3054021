"""CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED as engine layers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from edge_runtime.compiler.array_lowering import (
    ArrayKernel,
    best_walk,
    blocked_kernel,
    dense_kernel,
    gather_pitches,
    lower_on_array,
)
from edge_runtime.compiler.engine_layer import EngineLayer
from edge_runtime.compiler.layout import Form, Layout
from edge_runtime.compiler.requantisation import Requantisation
from edge_runtime.compiler.scope import Scope, Site
from edge_runtime.compiler.stored import stored_limits, stored_offset, stored_zero_point
from edge_runtime.compiler.vector_lowering import best_vector_walk, lower_depthwise
from edge_runtime.compiler.window import Span, Sweep, sweep_of
from edge_runtime.model.channels import centred_weights, channel_multipliers, folded_bias, rounding_of
from edge_runtime.model.fixed_point import Rounding
from edge_runtime.model.geometry import window_of
from edge_runtime.model.graph import Graph, Operator, OpKind

__all__ = [
    "estimate_convolution",
    "estimate_depthwise",
    "estimate_fully_connected",
    "full_weights",
    "lower_convolution",
    "lower_depthwise_convolution",
    "lower_fully_connected",
    "wished_pitches",
]


def requantisation_of(graph: Graph, operator: Operator, golden: Rounding) -> Requantisation:
    """Return how an operator with weights finishes its sums of raw stored inputs and centred weights."""
    source = graph.tensor(operator.inputs[0])
    bias = folded_bias(graph, operator).astype(np.int64)
    if stored_offset(source):
        bias += stored_offset(source) * _channel_sums(graph, operator)
    return finish_with_bias(graph, operator, bias, golden)


def finish_with_bias(graph: Graph, operator: Operator, bias: npt.NDArray[np.int64], golden: Rounding) -> Requantisation:
    """Return how an operator with weights finishes its sums, given what is added to them, int64[channels]."""
    output = graph.output_tensor(operator)
    multipliers, shifts = channel_multipliers(graph, operator)
    lowest, highest = stored_limits(operator.options.activation, output)  # type: ignore[union-attr]
    return Requantisation(
        bias=bias.astype(np.int32),
        multipliers=multipliers,
        shifts=shifts,
        rounding=rounding_of(operator, golden),
        zero_point=stored_zero_point(output),
        lowest=lowest,
        highest=highest,
    )


def _channel_sums(graph: Graph, operator: Operator) -> npt.NDArray[np.int64]:
    weights = centred_weights(graph, operator)
    along = (0, 1, 2) if operator.kind is OpKind.DEPTHWISE_CONV_2D else tuple(range(1, weights.ndim))
    return np.asarray(weights.sum(axis=along, dtype=np.int64))


def full_weights(graph: Graph, operator: Operator) -> npt.NDArray[np.int16]:
    """Return an operator's weights as [outputs, lines, columns, input channels], zeros where there is no weight."""
    weights = centred_weights(graph, operator)
    if operator.kind is OpKind.DEPTHWISE_CONV_2D:
        channels = graph.tensor(operator.inputs[0]).shape[3]
        return _spread(weights[0].transpose(2, 0, 1)[..., np.newaxis], channels)
    return _spread(weights, graph.tensor(operator.inputs[0]).shape[3])


def _spread(weights: npt.NDArray[np.int16], channels: int) -> npt.NDArray[np.int16]:
    """Spread the weights of grouped channels over all of them."""
    outputs, height, width, own = weights.shape
    if own == channels:
        return weights
    full = np.zeros((outputs, height, width, channels), np.int16)
    share = outputs * own // channels
    for output in range(outputs):
        first = output // share * own
        full[output, :, :, first : first + own] = weights[output]
    return full


def sweep_for(scope: Scope, operator: Operator) -> Sweep:
    """Return an operator's window over the tensor that it reads, a PAD before it folded in."""
    sweep = sweep_of(window_of(scope.graph, operator))
    pad = scope.pads.get(operator.index)
    return sweep.shifted(pad.above, pad.left) if pad else sweep


def lower_convolution(scope: Scope, operator: Operator) -> list[EngineLayer]:
    """Lower a CONV_2D."""
    return [_on_array(scope, operator, dense_kernel(full_weights(scope.graph, operator), scope.parameters))]


def estimate_convolution(scope: Scope, operator: Operator, source: Layout) -> int:
    """Return the cycles of a CONV_2D whose input lies like this."""
    sweep = sweep_for(scope, operator)
    return _array_cycles(
        sweep, best_walk(sweep, source.form.channels, source, scope.parameters).cycles, operator, scope
    )


def _array_cycles(sweep: Sweep, steps: int, operator: Operator, scope: Scope) -> int:
    outputs = scope.graph.output_tensor(operator).shape[-1]
    tiles = -(-outputs // scope.parameters.oc_lanes)
    return sweep.positions * tiles * max(steps, scope.parameters.tile_cycles)


def _on_array(scope: Scope, operator: Operator, kernel: ArrayKernel) -> EngineLayer:
    site = _site(scope, operator)
    return lower_on_array(
        sweep_for(scope, operator), kernel, requantisation_of(scope.graph, operator, scope.rounding), site
    )


def _site(scope: Scope, operator: Operator) -> Site:
    return scope.site(operator, pad_value=stored_zero_point(scope.graph.tensor(operator.inputs[0])))


def lower_depthwise_convolution(scope: Scope, operator: Operator) -> list[EngineLayer]:
    """Lower a DEPTHWISE_CONV_2D, for the unit that takes fewer cycles."""
    return [min(_depthwise_candidates(scope, operator), key=lambda layer: layer.cycles)]


def _depthwise_candidates(scope: Scope, operator: Operator) -> Iterator[EngineLayer]:
    weights = centred_weights(scope.graph, operator)[0]
    channels = scope.graph.tensor(operator.inputs[0]).shape[3]
    multiplier = weights.shape[2] // channels
    if multiplier == 1 and fits_vector(weights):
        yield _on_vector(scope, operator, weights)
    if multiplier > 1 or channels <= scope.parameters.k_lanes or not fits_vector(weights):
        yield _on_array(scope, operator, dense_kernel(full_weights(scope.graph, operator), scope.parameters))
        blocks = blocked_kernel(weights, multiplier, scope.parameters)
        if blocks:
            yield _on_array(scope, operator, blocks)


def fits_vector(weights: npt.NDArray[np.int16]) -> bool:
    """Whether weights are int8, all that the vector unit multiplies with."""
    return bool((weights >= -128).all() and (weights <= 127).all())


def _on_vector(scope: Scope, operator: Operator, weights: npt.NDArray[np.int16]) -> EngineLayer:
    finish = requantisation_of(scope.graph, operator, scope.rounding)
    return lower_depthwise(sweep_for(scope, operator), weights, finish, _site(scope, operator))


def estimate_depthwise(scope: Scope, operator: Operator, source: Layout) -> int:
    """Return the cycles of a DEPTHWISE_CONV_2D whose input lies like this."""
    sweep, channels = sweep_for(scope, operator), source.form.channels
    outputs = scope.graph.output_tensor(operator).shape[3]
    estimates = []
    if outputs == channels:
        tiles = -(-channels // scope.parameters.vec_lanes)
        estimates.append(sweep.lines.outputs * tiles * best_vector_walk(sweep, source, scope.parameters).row_cycles)
    if outputs > channels or channels <= scope.parameters.k_lanes:
        steps = best_walk(sweep, channels, source, scope.parameters).cycles
        estimates.append(_array_cycles(sweep, steps, operator, scope))
    return min(estimates)


def lower_fully_connected(scope: Scope, operator: Operator, *, banked: bool = False) -> list[EngineLayer]:
    """Lower a FULLY_CONNECTED: a convolution with a kernel as large as the part of the input that one output reads."""
    graph = scope.graph
    weights = centred_weights(graph, operator)
    source = _dense_source(scope.layouts[operator.inputs[0]], weights.shape[1])
    sweep, form = _dense_sweep(source.form, weights.shape[1])
    target = scope.layouts[operator.outputs[0]].viewed_as(
        Form(sweep.lines.outputs, sweep.columns.outputs, len(weights))
    )
    assert target is not None  # noqa: S101 - the output of a layer is laid out as it comes
    layer = lower_on_array(
        sweep,
        dense_kernel(weights.reshape(len(weights), *form), scope.parameters),
        requantisation_of(graph, operator, scope.rounding),
        replace(scope.site(operator), source_layout=source, target_layout=target),
    )
    return [layer.with_fields(BANKED=1) if banked else layer]


def estimate_fully_connected(scope: Scope, operator: Operator, source: Layout) -> int:
    """Return the cycles of a FULLY_CONNECTED whose input lies like this."""
    features = scope.graph.tensor(operator.inputs[1]).shape[1]
    source = _dense_source(source, features)
    sweep, form = _dense_sweep(source.form, features)
    return _array_cycles(sweep, best_walk(sweep, form[2], source, scope.parameters).cycles, operator, scope)


def needs_dense(form: Form, features: int) -> bool:
    """Whether a FULLY_CONNECTED takes its inputs across the lines and columns of its input."""
    whole = (form.channels, form.columns * form.channels, form.size)
    return features not in whole


def _dense_source(source: Layout, features: int) -> Layout:
    if not needs_dense(source.form, features):
        return source
    return Layout.dense(Form(1, source.form.size // features, features))


def _dense_sweep(form: Form, features: int) -> tuple[Sweep, tuple[int, int, int]]:
    """Return the window of a FULLY_CONNECTED, and its kernel's lines, columns and channels."""
    if features == form.channels:
        kernel, outputs = (1, 1), (form.lines, form.columns)
    elif features == form.columns * form.channels:
        kernel, outputs = (1, form.columns), (form.lines, 1)
    else:
        kernel, outputs = (form.lines, form.columns), (1, 1)
    spans = [Span(size, size, 1, 0, count) for size, count in zip(kernel, outputs, strict=True)]
    return Sweep(spans[0], spans[1]), (*kernel, form.channels)


def wished_pitches(scope: Scope, operator: Operator, source: Layout) -> set[int]:
    """Return the pitches of its input, modulo the banks, that would speed an operator up."""
    if operator.kind is OpKind.FULLY_CONNECTED:
        return set()
    sweep = sweep_for(scope, operator)
    wishes = gather_pitches(sweep, source.form.channels, source, scope.parameters)
    if operator.kind is OpKind.DEPTHWISE_CONV_2D:
        wishes |= {scope.parameters.vec_lanes}
    return wishes
