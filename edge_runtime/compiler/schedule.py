"""When every layer of a run begins, and the WAIT that makes it safe: the engine's order, replayed cycle by cycle.

The engine has no interlocks. A layer may begin only when each byte that it reads will have been written by the time
of its step; when the layer before it reads no more; and when its own writes come after those of the other unit. From
the layers' loops all these times are known exactly, so WAIT is as small as they allow, and the run's length is exact,
too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.compiler import cycles
from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.compiler.parameters import OverlayParameters
from edge_runtime.compiler.walk import (
    Fields,
    Indices,
    array_reads,
    array_steps,
    array_tile_cycles,
    array_writes,
    output_columns,
    vector_reads,
    vector_writes,
)

__all__ = ["PlacedLayer", "ScheduledLayer", "replay_run", "row_times", "schedule_run"]

_NEVER = -(1 << 40)


@dataclass(frozen=True)
class PlacedLayer:
    """A layer with its addresses: its descriptor's fields, and which of the lanes that it reads matter."""

    fields: Fields
    on_array: bool
    used_lanes: npt.NDArray[np.bool_] | None


@dataclass(frozen=True)
class ScheduledLayer:
    """When a layer runs.

    Parameters
    ----------
    wait
        Its WAIT.
    first_step, last_step, last_write
        Cycles since START.
    """

    wait: int
    first_step: int
    last_step: int
    last_write: int


def schedule_run(layers: Sequence[PlacedLayer], parameters: OverlayParameters) -> tuple[list[ScheduledLayer], int]:
    """Return the layers' times and the cycles of the run, from START to its end."""
    run = _Run(parameters)
    scheduled = [step for group in _groups(layers) for step in run.add(group)]
    return scheduled, max(layer.last_write for layer in scheduled) + cycles.COMMIT_CYCLES


def replay_run(descriptors: Sequence[Fields], parameters: OverlayParameters) -> int:
    """Return the cycles of a run over these descriptors' fields with the WAIT that they hold."""
    opcode = host_interface().opcodes["ARRAY"]
    layers = [PlacedLayer(fields, fields["OPCODE"] == opcode, None) for fields in descriptors]
    run = _Run(parameters)
    scheduled = [step for group in _groups(layers) for step in run.add(group, wait=group[0].fields["WAIT"])]
    return max(layer.last_write for layer in scheduled) + cycles.COMMIT_CYCLES


def _groups(layers: Sequence[PlacedLayer]) -> Iterator[list[PlacedLayer]]:
    """Yield layers one by one, but those that run side by side together."""
    position = 0
    while position < len(layers):
        size = 2 if layers[position].fields["FUSED"] or layers[position].fields["CHAINED"] else 1
        yield list(layers[position : position + size])
        position += size


def row_times(rows: int, filling_cycles: int, reading_cycles: int, begin: int = 0) -> tuple[Indices, Indices]:
    """Return when each row of a fused pair is begun by the vector unit and by the array.

    Parameters
    ----------
    rows
        Number of rows.
    filling_cycles, reading_cycles
        Cycles of a row in the vector unit and in the array.
    begin
        The vector unit's first step.
    """
    filling, reading = np.empty(rows, np.int64), np.empty(rows, np.int64)
    next_fill, next_read = begin, begin + cycles.FETCH_CYCLES
    for row in range(rows):
        free = int(reading[row - 2]) + reading_cycles - 1 + cycles.BUFFER_RELEASE_CYCLES if row > 1 else begin
        filling[row] = max(next_fill, free)
        next_fill = int(filling[row]) + filling_cycles
        reading[row] = max(next_read, next_fill - 1 + cycles.BUFFER_FILL_CYCLES)
        next_read = int(reading[row]) + reading_cycles
    return filling, reading


