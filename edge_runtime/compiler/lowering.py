"""From a part's operators to engine layers; two units side by side where that is faster."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from edge_runtime.compiler.array_lowering import dense_kernel, lower_on_array
from edge_runtime.compiler.chaining import chained_pair
from edge_runtime.compiler.cycles import VECTOR_WRITE_CYCLES
from edge_runtime.compiler.elementwise import lower_addition, lower_lookup, lower_multiplication
from edge_runtime.compiler.engine_layer import EngineLayer, Function, Unit
from edge_runtime.compiler.enlarging import lower_nearest
from edge_runtime.compiler.interpolating import lower_bilinear
from edge_runtime.compiler.layout import Form, Layout
from edge_runtime.compiler.layouts import PartLayout
from edge_runtime.compiler.movement import lower_concatenation, lower_pad
from edge_runtime.compiler.pooling import lower_average_pool, lower_max_pool, lower_mean
from edge_runtime.compiler.prelu import lower_prelu
from edge_runtime.compiler.schedule import row_times
from edge_runtime.compiler.scope import Scope
from edge_runtime.compiler.transposed import lower_transposed
from edge_runtime.compiler.vector_lowering import chunk_lines
from edge_runtime.compiler.weighted import (
    full_weights,
    lower_convolution,
    lower_depthwise_convolution,
    lower_fully_connected,
    requantisation_of,
    sweep_for,
)
from edge_runtime.compiler.window import Span, Sweep
from edge_runtime.model.graph import Graph, Operator, OpKind

__all__ = ["lower_operator", "lower_part"]

_LOWER: Mapping[OpKind, Callable[[Scope, Operator], list[EngineLayer]]] = {
    OpKind.ABS: lower_lookup,
    OpKind.ADD: lower_addition,
    OpKind.AVERAGE_POOL_2D: lower_average_pool,
    OpKind.CONCATENATION: lower_concatenation,
    OpKind.CONV_2D: lower_convolution,
    OpKind.DEPTHWISE_CONV_2D: lower_depthwise_convolution,
    OpKind.EXP: lower_lookup,
    OpKind.GELU: lower_lookup,
    OpKind.HARD_SWISH: lower_lookup,
    OpKind.LEAKY_RELU: lower_lookup,
    OpKind.LOGISTIC: lower_lookup,
    OpKind.MAXIMUM: lower_lookup,
    OpKind.MAX_POOL_2D: lower_max_pool,
    OpKind.MEAN: lower_mean,
    OpKind.MINIMUM: lower_lookup,
    OpKind.MUL: lower_multiplication,
    OpKind.PAD: lower_pad,
    OpKind.PADV2: lower_pad,
    OpKind.PRELU: lower_prelu,
    OpKind.QUANTIZE: lower_lookup,
    OpKind.RELU: lower_lookup,
    OpKind.RELU6: lower_lookup,
    OpKind.RELU_0_TO_1: lower_lookup,
    OpKind.RELU_N1_TO_1: lower_lookup,
    OpKind.RSQRT: lower_lookup,
    OpKind.RESIZE_BILINEAR: lower_bilinear,
    OpKind.RESIZE_NEAREST_NEIGHBOR: lower_nearest,
    OpKind.SUB: lower_addition,
    OpKind.TANH: lower_lookup,
    OpKind.TRANSPOSE_CONV: lower_transposed,
}

#: Operators whose layers write a tensor of their output's shape, byte by byte.
_ELEMENTWISE = {kind for kind, lower in _LOWER.items() if lower in (lower_addition, lower_lookup, lower_multiplication)}


def lower_operator(scope: Scope, operator: Operator, *, banked: bool = False) -> list[EngineLayer]:
    """Lower one operator; `banked` for a head."""
    if operator.kind is OpKind.FULLY_CONNECTED:
        return lower_fully_connected(scope, operator, banked=banked)
    return _LOWER[operator.kind](scope, operator)


def lower_part(part: PartLayout, *, head: int | None, keep: Collection[int]) -> list[EngineLayer]:
    """Lower the operators of a part, in order.

    Parameters
    ----------
    part
        How its tensors lie.
    head
        The operator whose weights are kept twice, if there is one.
    keep
        Tensors that others read after the part.
    """
    graph = part.scope.graph
    layers: list[EngineLayer] = []
    for index in part.operators:
        operator = graph.operators[index]
        lowered = lower_operator(part.scope, operator, banked=index == head)
        before = layers[-1] if layers else None
        if before and _may_follow(graph, before, operator, keep):
            pair = _fused(part.scope, before, operator)
            alone = before.cycles + sum(layer.cycles for layer in lowered) + VECTOR_WRITE_CYCLES
            if pair and _pair_cycles(*pair) < alone:
                layers[-1:] = pair
                continue
        chain = chained_pair(part.scope, layers, operator, lowered, keep) if operator.kind in _ELEMENTWISE else None
        if chain:
            layers[-1:] = chain
            continue
        layers += lowered
    return layers


def _may_follow(graph: Graph, before: EngineLayer, operator: Operator, keep: Collection[int]) -> bool:
    """Whether an operator is a pointwise convolution and the only reader of what a depthwise layer computes."""
    if before.unit is not Unit.VECTOR or before.fields["FUNCTION"] != Function.MAC.value or before.fused:
        return False
    if graph.operators[before.operator].kind is not OpKind.DEPTHWISE_CONV_2D or operator.kind is not OpKind.CONV_2D:
        return False
    readers = graph.readers_of(before.target)
    return operator.inputs[0] == before.target and len(readers) == 1 and before.target not in keep


def _fused(scope: Scope, before: EngineLayer, operator: Operator) -> tuple[EngineLayer, EngineLayer] | None:
    """Return both layers with the row buffer between them, or None where that is not possible."""
    sweep = sweep_for(scope, operator)
    point = Span(1, 1, 1, 0, 1)
    plain = all(Span(span.kernel, span.stride, 1, span.pad, 1) == point for span in (sweep.lines, sweep.columns))
    parameters = scope.parameters
    pixel = before.fields["TILES"] * parameters.vec_lanes
    most = parameters.row_buffer_bytes // 2 // pixel
    if not plain or most == 0 or parameters.k_lanes % parameters.vec_lanes:
        return None
    leaders = [layer for layer, columns in _leaders(scope, before, sweep) if columns <= most]
    pairs = [(_leader(layer, pixel), _follower(scope, layer, operator, pixel)) for layer in leaders]
    return min(pairs, key=lambda pair: _pair_cycles(*pair), default=None)


def _leaders(scope: Scope, before: EngineLayer, follower: Sweep) -> list[tuple[EngineLayer, int]]:
    """Return the ways to divide a depthwise layer's outputs into rows, and the outputs of a row."""
    ways = [(before, follower.columns.outputs)]
    sweep, source = sweep_for(scope, scope.graph.operators[before.operator]), scope.layouts[before.source]
    narrow = source.form.columns == 1 and sweep.columns == Span(1, sweep.columns.stride, sweep.columns.dilation, 0, 1)
    if not narrow or before.fields.get("SLIDE") or not sweep.lines.stays_inside(source.form.lines):
        return ways
    lines = sweep.lines.outputs
    sizes = (size for size in range(2, lines + 1) if lines % size == 0)
    return ways + [(chunk_lines(before, size, scope.parameters), size) for size in sizes]


