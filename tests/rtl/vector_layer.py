"""Layers of the vector unit written out as plain loops: what is read, what comes of it, and where it goes."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from edge_runtime.model import Rounding, multiply_by_quantized_multiplier

__all__ = ["FUNCTIONS", "Memories", "Output", "VectorLayer", "VectorStep", "draw_vector_layer", "requantized"]

FUNCTIONS = {"MAC": 0, "MAX": 1, "SUM": 2, "MUL": 3}
Bytes = npt.NDArray[np.int8]


@dataclass(frozen=True)
class VectorStep:
    """One step: where it reads, which weights it takes, and what begins and ends with it."""

    row: int
    tile: int
    position: int
    group: int
    tap: int
    row_addr: int
    x_offset: int
    y: int
    weight_row: int
    first: bool
    position_end: bool
    tile_end: bool
    row_end: bool


@dataclass(frozen=True)
class Output:
    """What a step's write brings: an address, which of its bytes count, and the bytes."""

    step: int
    addr: int
    exists: tuple[bool, ...]
    data: tuple[int, ...]


@dataclass
class Memories:
    """What the host has written: weight rows (int8), channels' parameters, pairs of tables (int32)."""

    weights: Bytes  # (rows, 9, lanes)
    bias: npt.NDArray[np.int64]  # (channels,)
    multiplier: npt.NDArray[np.int64]
    shift: npt.NDArray[np.int64]  # positive: to the left
    tables: npt.NDArray[np.int64]  # (pairs, 256, 2)

    @classmethod
    def draw(cls, lanes: int, rows: int, channels: int, pairs: int) -> Memories:
        noise = np.random.default_rng(random.getrandbits(32))
        return cls(
            noise.integers(-128, 128, (rows, 9, lanes), np.int8),
            noise.integers(-2000, 2000, channels),
            noise.integers(1 << 30, 1 << 31, channels),
            np.where(noise.random(channels) < 0.2, noise.integers(0, 3, channels), -noise.integers(3, 12, channels)),
            noise.integers(-(1 << 18), 1 << 18, (pairs, 256, 2)),
        )


@dataclass
class VectorLayer:
    """The descriptor fields that the vector unit takes."""

    function: int = 0
    rows: int = 1
    tiles: int = 1
    positions: int = 1
    groups: int = 1
    taps: int = 1
    row_start: int = 0
    row_step: int = 0
    group_step: int = 0
    x_start: int = 0
    x_step: int = 0
    tap_step: int = 0
    tile_step: int = 0
    y_start: int = 0
    y_step: int = 0
    group_y_step: int = 0
    weight_row: int = 0
    weight_hold: int = 0
    param_row: int = 0
    param_hold: int = 0
    slide: int = 0
    skip: int = 0
    stride: int = 1
    lines: int = 3
    use_b: int = 0
    table: int = 0
    offset_a: int = 0
    offset_b: int = 0
    output: int = 0
    out_row_step: int = 0
    out_pos_step: int = 0
    last_channels: int = 1
    single_rounding: int = 0
    zero_point: int = 0
    clamp_min: int = -128
    clamp_max: int = 127
    fused: int = 0

    def fields(self) -> dict[str, int]:
        return {"OPCODE": 2} | {field.name.upper(): getattr(self, field.name) for field in fields(self)}

    def walk(self) -> list[VectorStep]:
        return [step for row in range(self.rows) for tile in range(self.tiles) for step in self._tile(row, tile)]

    def _tile(self, row: int, tile: int) -> Iterator[VectorStep]:
        for position in range(self.positions):
            for number in range(self.groups * self.taps):
                group, tap = divmod(number, self.taps)
                position_end = number == self.groups * self.taps - 1
                tile_end = position_end and position == self.positions - 1
                yield VectorStep(
                    row, tile, position, group, tap,
                    row_addr=self.row_start + row * self.row_step + group * self.group_step,
                    x_offset=self.x_start + position * self.x_step + tile * self.tile_step + tap * self.tap_step,
                    y=self.y_start + row * self.y_step + group * self.group_y_step,
                    weight_row=self.weight_row + (not self.weight_hold) * (tile * self.groups * self.taps + number),
                    first=number == 0, position_end=position_end, tile_end=tile_end,
                    row_end=tile_end and tile == self.tiles - 1,
                )  # fmt: skip

    def emits(self, step: VectorStep) -> bool:
        column = step.position - self.skip
        return step.position_end and (not self.slide or (column >= 0 and column % self.stride == 0))

    def place(self, step: VectorStep, lanes: int, half: int) -> int:
        """Return the byte address of a step's output."""
        number = (step.position - self.skip) // self.stride if self.slide else step.position
        row = step.row % 2 * half if self.fused else self.output + step.row * self.out_row_step
        return row + number * self.out_pos_step + step.tile * lanes

    def exists(self, step: VectorStep, lanes: int) -> tuple[bool, ...]:
        whole = self.fused or step.tile < self.tiles - 1
        return tuple(whole or lane < self.last_channels for lane in range(lanes))

    def outputs(self, read: Sequence[Bytes], memories: Memories, half: int) -> list[Output]:
        """Compute the outputs.

        Parameters
        ----------
        read
            For each step the bytes that it read, int8, shape (3, lanes); before them those of the two steps before the
            layer, which the window still holds.
        memories
            The unit's.
        half
            Bytes in a half of the row buffer.
        """
        lanes = read[0].shape[1]
        found = []
        for number, (step, accumulator) in enumerate(self.sums(read, memories)):
            if self.emits(step):
                channels = (self.param_row + (not self.param_hold) * step.tile) * lanes + np.arange(lanes)
                data = requantized(self, accumulator, memories, channels)
                found.append(Output(number, self.place(step, lanes, half), self.exists(step, lanes), tuple(data)))
        return found

    def sums(self, read: Sequence[Bytes], memories: Memories) -> Iterator[tuple[VectorStep, npt.NDArray[np.int64]]]:
        """Yield each step and what its channels have accumulated after it; `read` as in `outputs`."""
        window = np.array([read[0], *read[:2]], np.int64)  # slot, line, channel
        accumulator = np.zeros(read[0].shape[1], np.int64)
        fold = np.maximum if self.function == FUNCTIONS["MAX"] else np.add
        for number, step in enumerate(self.walk()):
            window = np.concatenate([window[1:], read[2 + number][None].astype(np.int64)])
            term = self._term(step, window, memories)
            accumulator = term if step.first else fold(accumulator, term)
            yield step, accumulator

    def _term(self, step: VectorStep, window: npt.NDArray[np.int64], memories: Memories) -> npt.NDArray[np.int64]:
        first, second, third = window[2]
        if self.function == FUNCTIONS["MAX"]:
            count = self.lines if step.group == self.groups - 1 else 3
            return np.max([first, second, third][:count], axis=0)
        if self.function == FUNCTIONS["SUM"]:
            pair = memories.tables[self.table]
            if self.use_b:
                return pair[first & 255, 0] + pair[second & 255, 1]
            return pair[first & 255, int(step.tap > 0)]
        if self.function == FUNCTIONS["MUL"]:
            return (first + self.offset_a) * (second + self.offset_b)
        return np.sum(window.reshape(9, -1) * memories.weights[step.weight_row], axis=0)