class _Run:
    """The state of the engine while a run is replayed."""

    def __init__(self, parameters: OverlayParameters) -> None:
        self._parameters = parameters
        self._written = np.full(parameters.act_bytes, _NEVER, np.int64)
        self._taken = 0  # the first step that the layer before could have had, its descriptor fetched
        self._last_step = _NEVER
        self._last_read = _NEVER
        self._last_write = {True: _NEVER, False: _NEVER}
        self._before_last_write = {True: _NEVER, False: _NEVER}
        self._vector_last_step = _NEVER
        self._started = False

    def add(self, group: Sequence[PlacedLayer], *, wait: int | None = None) -> list[ScheduledLayer]:
        """Take in a layer or two side by side; without a `wait`, with the smallest that is safe."""
        first = group[0]
        times = _Times(first, self._parameters)
        ready = self._ready(first)
        if wait is None:
            after = self._last_step + cycles.DISPATCH_CYCLES
            bound = self._chain_bound(*group) if first.fields["CHAINED"] else self._bound(first, times)
            wait = max(0, bound - after) if self._started else 0
        begin = max(ready, self._last_step + cycles.DISPATCH_CYCLES + wait) if self._started else ready
        if len(group) == 1:
            starts = begin + np.arange(times.rows, dtype=np.int64) * times.row_cycles
            self._taken = begin
            return [self._commit(first, times, starts, wait)]
        if first.fields["CHAINED"]:
            return self._add_chain(group[1], begin, wait)
        return self._add_pair(group, times, begin, wait)

    def _bound(self, layer: PlacedLayer, times: _Times) -> int:
        """Return the earliest first step that is safe."""
        if not self._started:
            return 0
        bounds = [self._last_read + cycles.READ_GAP_CYCLES]
        if not layer.on_array:
            bounds.append(self._vector_last_step + cycles.VECTOR_GAP_CYCLES)
        if layer.on_array or layer.fields["FUSED"]:
            # the array's requantiser keeps two layers, and the second one of a pair is its next
            bounds.append(self._before_last_write[True] + cycles.QUEUE_GAP_CYCLES)
        bounds.append(self._written_before(*times.reads()))
        if not layer.fields["FUSED"]:
            bounds.append(self._last_write[not layer.on_array] + 1 - times.first_write)
        return max(bounds)

    def _chain_bound(self, taker: PlacedLayer, giver: PlacedLayer) -> int:
        """Return the earliest begin of a chained vector layer that is safe; the array's first step comes later."""
        if not self._started:
            return 0
        times = _Times(giver, self._parameters)
        bounds = [
            self._before_last_write[True] + cycles.QUEUE_GAP_CYCLES,
            self._written_before(*times.reads()),
            self._written_before(*times.operand_reads(taker)),
            self._last_write[True] + 1 - times.first_write,
        ]
        reads, steps = self._last_read + cycles.READ_GAP_CYCLES, self._vector_last_step + cycles.VECTOR_GAP_CYCLES
        return max(reads, steps, max(bounds) - cycles.FETCH_CYCLES)

    def _written_before(self, addresses: Indices, when: Indices) -> int:
        """Return the earliest begin with which these bytes, read so long after it, are written by then."""
        return int((self._written[addresses] - when).max(initial=_NEVER)) + cycles.READ_AFTER_WRITE_CYCLES

    def _ready(self, layer: PlacedLayer) -> int:
        """Return the earliest first step by descriptor and tables."""
        banked = cycles.BANK_CYCLES if layer.fields["BANKED"] else 0
        ready = (self._taken + cycles.FETCH_CYCLES if self._started else cycles.START_CYCLES) + banked
        if not layer.on_array and layer.fields["FUNCTION"] == _SUM:
            ready = max(ready, self._vector_last_step + cycles.TABLE_GAP_CYCLES) + cycles.TABLE_CYCLES
        return ready

    def _commit(self, layer: PlacedLayer, times: _Times, starts: Indices, wait: int) -> ScheduledLayer:
        addresses, when = times.writes(starts)
        last_step = int(starts[-1]) + times.row_cycles - 1
        last_write = int(starts[-1]) + times.last_write
        if not (layer.fields["FUSED"] and not layer.on_array):
            self._written[addresses] = when
            self._before_last_write[layer.on_array] = self._last_write[layer.on_array]
            self._last_write[layer.on_array] = last_write
        self._started = True
        self._last_step = last_step
        if not (layer.on_array and layer.fields["FUSED"]):
            self._last_read = last_step
        if not layer.on_array:
            self._vector_last_step = last_step
        return ScheduledLayer(wait, int(starts[0]), last_step, last_write)

    def _add_pair(self, group: Sequence[PlacedLayer], times: _Times, begin: int, wait: int) -> list[ScheduledLayer]:
        """Replay two units side by side, with two halves of a buffer between them."""
        follower = _Times(group[1], self._parameters)
        rows = times.rows
        filling, reading = row_times(rows, times.row_cycles, follower.row_cycles, begin)
        self._taken = begin + cycles.FETCH_CYCLES
        leader = self._commit(group[0], times, filling, wait)
        return [leader, self._commit(group[1], follower, reading, 0)]

    def _add_chain(self, giver: PlacedLayer, begin: int, wait: int) -> list[ScheduledLayer]:
        """Replay the array with the vector unit behind it, which writes what both have computed."""
        times = _Times(giver, self._parameters)
        first_step = begin + cycles.FETCH_CYCLES
        starts = first_step + np.arange(times.rows, dtype=np.int64) * times.row_cycles
        addresses, when = times.writes(starts)
        last_step, last_write = int(starts[-1]) + times.last_token, int(starts[-1]) + times.last_write
        handed_over = last_write - cycles.VECTOR_WRITE_CYCLES + cycles.READ_LATENCY
        self._written[addresses] = when
        for on_array, written in ((True, handed_over), (False, last_write)):
            self._before_last_write[on_array] = self._last_write[on_array]
            self._last_write[on_array] = written
        self._started, self._taken = True, first_step
        self._last_step = self._last_read = last_step
        self._vector_last_step = handed_over - cycles.READ_LATENCY
        return [
            ScheduledLayer(wait, begin, last_step, last_write),
            ScheduledLayer(0, first_step, last_step, handed_over),
        ]