def _leader(layer: EngineLayer, pixel: int) -> EngineLayer:
    return layer.with_fields(FUSED=1, OUTPUT=0, OUT_ROW_STEP=0, OUT_POS_STEP=pixel)


def _follower(scope: Scope, leader: EngineLayer, operator: Operator, pixel: int) -> EngineLayer:
    rows, columns = leader.fields["ROWS"], _columns(leader)
    channels = scope.graph.tensor(operator.inputs[0]).shape[3]
    outputs = scope.graph.output_tensor(operator).shape[3]
    target = scope.layouts[operator.outputs[0]].viewed_as(Form(rows, columns, outputs))
    assert target is not None  # noqa: S101 - rows are those of the output, or it has but one column
    source = Layout(Form(rows, columns, channels), pixel, pixel * columns)
    layer = lower_on_array(
        Sweep(Span(1, 1, 1, 0, rows), Span(1, 1, 1, 0, columns)),
        dense_kernel(full_weights(scope.graph, operator), scope.parameters),
        requantisation_of(scope.graph, operator, scope.rounding),
        replace(scope.site(operator), source_layout=source, target_layout=target),
    )
    return layer.with_fields(FUSED=1, ROW_START=0, ROW_STEP=0)


def _columns(leader: EngineLayer) -> int:
    fields = leader.fields
    if not fields.get("SLIDE"):
        return fields["POSITIONS"]
    return (fields["POSITIONS"] - fields["SKIP"] - 1) // fields["STRIDE"] + 1


def _pair_cycles(leader: EngineLayer, follower: EngineLayer) -> int:
    rows = leader.fields["ROWS"]
    reading = follower.cycles // rows
    return int(row_times(rows, leader.cycles // rows, reading)[1][-1]) + reading
