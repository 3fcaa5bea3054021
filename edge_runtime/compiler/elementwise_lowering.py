"""Layers for the vector unit that work byte by byte: sums of two tables, products, tables.

Where both operands' lines are without gaps, a line is walked as tiles of V bytes; else, and where channels have
parameters of their own, pixel by pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.compiler.array_lowering import NO_MASK_HEIGHT, unmasked
from edge_runtime.compiler.engine_layer import EngineLayer, Function, Unit
from edge_runtime.compiler.layout import Layout
from edge_runtime.compiler.requantisation import Requantisation, channel_words
from edge_runtime.compiler.scope import Site

__all__ = ["lower_product", "lower_rescaling", "lower_sum", "lower_table"]


@dataclass(frozen=True)
class _Loops:
    """Rows, positions in a row, bytes in a position, and the steps between them of input and output."""

    rows: int
    positions: int
    bytes: int
    row_steps: tuple[int, int]
    position_steps: tuple[int, int]


def _loops(source: Layout, target: Layout, *, by_channel: bool) -> _Loops:
    form = source.form
    if by_channel:
        return _by_pixel(source, target)
    if source.is_dense and target.is_dense:
        return _Loops(1, 1, form.size, (0, 0), (0, 0))
    if source.has_full_lines and target.has_full_lines:
        return _Loops(form.lines, 1, form.columns * form.channels, (source.pitch, target.pitch), (0, 0))
    return _by_pixel(source, target)


def _by_pixel(source: Layout, target: Layout) -> _Loops:
    form = source.form
    return _Loops(form.lines, form.columns, form.channels, (source.pitch, target.pitch), (source.pixel, target.pixel))


def lower_table(
    table: npt.NDArray[np.int32],
    requantisation: Requantisation,
    site: Site,
) -> EngineLayer:
    """Lower ``requantised(table[x])`` of each byte x; `table` is int32[256], by x as uint8."""
    tables = np.stack([table, np.zeros_like(table)], axis=1)
    layer = _layer(requantisation, site)
    return EngineLayer(**{**layer.__dict__, "tables": tables, "fields": {**layer.fields, **_function(Function.SUM, 0)}})


def lower_rescaling(requantisation: Requantisation, site: Site) -> EngineLayer:
    """Lower ``requantised(x)`` of each byte x: the maximum over one element."""
    return _layer(requantisation, site).with_fields(FUNCTION=Function.MAX.value)


def lower_sum(
    tables: npt.NDArray[np.int32],
    requantisation: Requantisation,
    site: Site,
    other: int,
) -> EngineLayer:
    """Lower ``requantised(A[x1] + B[x2])`` of two operands that lie alike; `tables` is int32[256, 2]."""
    layer = _layer(requantisation, site)
    fields = {**layer.fields, **_function(Function.SUM, 1)}
    return EngineLayer(**{**layer.__dict__, "tables": tables, "other": other, "fields": fields})


def lower_product(
    offsets: tuple[int, int],
    requantisation: Requantisation,
    site: Site,
    other: int,
) -> EngineLayer:
    """Lower ``requantised((x1 + offset) * (x2 + offset))`` of two operands that lie alike."""
    layer = _layer(requantisation, site)
    offset_fields = {"OFFSET_A": offsets[0], "OFFSET_B": offsets[1]}
    fields = {**layer.fields, **offset_fields, **_function(Function.MUL, 0)}
    return EngineLayer(**{**layer.__dict__, "other": other, "fields": fields})


def _function(function: Function, use_b: int) -> dict[str, int]:
    return {"FUNCTION": function.value, "USE_B": use_b}


def _layer(requantisation: Requantisation, site: Site) -> EngineLayer:
    source, target, parameters = site.source_layout, site.target_layout, site.parameters
    lanes = parameters.vec_lanes
    words, hold = channel_words(requantisation, lanes)
    loops = _loops(source, target, by_channel=not hold)
    tiles = -(-loops.bytes // lanes)
    fields = {
        **requantisation.fields,
        "SEGMENT": lanes,
        "ROWS": loops.rows,
        "POSITIONS": loops.positions,
        "TILES": tiles,
        "GROUPS": 1,
        "TAPS": 1,
        "STEPS": 1,
        "PASSES": 1,
        "LINES": 1,
        "STRIDE": 1,
        "ROW_START": source.offset,
        "ROW_STEP": loops.row_steps[0],
        "X_STEP": loops.position_steps[0],
        "TILE_STEP": lanes,
        "ROW_BYTES": unmasked(parameters),
        "HEIGHT": NO_MASK_HEIGHT,
        "OUTPUT": target.offset,
        "OUT_ROW_STEP": loops.row_steps[1],
        "OUT_POS_STEP": loops.position_steps[1],
        "LAST_CHANNELS": loops.bytes - (tiles - 1) * lanes,
        "PARAM_HOLD": int(hold),
    }
    return EngineLayer(
        unit=Unit.VECTOR,
        operator=site.operator,
        source=site.source,
        target=site.target,
        fields=fields,
        cycles=loops.rows * loops.positions * tiles,
        weights=np.zeros((0, parameters.vec_weight_row_bytes), np.uint8),
        channels=words,
        used_lanes=None,
    )