_SUM = 2


class _Times:
    """When, counted from the begin of its rows, a layer reads and writes each byte."""

    def __init__(self, layer: PlacedLayer, parameters: OverlayParameters) -> None:
        self._layer = layer
        self._fields = layer.fields
        self._parameters = parameters
        fields = layer.fields
        self.rows = fields["ROWS"]
        if layer.on_array:
            self._tile = array_tile_cycles(fields, parameters)
            self._last = array_steps(fields) - 1
        else:
            self._tile = fields["GROUPS"] * fields["TAPS"] * fields["STEPS"]
            self._last = self._tile - 1
        self.row_cycles = fields["POSITIONS"] * fields["TILES"] * self._tile

    @property
    def first_write(self) -> int:
        """From the first step to the first write."""
        skipped = 0
        if not self._layer.on_array:
            skipped = int(output_columns(self._fields)[0]) * self._tile
        return skipped + self._last + self._latency

    @property
    def last_write(self) -> int:
        """From a row's first step to the end of its last write, whether its channels exist or not."""
        phases = self._parameters.tile_cycles - 1 if self._layer.on_array else 0
        return self.row_cycles - self._tile + self._last + self._latency + phases

    @property
    def last_token(self) -> int:
        """Of a chained layer: from a row's first step to the end of its last tile, and of the token that follows it."""
        return self.row_cycles - self._tile + max(self._tile - 1, self._last + 1)

    @property
    def _latency(self) -> int:
        if not self._layer.on_array:
            return cycles.VECTOR_WRITE_CYCLES
        latency = cycles.chain_write_cycles if self._fields["CHAINED"] else cycles.array_write_cycles
        return latency(self._parameters)

    def reads(self) -> tuple[Indices, Indices]:
        """Return addresses and times, one row after another, of all that is read the first time."""
        if self._layer.on_array:
            return self._array_reads() if not self._fields["FUSED"] else (np.zeros(0, np.int64),) * 2
        return self._vector_reads()

    def _array_reads(self) -> tuple[Indices, Indices]:
        fields = self._fields
        addresses, inside = array_reads(fields, self._parameters.k_lanes, self._parameters)
        rows, positions, tiles, groups, taps, steps, lanes = addresses.shape
        used = np.ones((groups, taps, steps, lanes), bool)
        if self._layer.used_lanes is not None:
            used = self._layer.used_lanes.reshape(used.shape)
        outer = np.arange(rows * positions)[:, None] * (fields["TILES"] * self._tile) + np.arange(tiles) * self._tile
        when = outer.reshape(rows, positions, tiles, 1, 1, 1, 1) + np.arange(groups * taps * steps).reshape(
            groups, taps, steps, 1
        )
        mask = inside & used
        return addresses[mask], np.broadcast_to(when, addresses.shape)[mask]

    def operand_reads(self, taker: PlacedLayer) -> tuple[Indices, Indices]:
        """Return addresses and times of the second operands that `taker` reads behind this layer's tiles."""
        if not self._fields["OPERAND"]:
            return (np.zeros(0, np.int64),) * 2
        lanes, last = self._parameters.oc_lanes, self._fields["LAST_CHANNELS"]
        addresses, _ = vector_reads(taker.fields, lanes, self._parameters)
        when = np.arange(addresses[..., 0].size) * self._tile + self._last + 1
        exists = np.ones(addresses.shape, bool)
        exists[:, :, -1, :, :, last:] = False
        return addresses[exists], np.broadcast_to(when.reshape(*addresses.shape[:-1], 1), addresses.shape)[exists]

    def _vector_reads(self) -> tuple[Indices, Indices]:
        addresses, inside = vector_reads(self._fields, self._lanes_read, self._parameters)
        groups, taps, lanes = addresses.shape[3:]
        used = np.ones((groups, taps, lanes), bool)
        if self._layer.used_lanes is not None:
            used = self._layer.used_lanes.reshape(groups, taps, -1)[..., :lanes]
        steps = addresses.shape[:-1]
        when = np.arange(int(np.prod(steps))).reshape(*steps, 1)
        mask = inside & used
        return addresses[mask], np.broadcast_to(when, addresses.shape)[mask]

    @property
    def _lanes_read(self) -> int:
        """Lanes that the vector unit looks at."""
        both = self._fields["USE_B"] or (self._fields["FUNCTION"] == _MUL and self._fields["TAPS"] == 1)
        if self._fields["FUNCTION"] in (_SUM, _MUL):
            return self._parameters.vec_lanes * (2 if both else 1)
        return 3 * self._parameters.vec_lanes

    def writes(self, starts: Indices) -> tuple[Indices, Indices]:
        """Return addresses and cycles of all outputs, for rows that begin at these cycles."""
        if self._layer.on_array:
            addresses = array_writes(self._fields, self._parameters)
            within = self._array_write_times(addresses.shape[1], addresses.shape[2])
        else:
            addresses = vector_writes(self._fields, self._parameters)
            within = self._vector_write_times(addresses.shape[2])
        when = starts.reshape(-1, 1, 1) + within
        return addresses.reshape(-1), np.broadcast_to(when, addresses.shape).reshape(-1)

    def _array_write_times(self, positions: int, channels: int) -> Indices:
        channel = np.arange(channels)
        tile, phase = channel // self._parameters.oc_lanes, channel % self._parameters.oc_lanes
        position = np.arange(positions)[:, None] * (self._fields["TILES"] * self._tile)
        times: Indices = position + tile * self._tile + self._last + phase // self._parameters.requant_lanes
        return times + self._latency

    def _vector_write_times(self, channels: int) -> Indices:
        tile = np.arange(channels) // self._parameters.vec_lanes
        columns = output_columns(self._fields)[:, None] * self._tile
        times: Indices = tile * (self._fields["POSITIONS"] * self._tile) + columns + self._last
        return times + self._latency


_MUL = 3
