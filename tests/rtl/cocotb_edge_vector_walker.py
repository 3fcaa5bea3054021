"""edge_vector_walker: every step of random layers against the loops written out, cycle for cycle."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import cycle, parameters, signed, start
from rtl.descriptors import descriptor_bits
from rtl.vector_layer import FUNCTIONS, VectorLayer, draw_vector_layer

ADDR, ROW = parameters()["ACT_ADDR_WIDTH"], parameters()["WEIGHT_ROW_WIDTH"]
SIZES = {"lanes": 4, "rows": 1 << ROW, "channels": 64, "pairs": 1}


def draw(*, fused: bool) -> VectorLayer:
    return draw_vector_layer(random.choice(list(FUNCTIONS)), **SIZES, fused=fused)


async def begin_layer(dut, layer: VectorLayer) -> None:
    dut.layer.value, dut.layer_begin.value = descriptor_bits(**layer.fields()), 1
    await cycle(dut)
    dut.layer_begin.value = 0


def wanted(layer: VectorLayer) -> list[dict[str, int]]:
    """Return what is issued with each step."""
    line = []
    for step in layer.walk():
        group_last = step.group == layer.groups - 1
        line.append({
            "step_first": step.first, "step_tap_first": step.tap == 0, "step_group_last": group_last,
            "step_row_first": step.first and step.position == step.tile == 0,
            "step_tile_last": step.tile == layer.tiles - 1, "position_end": step.position_end,
            "tile_end": step.tile_end, "row_end": step.row_end, "step_row_addr": step.row_addr % (1 << ADDR),
            "step_x_offset": step.x_offset, "step_y": step.y, "step_weight_row": step.weight_row % (1 << ROW),
        })  # fmt: skip
    return line


def seen(dut) -> dict[str, int]:
    widths = {"step_x_offset": ADDR + 2, "step_y": 17}
    names = (
        "step_first", "step_tap_first", "step_group_last", "step_row_first", "step_tile_last", "position_end",
        "tile_end", "row_end", "step_row_addr", "step_x_offset", "step_y", "step_weight_row",
    )  # fmt: skip
    values = {name: int(getattr(dut, name).value) for name in names}
    return {name: signed(value, widths[name]) if name in widths else value for name, value in values.items()}


async def idle(dut, count: int) -> None:
    for _ in range(count):
        await cycle(dut)
        assert not int(dut.step_valid.value)
        assert not int(dut.running.value)
        assert not int(dut.issue_done.value)
        assert not int(dut.position_end.value)


@cocotb.test()
async def a_step_in_every_cycle(dut):
    await start(dut, layer_begin=0, layer=0, half_free=0)
    for _ in range(80):
        layer = draw(fused=False)
        await begin_layer(dut, layer)
        line = wanted(layer)
        for place, step in enumerate(line):
            dut.half_free.value = random.getrandbits(1)  # means nothing to this layer
            await cycle(dut)
            assert int(dut.step_valid.value)
            assert seen(dut) == step
            assert int(dut.issue_done.value) == (place == len(line) - 1)
        await idle(dut, random.randrange(3))


@cocotb.test()
async def a_fused_row_waits_for_a_free_half(dut):
    await start(dut, layer_begin=0, layer=0, half_free=0)
    waits = 0
    for _ in range(50):
        layer = draw(fused=True)
        await begin_layer(dut, layer)
        for step in wanted(layer):
            free = random.getrandbits(1)
            while step["step_row_first"] and not free:
                dut.half_free.value = 0
                await cycle(dut)
                assert int(dut.running.value)
                assert not int(dut.step_valid.value)
                assert not int(dut.position_end.value)
                free, waits = random.getrandbits(1), waits + 1
            dut.half_free.value = free
            await cycle(dut)
            assert int(dut.step_valid.value)
            assert seen(dut) == step
        await idle(dut, random.randrange(3))
    assert waits > 0


@cocotb.test()
async def a_reset_stops_it(dut):
    await start(dut, layer_begin=0, layer=0, half_free=1)
    await begin_layer(dut, VectorLayer(rows=3, positions=5))
    await cycle(dut)
    assert int(dut.step_valid.value)
    dut.rst.value = 1
    await cycle(dut)
    dut.rst.value = 0
    await idle(dut, 20)
