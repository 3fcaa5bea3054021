"""edge_vector_places: which steps give an output, where, and with whose parameters."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import cycle, pack, parameters, start
from rtl.descriptors import descriptor_bits
from rtl.vector_layer import FUNCTIONS, draw_vector_layer

P = parameters()
LANES, ADDR, PARAM = P["LANES"], P["ADDR_WIDTH"], P["PARAM_ROW_WIDTH"]
HALF = P["ROW_BUFFER_BYTES"] // 2
SIZES = {"lanes": LANES, "rows": 64, "channels": LANES << PARAM, "pairs": 1}


@cocotb.test()
async def random_layers(dut):
    await start(dut, layer_begin=0, layer=0, tile_last=0, position_end=0, tile_end=0, row_end=0)
    outputs = 0
    for number in range(80):
        layer = draw_vector_layer(random.choice(list(FUNCTIONS)), **SIZES, fused=number % 3 == 0)
        dut.layer.value, dut.layer_begin.value = descriptor_bits(**layer.fields()), 1
        await cycle(dut)
        dut.layer_begin.value = 0
        for step in layer.walk():
            for name in ("position_end", "tile_end", "row_end"):
                getattr(dut, name).value = 0
            for _ in range(random.choice([0, 0, 0, 2])):
                await cycle(dut)
                assert not int(dut.emit.value)
            dut.tile_last.value = int(step.tile == layer.tiles - 1)
            for name in ("position_end", "tile_end", "row_end"):
                getattr(dut, name).value = int(getattr(step, name))
            await cycle(dut)
            assert int(dut.emit.value) == layer.emits(step)
            if layer.emits(step):
                outputs += 1
                assert int(dut.addr.value) == layer.place(step, LANES, HALF) % (1 << ADDR)
                assert int(dut.exists.value) == pack(layer.exists(step, LANES), 1)
                assert int(dut.param_row.value) == layer.param_row + (not layer.param_hold) * step.tile
    assert outputs > 100