def wrapped(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    return (values & 0xFFFFFFFF).astype(np.uint32).view(np.int32)


def requantized(
    layer: VectorLayer, accumulator: npt.NDArray[np.int64], memories: Memories, channels: npt.NDArray[np.int64]
) -> list[int]:
    """Return the int8 outputs of these accumulators."""
    rounding = Rounding.SINGLE if layer.single_rounding else Rounding.DOUBLE
    shift = memories.shift[channels].astype(np.int32)
    # the lane shifts left before it multiplies, modulo 2**32
    shifted = wrapped(accumulator + memories.bias[channels] << np.maximum(shift, 0))
    scaled = multiply_by_quantized_multiplier(
        shifted, memories.multiplier[channels].astype(np.int32), np.minimum(shift, 0), rounding
    )
    offset = wrapped(scaled.astype(np.int64) + layer.zero_point)
    return [int(value) for value in np.clip(offset, layer.clamp_min, layer.clamp_max)]


def draw_vector_layer(function: str, *, lanes: int, rows: int, channels: int, pairs: int, fused: bool) -> VectorLayer:
    """Return a random small layer of a function, for memories of this size."""
    few = lambda most: random.randint(1, most)  # noqa: E731
    layer = VectorLayer(
        function=FUNCTIONS[function], rows=few(3), tiles=few(3), positions=few(4), groups=few(3), taps=few(3),
        row_start=random.randrange(1 << 10), row_step=random.randrange(100), group_step=random.randrange(100),
        x_start=random.randint(-60, 0), x_step=random.randrange(40), tap_step=random.randrange(-20, 20),
        tile_step=random.choice([0, lanes]), y_start=random.randint(-5, 0), y_step=random.randrange(4),
        group_y_step=random.randrange(4), weight_hold=random.getrandbits(1), param_hold=random.getrandbits(1),
        lines=few(3), output=random.randrange(1 << 10), out_row_step=random.randrange(200),
        out_pos_step=random.randrange(40), last_channels=few(lanes), single_rounding=random.getrandbits(1),
        zero_point=random.randint(-128, 127), fused=int(fused),
    )  # fmt: skip
    layer.clamp_min, layer.clamp_max = random.choice([(-128, 127), sorted(random.sample(range(-128, 128), 2))])
    if function == "MAC" and random.getrandbits(1):
        layer.slide, layer.groups, layer.taps = 1, 1, 1
        layer.skip, layer.stride, layer.positions = random.randrange(4), few(3), random.randint(4, 9)
    if function == "SUM":
        layer.table, layer.use_b, layer.groups = random.randrange(pairs), random.getrandbits(1), 1
        layer.taps = 1 if layer.use_b else few(2)
    if function == "MUL":
        layer.groups = layer.taps = 1
        layer.offset_a, layer.offset_b = random.randint(-256, 255), random.randint(-256, 255)
    if fused:
        layer.out_pos_step = layer.tiles * lanes
    layer.weight_row = random.randrange(rows - layer.tiles * layer.groups * layer.taps)
    layer.param_row = random.randrange(channels // lanes - layer.tiles)
    return layer
