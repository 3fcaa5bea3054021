"""The engine's loops, unrolled into arrays: which bytes each step reads, and where each output goes.

For the cycle model and for the emulator; both take a descriptor's fields as `descriptor_fields` returns them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.compiler.parameters import OverlayParameters

__all__ = [
    "Indices",
    "array_reads",
    "array_steps",
    "array_tile_cycles",
    "array_writes",
    "output_columns",
    "vector_reads",
    "vector_writes",
]

Indices = npt.NDArray[np.int64]
Fields = Mapping[str, int]

_MOST_LINES = 7


def _steps(count: int, step: int) -> Indices:
    return np.arange(count, dtype=np.int64) * step


def _axes(*parts: Indices) -> list[Any]:
    """Return one-dimensional arrays so that they add up over as many dimensions."""
    rank = len(parts)
    return [part.reshape([-1 if axis == own else 1 for axis in range(rank)]) for own, part in enumerate(parts)]


def array_steps(fields: Fields) -> int:
    """Return the steps of a tile of the array, all passes."""
    return fields["PASSES"] * fields["GROUPS"] * fields["TAPS"] * fields["STEPS"]


def array_tile_cycles(fields: Fields, parameters: OverlayParameters) -> int:
    """Return the cycles of a tile of the array: its steps, and one for a second operand, or what requantising takes."""
    return max(array_steps(fields) + fields["OPERAND"], parameters.tile_cycles)


def array_reads(fields: Fields, lanes: int, parameters: OverlayParameters) -> tuple[Indices, npt.NDArray[np.bool_]]:
    """Return addresses and whether they are inside of the input, [rows, positions, tiles, groups, taps, steps, lanes].

    Where all tiles read the same, there is one of them.
    """
    tiles = fields["TILES"] if fields["TILE_STEP"] else 1
    x = _steps(fields["POSITIONS"], fields["X_STEP"]) + fields["X_START"]
    inner = (_steps(tiles, fields["TILE_STEP"]), _steps(fields["TAPS"], fields["TAP_STEP"]))
    steps = _steps(fields["STEPS"], parameters.k_lanes)
    zero = np.zeros(1, np.int64)
    return _addresses(fields, (zero, x, inner[0], zero, inner[1], steps, zero), 3, lanes, parameters)


def vector_reads(fields: Fields, lanes: int, parameters: OverlayParameters) -> tuple[Indices, npt.NDArray[np.bool_]]:
    """Return addresses and whether they are inside of the input, [rows, tiles, positions, groups, taps, lanes]."""
    x = _steps(fields["POSITIONS"], fields["X_STEP"]) + fields["X_START"]
    tiles, taps = _steps(fields["TILES"], fields["TILE_STEP"]), _steps(fields["TAPS"], fields["TAP_STEP"])
    zero = np.zeros(1, np.int64)
    return _addresses(fields, (zero, tiles, x, zero, taps, zero), 3, lanes, parameters)


def _addresses(
    fields: Fields, columns: tuple[Indices, ...], group_axis: int, lanes: int, parameters: OverlayParameters
) -> tuple[Indices, npt.NDArray[np.bool_]]:
    """Add up the offsets of each loop; lines are those of rows (the first) and groups."""
    width = parameters.act_bytes.bit_length() + 1
    lane = np.arange(lanes, dtype=np.int64)
    line = np.minimum(lane // max(fields["SEGMENT"], 1), _MOST_LINES)
    column = lane - line * fields["SEGMENT"]
    offsets = sum(_axes(*columns))
    offsets = (offsets + (1 << width - 1)) % (1 << width) - (1 << width - 1)
    rows, groups = np.arange(fields["ROWS"]), np.arange(fields["GROUPS"])
    start = _line_values(
        fields["ROW_START"], (rows, fields["ROW_STEP"]), (groups, fields["GROUP_STEP"]), group_axis, offsets
    )
    y = _line_values(fields["Y_START"], (rows, fields["Y_STEP"]), (groups, fields["GROUP_Y_STEP"]), group_axis, offsets)
    gathered = column + line * (parameters.act_banks * fields["GATHER_ROWS"] + fields["SEGMENT"])
    addresses = (start + offsets + gathered) % parameters.act_bytes
    x_inside = (offsets + column >= 0) & (offsets + column < fields["ROW_BYTES"])
    y_inside = (y + line >= 0) & (y + line < fields["HEIGHT"])
    return addresses, np.broadcast_to(x_inside & y_inside, addresses.shape)


def _line_values(
    first: int, rows: tuple[Indices, int], groups: tuple[Indices, int], group_axis: int, like: Indices
) -> Indices:
    shape = [1] * like.ndim
    row_shape, group_shape = list(shape), list(shape)
    row_shape[0], group_shape[group_axis] = -1, -1
    return first + (rows[0] * rows[1]).reshape(row_shape) + (groups[0] * groups[1]).reshape(group_shape)


def array_writes(fields: Fields, parameters: OverlayParameters) -> Indices:
    """Return the address of each output, [rows, positions, channels]."""
    channels = (fields["TILES"] - 1) * parameters.oc_lanes + fields["LAST_CHANNELS"]
    return _outputs(fields, fields["POSITIONS"], channels, parameters)


def vector_writes(fields: Fields, parameters: OverlayParameters) -> Indices:
    """Return the address of each output, [rows, output positions, channels]."""
    last = parameters.vec_lanes if fields["FUSED"] else fields["LAST_CHANNELS"]
    channels = (fields["TILES"] - 1) * parameters.vec_lanes + last
    return _outputs(fields, len(output_columns(fields)), channels, parameters)


def _outputs(fields: Fields, positions: int, channels: int, parameters: OverlayParameters) -> Indices:
    row, position, channel = _axes(
        _steps(fields["ROWS"], fields["OUT_ROW_STEP"]),
        _steps(positions, fields["OUT_POS_STEP"]),
        np.arange(channels, dtype=np.int64),
    )
    addresses: Indices = (fields["OUTPUT"] + row + position + channel) % parameters.act_bytes
    return addresses


def output_columns(fields: Fields) -> Indices:
    """Return the vector unit's positions that an output comes of, in order."""
    positions = np.arange(fields["POSITIONS"])
    if not fields["SLIDE"]:
        return positions
    return positions[fields["SKIP"] :: fields["STRIDE"]]
