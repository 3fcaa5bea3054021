"""Layers for the array unit: convolutions of any kernel, and everything that can be written as one.

A kernel is walked in the way that takes the fewest cycles for how the input lies: whole kernel lines in steps of
`k_lanes` bytes; several short lines gathered in one step; tap by tap; or, where no window leaves the input, the kernel
with all that lies between its lines as one long line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.compiler.engine_layer import EngineLayer, Unit
from edge_runtime.compiler.layout import Layout
from edge_runtime.compiler.packing import pack_lanes
from edge_runtime.compiler.parameters import OverlayParameters
from edge_runtime.compiler.requantisation import Requantisation, channel_words
from edge_runtime.compiler.scope import Site
from edge_runtime.compiler.window import Sweep

__all__ = [
    "NO_MASK_HEIGHT",
    "ArrayKernel",
    "ArrayWalk",
    "best_walk",
    "blocked_kernel",
    "dense_kernel",
    "gather_pitches",
    "lower_on_array",
]

#: A HEIGHT that lets every line through that is not negative.
NO_MASK_HEIGHT = (1 << 16) - 1

#: A step can gather from eight lines.
MOST_LINES = 8


@dataclass(frozen=True)
class ArrayKernel:
    """Weights by tiles of output channels.

    Parameters
    ----------
    weights
        int16[tiles, oc_lanes, kernel lines, kernel columns, channels read by a tile].
    tile_step
        Input channels from one tile's to the next one's; 0 where all tiles read the same.
    outputs
        Output channels.
    """

    weights: npt.NDArray[np.int16]
    tile_step: int
    outputs: int

    @property
    def tiles(self) -> int:
        """Number of tiles."""
        return self.weights.shape[0]

    @property
    def channels(self) -> int:
        """Input channels that a tile reads."""
        return self.weights.shape[4]


def dense_kernel(weights: npt.NDArray[np.int16], parameters: OverlayParameters) -> ArrayKernel:
    """Return weights [outputs, kernel lines, kernel columns, channels] by tiles."""
    outputs = len(weights)
    tiles = -(-outputs // parameters.oc_lanes)
    padded = np.zeros((tiles * parameters.oc_lanes, *weights.shape[1:]), np.int16)
    padded[:outputs] = weights
    return ArrayKernel(padded.reshape(tiles, parameters.oc_lanes, *weights.shape[1:]), 0, outputs)


def blocked_kernel(
    weights: npt.NDArray[np.int16], multiplier: int, parameters: OverlayParameters
) -> ArrayKernel | None:
    """Return depthwise weights [lines, columns, outputs] as blocks of a diagonal, one a tile.

    Output channel o reads input channel ``o // multiplier``. None where a tile's outputs do not begin with an input
    channel.
    """
    lanes = parameters.oc_lanes
    if lanes % multiplier:
        return None
    outputs, channels = weights.shape[2], lanes // multiplier
    tiles = -(-outputs // lanes)
    blocks = np.zeros((tiles, lanes, *weights.shape[:2], channels), np.int16)
    for output in range(outputs):
        tile, lane = divmod(output, lanes)
        blocks[tile, lane, :, :, lane // multiplier] = weights[:, :, output]
    return ArrayKernel(blocks, channels, outputs)


@dataclass(frozen=True)
class ArrayWalk:
    """How a tile's weights are walked.

    Parameters
    ----------
    lines
        Kernel lines that a step gathers.
    segment, gather_rows
        As the descriptor's fields.
    groups, taps, steps
        Loop counts.
    flat
        Whether the whole kernel is one line, from its first byte to its last.
    """

    lines: int
    segment: int
    gather_rows: int
    groups: int
    taps: int
    steps: int
    flat: bool = False

    @property
    def cycles(self) -> int:
        """Steps of a tile, once through."""
        return self.groups * self.taps * self.steps


def best_walk(sweep: Sweep, channels: int, source: Layout, parameters: OverlayParameters) -> ArrayWalk:
    """Return the walk with the fewest steps for a window over `channels` channels of an input that lies like this."""
    return min(_walks(sweep, channels, source, parameters), key=lambda walk: walk.cycles)


def gather_pitches(sweep: Sweep, channels: int, source: Layout, parameters: OverlayParameters) -> set[int]:
    """Return the pitches, modulo the banks, that would let a step gather short kernel lines."""
    if sweep.lines.dilation != 1 or sweep.lines.kernel == 1:
        return set()
    lengths = {_line_bytes(sweep, channels, source, taps) for taps in (1, sweep.columns.kernel)}
    return {length for length in lengths if 2 * length <= parameters.k_lanes}


def _walks(sweep: Sweep, channels: int, source: Layout, parameters: OverlayParameters) -> Iterator[ArrayWalk]:
    kernel = sweep.lines.kernel
    for taps in {1, sweep.columns.kernel}:
        length = _line_bytes(sweep, channels, source, taps)
        steps = -(-length // parameters.k_lanes)
        yield ArrayWalk(1, parameters.read_lanes, 0, kernel, taps, steps)
        yield from _gathered(sweep, length, source, taps, parameters)
    if sweep.lines.stays_inside(source.form.lines) and sweep.columns.stays_inside(source.form.columns):
        length = (sweep.lines.reach - 1) * source.pitch + _line_bytes(sweep, channels, source, 1)
        yield ArrayWalk(1, parameters.read_lanes, 0, 1, 1, -(-length // parameters.k_lanes), flat=True)


def _line_bytes(sweep: Sweep, channels: int, source: Layout, taps: int) -> int:
    """Return the bytes of a kernel line, or of a tap of it."""
    return channels + (0 if taps > 1 else (sweep.columns.reach - 1) * source.pixel)


def _gathered(
    sweep: Sweep, length: int, source: Layout, taps: int, parameters: OverlayParameters
) -> Iterator[ArrayWalk]:
    lines = sweep.lines
    if lines.kernel == 1 or not (lines.dilation == 1 or lines.stays_inside(source.form.lines)):
        return
    distance = lines.dilation * source.pitch
    segment = distance % parameters.act_banks
    most = min(lines.kernel, MOST_LINES, parameters.k_lanes // segment if segment else 0)
    if segment < length or most < 2:
        return
    groups = -(-lines.kernel // most)
    gathered = -(-lines.kernel // groups)
    yield ArrayWalk(gathered, segment, (distance - segment) // parameters.act_banks, groups, taps, 1)


def lower_on_array(sweep: Sweep, kernel: ArrayKernel, requantisation: Requantisation, site: Site) -> EngineLayer:
    """Lower a window over an input, as the walk with the fewest cycles.

    Parameters
    ----------
    sweep
        The outputs to compute; the target has room for all of the operator's.
    kernel, requantisation
        Weights, and what becomes of the sums.
    site
        Where inputs and outputs lie.
    """
    source, parameters = site.source_layout, site.parameters
    walk = best_walk(sweep, kernel.channels, source, parameters)
    lanes = _weight_lanes(kernel, walk, sweep, source, parameters)
    rows = pack_lanes(lanes, parameters)
    tiles, passes, steps, _ = rows.shape
    reuse = bool((rows == rows[:1]).all()) and tiles > 1
    hold = reuse and steps > 1 and bool((rows[:1] == rows[:1, :, :1]).all())
    channels, param_hold = channel_words(requantisation, parameters.oc_lanes)
    stored = rows[:1] if reuse else rows
    fields = {
        **requantisation.fields,
        **_read_fields(sweep, walk, source, parameters),
        **write_fields(sweep, site.target_layout),
        "PAD_VALUE": site.pad_value,
        "TILES": tiles,
        "TILE_STEP": kernel.tile_step,
        "PASSES": passes,
        "LAST_CHANNELS": kernel.outputs - (tiles - 1) * parameters.oc_lanes,
        "TILE_REUSE": int(reuse),
        "WEIGHT_HOLD": int(hold),
        "PARAM_HOLD": int(param_hold),
    }
    return EngineLayer(
        unit=Unit.ARRAY,
        operator=site.operator,
        source=site.source,
        target=site.target,
        fields=fields,
        cycles=sweep.positions * tiles * max(passes * steps, parameters.tile_cycles),
        weights=(stored[:, :, :1] if hold else stored).reshape(-1, rows.shape[-1]),
        channels=channels,
        used_lanes=lanes.any(axis=(0, 3)),
    )


def _read_fields(sweep: Sweep, walk: ArrayWalk, source: Layout, parameters: OverlayParameters) -> dict[str, int]:
    lines, columns = sweep.lines, sweep.columns
    between = walk.lines * lines.dilation
    return {
        **window_fields(sweep, source),
        "ROW_BYTES": unmasked(parameters) if walk.flat else source.line_bytes,
        "SEGMENT": walk.segment,
        "GATHER_ROWS": walk.gather_rows,
        "GROUPS": walk.groups,
        "GROUP_STEP": between * source.pitch,
        "GROUP_Y_STEP": between,
        "TAPS": walk.taps,
        "TAP_STEP": columns.dilation * source.pixel,
        "STEPS": walk.steps,
    }


def window_fields(sweep: Sweep, source: Layout) -> dict[str, int]:
    """Return the fields that say where windows begin: the same for both units."""
    lines, columns = sweep.lines, sweep.columns
    return {
        "ROWS": lines.outputs,
        "ROW_START": source.offset + lines.start * source.pitch,
        "ROW_STEP": lines.stride * source.pitch,
        "Y_START": lines.start,
        "Y_STEP": lines.stride,
        "HEIGHT": source.form.lines,
        "POSITIONS": columns.outputs,
        "X_START": columns.start * source.pixel,
        "X_STEP": columns.stride * source.pixel,
        "ROW_BYTES": source.line_bytes,
    }


def write_fields(sweep: Sweep, target: Layout) -> dict[str, int]:
    """Return the fields that say where outputs go."""
    return {
        "OUTPUT": target.at(sweep.lines.first, sweep.columns.first),
        "OUT_ROW_STEP": target.pitch,
        "OUT_POS_STEP": target.pixel,
    }


def unmasked(parameters: OverlayParameters) -> int:
    """Return a ROW_BYTES that lets every offset through that is not negative."""
    return 2 * parameters.act_bytes - 1


def _weight_lanes(
    kernel: ArrayKernel, walk: ArrayWalk, sweep: Sweep, source: Layout, parameters: OverlayParameters
) -> npt.NDArray[np.int16]:
    """Arrange weights as [tiles, steps of a tile, lanes, output channels]."""
    lines = _kernel_lines(kernel.weights, walk, sweep, source)
    tiles, outputs, count, taps, length = lines.shape
    lanes = parameters.k_lanes
    if walk.lines == 1:
        room = np.zeros((tiles, outputs, count, taps, walk.steps * lanes), np.int16)
        room[..., :length] = lines
        steps = room.reshape(tiles, outputs, -1, lanes)
    else:
        gathered = np.zeros((tiles, outputs, walk.groups * walk.lines, taps, walk.segment), np.int16)
        gathered[:, :, :count, :, :length] = lines
        by_group = gathered.reshape(tiles, outputs, walk.groups, walk.lines, taps, walk.segment)
        side_by_side = by_group.transpose(0, 1, 2, 4, 3, 5).reshape(tiles, outputs, walk.groups * taps, -1)
        steps = np.zeros((tiles, outputs, walk.groups * taps, lanes), np.int16)
        steps[..., : side_by_side.shape[-1]] = side_by_side
    return np.ascontiguousarray(steps.transpose(0, 2, 3, 1))


def _kernel_lines(
    weights: npt.NDArray[np.int16], walk: ArrayWalk, sweep: Sweep, source: Layout
) -> npt.NDArray[np.int16]:
    """Return weights as [tiles, outputs, lines, taps, bytes], zeros between the kernel's pixels and lines."""
    tiles, outputs, height, width, channels = weights.shape
    if walk.taps > 1:
        return weights
    pixel, reach = sweep.columns.dilation * source.pixel, (width - 1) * sweep.columns.dilation * source.pixel
    lines = np.zeros((tiles, outputs, height, reach + channels), np.int16)
    for column in range(width):
        lines[..., column * pixel : column * pixel + channels] += weights[:, :, :, column]
    if not walk.flat:
        return lines[:, :, :, np.newaxis]
    pitch = sweep.lines.dilation * source.pitch
    flat = np.zeros((tiles, outputs, 1, 1, (height - 1) * pitch + reach + channels), np.int16)
    for line in range(height):
        flat[:, :, 0, 0, line * pitch : line * pitch + reach + channels] += lines[:, :, line]
    return flat
