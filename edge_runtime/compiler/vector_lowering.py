"""Layers for the vector unit: depthwise windows (sums of products, maxima), and copies.

A step reads V channels of up to three kernel lines. Three lines come in one step where the input's pitch is V bytes
more than whole rows of banks; else one does. Kernels of up to three columns slide: each column is read once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.compiler.array_lowering import unmasked, window_fields, write_fields
from edge_runtime.compiler.engine_layer import EngineLayer, Function, Unit
from edge_runtime.compiler.layout import Layout
from edge_runtime.compiler.parameters import VECTOR_LINES, OverlayParameters
from edge_runtime.compiler.requantisation import Requantisation, channel_words
from edge_runtime.compiler.scope import Site
from edge_runtime.compiler.window import Sweep

__all__ = ["VectorWalk", "best_vector_walk", "chunk_lines", "gathers", "lower_depthwise", "lower_maximum"]

_COLUMNS = 3


@dataclass(frozen=True)
class VectorWalk:
    """How the vector unit walks a window: kernel lines a step, groups of them, taps, and whether columns slide."""

    lines: int
    groups: int
    taps: int
    slide: bool
    columns: int

    @property
    def row_cycles(self) -> int:
        """Cycles of a tile in an output row."""
        return self.columns * self.groups * self.taps


def best_vector_walk(sweep: Sweep, source: Layout, parameters: OverlayParameters) -> VectorWalk:
    """Return the walk with the fewest cycles for an input that lies like this."""
    return min(_walks(sweep, source, parameters), key=lambda walk: walk.row_cycles)


def _walks(sweep: Sweep, source: Layout, parameters: OverlayParameters) -> Iterator[VectorWalk]:
    lines, columns = sweep.lines, sweep.columns
    together = min(lines.kernel, VECTOR_LINES) if gathers(sweep, source, parameters) else 1
    groups = -(-lines.kernel // together)
    yield VectorWalk(together, groups, columns.kernel, slide=False, columns=columns.outputs)
    if groups == 1 and columns.dilation == 1 and columns.kernel <= _COLUMNS and columns.stride < 1 << 8:
        walked = (columns.outputs - 1) * columns.stride + columns.kernel
        yield VectorWalk(together, 1, 1, slide=True, columns=walked)


def gathers(sweep: Sweep, source: Layout, parameters: OverlayParameters) -> bool:
    """Whether three kernel lines can be read in one step."""
    lines = sweep.lines
    distance = lines.dilation * source.pitch
    in_step = distance % parameters.act_banks == parameters.vec_lanes
    return in_step and (lines.dilation == 1 or lines.stays_inside(source.form.lines))


def lower_depthwise(
    sweep: Sweep,
    weights: npt.NDArray[np.int16],
    requantisation: Requantisation,
    site: Site,
) -> EngineLayer:
    """Lower a depthwise window with weights [kernel lines, kernel columns, channels], -128 to 127."""
    walk = best_vector_walk(sweep, site.source_layout, site.parameters)
    rows = _weight_rows(weights, walk, site.parameters)
    hold = len(rows) > 1 and bool((rows == rows[0]).all())
    layer = _layer(sweep, walk, requantisation, site)
    fields = {**layer.fields, "WEIGHT_HOLD": int(hold), "FUNCTION": Function.MAC.value}
    return EngineLayer(**{**layer.__dict__, "weights": rows[:1] if hold else rows, "fields": fields})


def lower_maximum(
    sweep: Sweep,
    requantisation: Requantisation,
    site: Site,
) -> EngineLayer | None:
    """Lower a window's maxima, or a copy where it is of one pixel; None where the input does not lie as it must."""
    lines, columns = sweep.lines, sweep.columns
    together = VECTOR_LINES if lines.kernel > 1 else 1
    if together > 1 and not gathers(sweep, site.source_layout, site.parameters):
        return None
    groups = -(-lines.kernel // together)
    walk = VectorWalk(together, groups, columns.kernel, slide=False, columns=columns.outputs)
    layer = _layer(sweep, walk, requantisation, site)
    return layer.with_fields(FUNCTION=Function.MAX.value, LINES=lines.kernel - (groups - 1) * together)


def _layer(
    sweep: Sweep,
    walk: VectorWalk,
    requantisation: Requantisation,
    site: Site,
) -> EngineLayer:
    source, parameters = site.source_layout, site.parameters
    lanes = parameters.vec_lanes
    channels = requantisation.channels
    tiles = -(-channels // lanes)
    words, param_hold = channel_words(requantisation, lanes)
    between = walk.lines * sweep.lines.dilation
    distance = sweep.lines.dilation * source.pitch
    fields = {
        **requantisation.fields,
        **window_fields(sweep, source),
        **write_fields(sweep, site.target_layout),
        "PAD_VALUE": site.pad_value,
        "SEGMENT": lanes,
        "GATHER_ROWS": (distance - lanes) // parameters.act_banks if walk.lines > 1 else 0,
        "GROUPS": walk.groups,
        "GROUP_STEP": between * source.pitch,
        "GROUP_Y_STEP": between,
        "TAPS": walk.taps,
        "TAP_STEP": sweep.columns.dilation * source.pixel,
        "TILES": tiles,
        "TILE_STEP": lanes,
        "LAST_CHANNELS": channels - (tiles - 1) * lanes,
        "PARAM_HOLD": int(param_hold),
        "STEPS": 1,
        "PASSES": 1,
        "LINES": VECTOR_LINES,
        "STRIDE": 1,
    }
    if walk.slide:
        fields |= _slide_fields(sweep, walk, source)
    return EngineLayer(
        unit=Unit.VECTOR,
        operator=site.operator,
        source=site.source,
        target=site.target,
        fields=fields,
        cycles=sweep.lines.outputs * tiles * walk.row_cycles,
        weights=np.zeros((0, parameters.vec_weight_row_bytes), np.uint8),
        channels=words,
        used_lanes=_used_lanes(sweep, walk, parameters),
    )


def _slide_fields(sweep: Sweep, walk: VectorWalk, source: Layout) -> dict[str, int]:
    return {
        "SLIDE": 1,
        "POSITIONS": walk.columns,
        "X_STEP": source.pixel,
        "STRIDE": sweep.columns.stride,
        "SKIP": sweep.columns.kernel - 1,
    }


def _used_lanes(sweep: Sweep, walk: VectorWalk, parameters: OverlayParameters) -> npt.NDArray[np.bool_]:
    """Return which lanes of each step of a position belong to the kernel."""
    line = np.arange(walk.groups)[:, None] * walk.lines + np.arange(VECTOR_LINES)
    used = (line < sweep.lines.kernel) & (np.arange(VECTOR_LINES) < walk.lines)
    steps = np.repeat(np.repeat(used, parameters.vec_lanes, axis=1), walk.taps, axis=0)
    lanes = np.zeros((len(steps), parameters.read_lanes), bool)
    lanes[:, : steps.shape[1]] = steps
    return lanes


def _weight_rows(
    weights: npt.NDArray[np.int16], walk: VectorWalk, parameters: OverlayParameters
) -> npt.NDArray[np.uint8]:
    """Return uint8[tiles x groups x taps, row bytes]."""
    height, width, channels = weights.shape
    lanes = parameters.vec_lanes
    tiles = -(-channels // lanes)
    padded = np.zeros((walk.groups * walk.lines, width, tiles * lanes), np.int8)
    padded[:height, :, :channels] = weights
    kernel = padded.reshape(walk.groups, walk.lines, width, tiles, lanes).transpose(3, 0, 2, 1, 4)
    rows = np.zeros((tiles, walk.groups, walk.taps, _COLUMNS, VECTOR_LINES, lanes), np.int8)
    if walk.slide:
        rows[:, :, 0, _COLUMNS - width :, : walk.lines] = kernel
    else:
        rows[:, :, :, _COLUMNS - 1, : walk.lines] = kernel
    return rows.reshape(tiles * walk.groups * walk.taps, -1).view(np.uint8)


def chunk_lines(layer: EngineLayer, chunk: int, parameters: OverlayParameters) -> EngineLayer:
    """Return a layer over an input of one column with `chunk` output lines in each of its rows."""
    rows = layer.fields["ROWS"] // chunk
    return layer.with_fields(
        ROWS=rows,
        POSITIONS=chunk,
        X_START=0,
        X_STEP=layer.fields["ROW_STEP"],
        ROW_STEP=layer.fields["ROW_STEP"] * chunk,
        ROW_BYTES=unmasked(parameters),
        Y_START=0,
        Y_STEP=0,
        HEIGHT=(1 << 16) - 1,
        OUT_POS_STEP=layer.fields["OUT_ROW_STEP"],
        OUT_ROW_STEP=layer.fields["OUT_ROW_STEP"] * chunk,
    )
