"""Array layers written out as plain loops: what the walker issues, cycle for cycle."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, fields

__all__ = ["ArrayLayer", "Step", "draw_array_layer"]


@dataclass(frozen=True)
class Step:
    """One step: where it reads, which weights it takes, and whether it begins or ends a tile."""

    row_addr: int
    x_offset: int
    y: int
    weight_row: int
    first: bool
    last: bool


@dataclass
class ArrayLayer:
    """The descriptor fields that the walk depends on."""

    rows: int = 1
    positions: int = 1
    tiles: int = 1
    passes: int = 1
    groups: int = 1
    taps: int = 1
    steps: int = 1
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
    tile_reuse: int = 0
    weight_hold: int = 0
    fused: int = 0
    chained: int = 0
    operand: int = 0

    def fields(self) -> dict[str, int]:
        return {field.name.upper(): getattr(self, field.name) for field in fields(self)}

    def walk(self, k_lanes: int, half: int) -> Iterator[list[Step]]:
        """Yield each tile's steps."""
        for row in range(self.rows):
            for position in range(self.positions):
                weight_row = self.weight_row
                for tile in range(self.tiles):
                    if self.tile_reuse:
                        weight_row = self.weight_row
                    issued = list(self._tile(row, position, tile, weight_row, k_lanes, half))
                    weight_row += len(issued)
                    yield issued

    def _tile(self, row: int, position: int, tile: int, weight_row: int, k_lanes: int, half: int) -> Iterator[Step]:
        count = self.passes * self.groups * self.taps * self.steps
        for number in range(count):
            group, within = divmod(number % (count // self.passes), self.taps * self.steps)
            tap, step = divmod(within, self.steps)
            row_addr = self.row_start + row * self.row_step + group * self.group_step
            yield Step(
                row_addr=row % 2 * half if self.fused else row_addr,
                x_offset=self.x_start
                + position * self.x_step
                + tile * self.tile_step
                + tap * self.tap_step
                + step * k_lanes,
                y=self.y_start + row * self.y_step + group * self.group_y_step,
                weight_row=self.weight_row if self.weight_hold else weight_row + number,
                first=number == 0,
                last=number == count - 1,
            )


def draw_array_layer(*, fused: bool = False) -> ArrayLayer:
    """Return a random small layer."""
    few = lambda most: random.randint(1, most)  # noqa: E731
    return ArrayLayer(
        rows=few(3), positions=few(3), tiles=few(3), passes=few(2), groups=1 if fused else few(3),
        taps=1 if fused else few(2), steps=few(3),
        row_start=random.randrange(1 << 10), row_step=random.randrange(100), group_step=random.randrange(100),
        x_start=0 if fused else random.randint(-60, 0), x_step=random.randrange(40), tap_step=random.randrange(-20, 20),
        tile_step=random.choice([0, 16]), y_start=random.randint(-5, 0), y_step=random.randrange(4),
        group_y_step=random.randrange(4), weight_row=random.randrange(50), tile_reuse=random.getrandbits(1),
        weight_hold=random.getrandbits(1), fused=int(fused),
    )  # fmt: skip
