"""edge_array_walker: every step of random layers against the loops written out, cycle for cycle."""

from __future__ import annotations

import random

import cocotb

from rtl.array_layer import ArrayLayer, Step, draw_array_layer
from rtl.clocking import cycle, cycles, parameters, signed, start
from rtl.descriptors import descriptor_bits

K, TILE_CYCLES = parameters()["K_LANES"], parameters()["TILE_CYCLES"]
ADDR, HALF = parameters()["ACT_ADDR_WIDTH"], parameters()["ROW_BUFFER_BYTES"] // 2


async def begin(dut) -> None:
    await start(dut, layer_begin=0, layer=0, buffer_rows=0)


async def begin_layer(dut, layer: ArrayLayer) -> None:
    dut.layer.value, dut.layer_begin.value = descriptor_bits(**layer.fields()), 1
    await cycle(dut)
    dut.layer_begin.value = 0


def seen(dut) -> Step | None:
    """Return what is issued in the cycle that ends now."""
    if not int(dut.step_valid.value):
        return None
    return Step(
        row_addr=int(dut.step_row_addr.value),
        x_offset=signed(int(dut.step_x_offset.value), ADDR + 2),
        y=signed(int(dut.step_y.value), 17),
        weight_row=int(dut.step_weight_row.value),
        first=bool(int(dut.step_first.value)),
        last=bool(int(dut.step_last.value)),
    )


def expected(layer: ArrayLayer) -> list[list[Step | None]]:
    """Return each tile's cycles: its steps, and the pause behind them if there are too few, or for an operand."""
    return [steps + [None] * max(TILE_CYCLES - len(steps), layer.operand) for steps in layer.walk(K, HALF)]


@cocotb.test()
async def random_layers(dut):
    await begin(dut)
    for _ in range(60):
        layer = draw_array_layer()
        await begin_layer(dut, layer)
        line = [step for tile in expected(layer) for step in tile]
        for place, step in enumerate(line):
            await cycle(dut)
            assert seen(dut) == step
            assert int(dut.issue_done.value) == (place == len(line) - 1)
            assert not int(dut.buffer_release.value)
        for _ in range(random.randrange(3)):
            await cycle(dut)
            assert seen(dut) is None
            assert not int(dut.issue_done.value)


@cocotb.test()
async def a_fused_row_waits_until_it_is_complete(dut):
    await begin(dut)
    for _ in range(30):
        layer = draw_array_layer(fused=True)
        dut.buffer_rows.value = 0
        await begin_layer(dut, layer)
        tiles = expected(layer)
        per_row = layer.positions * layer.tiles
        for row in range(layer.rows):
            if random.getrandbits(1) or row == 0:
                dut.buffer_rows.value = 0
                for _ in range(random.randrange(4)):
                    await cycle(dut)
                    assert seen(dut) is None
            dut.buffer_rows.value = random.randint(1, 2)
            line = [step for tile in tiles[row * per_row : (row + 1) * per_row] for step in tile]
            for place, step in enumerate(line):
                await cycle(dut)
                dut.buffer_rows.value = random.randint(1, 2) if place < len(line) - 2 else 0
                assert seen(dut) == step
                assert int(dut.buffer_release.value) == (place == len(line) - 1)
                if place == 0 and len(line) > 2:
                    dut.buffer_rows.value = 0  # counts only at a row's first step


@cocotb.test()
async def a_token_follows_each_tile_of_a_chained_layer(dut):
    """With a second operand, no step comes in the cycle of the token, and the tile ends with it at the earliest."""
    await begin(dut)
    for number in range(60):
        layer = draw_array_layer()
        layer.chained, layer.operand = 1, number % 2
        await begin_layer(dut, layer)
        line = [step for tile in expected(layer) for step in tile]
        for place, (step, before) in enumerate(zip([*line, None], [None, *line], strict=True)):
            await cycle(dut)
            assert seen(dut) == step
            assert int(dut.tile_token.value) == (before is not None and before.last)
            assert int(dut.issue_done.value) == (place == len(line) - 1)
        await cycle(dut)
        assert not int(dut.tile_token.value)


@cocotb.test()
async def a_reset_ends_the_walk(dut):
    await begin(dut)
    for after in range(8):
        await begin_layer(dut, ArrayLayer(rows=3, positions=2, steps=2))
        await cycles(dut, after)
        dut.rst.value = 1
        await cycle(dut)
        dut.rst.value = 0
        await cycle(dut)
        assert seen(dut) is None
        layer = draw_array_layer()
        await begin_layer(dut, layer)
        for step in [step for tile in expected(layer) for step in tile]:
            await cycle(dut)
            assert seen(dut) == step
