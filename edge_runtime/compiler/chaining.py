"""Elementwise operators behind an array layer: the array hands its outputs to the vector unit, not to the memory.

The elementwise layer then costs what reading its second operand does, a cycle for each tile, or nothing, and the tensor
between the two is nowhere. Both operators keep their own rounding: what is handed over is int8.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from edge_runtime.compiler.array_lowering import NO_MASK_HEIGHT, unmasked
from edge_runtime.compiler.cycles import DISPATCH_CYCLES, FETCH_CYCLES
from edge_runtime.compiler.engine_layer import EngineLayer, Unit
from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.compiler.operands import swapped
from edge_runtime.compiler.scope import Scope
from edge_runtime.compiler.walk import array_tile_cycles
from edge_runtime.model.graph import Operator

__all__ = ["chained_pair"]


def chained_pair(
    scope: Scope,
    layers: Sequence[EngineLayer],
    operator: Operator,
    lowered: Sequence[EngineLayer],
    keep: Collection[int],
) -> tuple[EngineLayer, EngineLayer] | None:
    """Return the last layer and the one behind it as a pair, the vector unit's first; None where that is not possible.

    Parameters
    ----------
    scope
        Of the part.
    layers
        Those before the operator.
    operator, lowered
        The elementwise operator that comes next, and its layers.
    keep
        Tensors that are needed after the part.
    """
    if not layers or len(lowered) != 1:
        return None
    before, layer = layers[-1], lowered[0]
    if not _may_hand_over(scope, layers, operator, keep) or not _may_take(scope, before, layer):
        return None
    chosen = swapped(layer) if layer.other == before.target else layer
    pair = _leader(scope, before, chosen), _follower(scope, before, chosen)
    beside = pair[1].cycles + FETCH_CYCLES
    fits = pair[0].fields["TILE_STEP"] <= host_interface().descriptor["TILE_STEP"].mask
    return pair if fits and beside < before.cycles + layer.cycles + DISPATCH_CYCLES else None


def _may_hand_over(scope: Scope, layers: Sequence[EngineLayer], operator: Operator, keep: Collection[int]) -> bool:
    """Whether the last layer is the array's, computes a whole tensor, and only `operator` reads it."""
    before, graph = layers[-1], scope.graph
    if not scope.parameters.chains or before.unit is not Unit.ARRAY or before.beside or before.fields.get("BANKED"):
        return False
    if before.target >= len(graph.tensors) or before.target in keep or before.target in scope.joined:
        return False
    if sum(layer.target == before.target for layer in layers) > 1:
        return False
    form = scope.layouts[before.target].form
    channels = (before.fields["TILES"] - 1) * scope.parameters.oc_lanes + before.fields["LAST_CHANNELS"]
    written = (before.fields["ROWS"], before.fields["POSITIONS"], channels)
    return graph.readers_of(before.target) == [operator] and written == (form.lines, form.columns, form.channels)


def _may_take(scope: Scope, before: EngineLayer, layer: EngineLayer) -> bool:
    """Whether an elementwise layer reads what the layer before it writes, with the same parameters for all channels."""
    if layer.unit is not Unit.VECTOR or not layer.fields["PARAM_HOLD"]:
        return False
    touched = {layer.source, layer.target} if layer.other is None else {layer.source, layer.other, layer.target}
    if before.target not in touched or len({scope.layouts[tensor].form for tensor in touched}) > 1:
        return False
    gathers = before.fields["SEGMENT"] < scope.parameters.read_lanes  # and so would the reads of operands
    return layer.other is None or not gathers


def _leader(scope: Scope, before: EngineLayer, layer: EngineLayer) -> EngineLayer:
    """Return the vector unit's layer: its positions are the array's tiles, and its tiles the array's positions."""
    parameters = scope.parameters
    operand, steps = before.source, (0, 0, 0, 0)
    if layer.other is not None:
        operand, where = layer.other, scope.layouts[layer.other]
        steps = (where.offset, where.pitch, parameters.oc_lanes, where.pixel)
    return replace(
        layer.with_fields(
            **dict(zip(("ROW_START", "ROW_STEP", "X_STEP", "TILE_STEP"), steps, strict=True)),
            CHAINED=1,
            OPERAND=int(layer.other is not None),
            SEGMENT=parameters.read_lanes,
            ROWS=before.fields["ROWS"],
            POSITIONS=before.fields["TILES"],
            TILES=before.fields["POSITIONS"],
            ROW_BYTES=unmasked(parameters),
            HEIGHT=NO_MASK_HEIGHT,
            LAST_CHANNELS=parameters.vec_lanes,
        ),
        source=operand,
        other=None,
    )


def _follower(scope: Scope, before: EngineLayer, layer: EngineLayer) -> EngineLayer:
    """Return the array's layer: its outputs go where the elementwise layer would put them."""
    target, operand = scope.layouts[layer.target], int(layer.other is not None)
    follower = before.with_fields(
        CHAINED=1, OPERAND=operand, OUTPUT=target.offset, OUT_ROW_STEP=target.pitch, OUT_POS_STEP=target.pixel
    )
    fields = follower.fields
    tiles = fields["ROWS"] * fields["POSITIONS"] * fields["TILES"]
    return replace(follower, target=layer.target, cycles=tiles * array_tile_cycles(fields, scope.parameters))
