"""edge_vector_steps: the walker's steps with their places, and, where layers can be chained, the array's instead."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import cycle, parameters, signed, start
from rtl.descriptors import descriptor_bits
from rtl.vector_layer import FUNCTIONS, VectorLayer, draw_vector_layer

P = parameters()
LANES, ADDR, HALF = P["LANES"], P["ACT_ADDR_WIDTH"], P["ROW_BUFFER_BYTES"] // 2
CHAINS = P["REQUANT_LANES"] == LANES and P["OC_LANES"] <= 3 * LANES
SIZES = {"lanes": LANES, "rows": 1 << P["WEIGHT_ROW_WIDTH"], "channels": LANES << P["PARAM_ROW_WIDTH"], "pairs": 1}
INPUTS = (
    "layer_begin", "layer", "half_free", "tile_token", "chain_valid", "chain_last", "chain_addr", "chain_exists",
    "chain_data", "read_lanes",
)  # fmt: skip


async def begin_layer(dut, layer: VectorLayer, **more: int) -> None:
    dut.layer.value, dut.layer_begin.value = descriptor_bits(**layer.fields(), **more), 1
    dut.tile_token.value = dut.chain_valid.value = dut.chain_last.value = 0
    await cycle(dut)
    dut.layer_begin.value = 0


def reads(dut) -> tuple[int, int, int]:
    x_offset, y = int(dut.read_x_offset.value), int(dut.read_y.value)
    return int(dut.read_row_addr.value), signed(x_offset, ADDR + 2), signed(y, 17)


def mask(exists: tuple[bool, ...]) -> int:
    return sum(flag << lane for lane, flag in enumerate(exists))


def output(dut) -> tuple[int, int, int]:
    return int(dut.place.value), int(dut.exists.value), int(dut.param_row.value)


@cocotb.test()
async def a_step_in_every_cycle_with_its_place(dut):
    await start(dut, **dict.fromkeys(INPUTS, 0))
    for number in range(80):
        fused = number % 4 == 0
        layer = draw_vector_layer(random.choice(list(FUNCTIONS)), **SIZES, fused=fused)
        dut.half_free.value = 1
        await begin_layer(dut, layer)
        line = layer.walk()
        for place, step in enumerate(line):
            dut.tile_token.value, dut.chain_valid.value = random.getrandbits(1), random.getrandbits(1)
            lanes = random.getrandbits(24 * LANES)
            dut.read_lanes.value = lanes
            await cycle(dut)
            assert int(dut.step_valid.value)
            assert int(dut.read_valid.value)
            assert not int(dut.read_plain.value)
            assert reads(dut) == (step.row_addr % (1 << ADDR), step.x_offset, step.y)
            emits = layer.emits(step)
            assert (int(dut.emit.value), int(dut.emit_fused.value)) == (emits and not fused, emits and fused)
            if emits:
                row = layer.param_row + (not layer.param_hold) * step.tile
                where = layer.place(step, LANES, HALF) % (1 << P["PLACE_WIDTH"])
                assert output(dut) == (where, mask(layer.exists(step, LANES)), row)
            assert int(dut.step_first.value) == step.first
            assert int(dut.step_tap_first.value) == (step.tap == 0)
            assert int(dut.row_end.value) == (step.row_end and fused)
            assert int(dut.layer_last.value) == int(dut.issue_done.value) == (place == len(line) - 1)
        dut.chain_valid.value = dut.tile_token.value = 0
        await cycle(dut)
        assert not int(dut.step_valid.value)
        assert not int(dut.running.value)


@cocotb.test(skip=not CHAINS)
async def a_chained_layer_follows_the_array(dut):
    """Each token is a read, each output that is handed over a step; the layer is over with the last of these."""
    await start(dut, **dict.fromkeys(INPUTS, 0))
    for _ in range(40):
        layer = draw_vector_layer("MUL", **SIZES, fused=False)
        operand = random.getrandbits(1)
        await begin_layer(dut, layer, CHAINED=1, OPERAND=operand)
        tiles = layer.walk()
        outputs = len(tiles) * (P["OC_LANES"] // LANES)
        walked = handed = 0
        while handed < outputs:
            token = walked < len(tiles) and random.random() < 0.4
            hands = handed < walked * (P["OC_LANES"] // LANES) and random.random() < 0.5
            addr, exists = random.getrandbits(ADDR), random.getrandbits(LANES)
            dut.tile_token.value, dut.chain_valid.value = int(token), int(hands)
            dut.chain_last.value = int(hands and handed == outputs - 1)
            dut.chain_addr.value, dut.chain_exists.value = addr, exists
            await cycle(dut)
            assert int(dut.read_valid.value) == int(dut.read_plain.value) == (token and operand)
            if token:
                assert reads(dut) == (tiles[walked].row_addr % (1 << ADDR), tiles[walked].x_offset, tiles[walked].y)
            walked += token
            assert int(dut.issue_done.value) == (token and walked == len(tiles))
            assert int(dut.step_valid.value) == int(dut.emit.value) == hands
            assert int(dut.running.value)
            if hands:
                assert output(dut)[:2] == (addr, exists)
                assert int(dut.step_first.value)
                assert int(dut.step_tap_first.value)
            handed += hands
            assert int(dut.layer_last.value) == (hands and handed == outputs)
        dut.tile_token.value = dut.chain_valid.value = dut.chain_last.value = 0
        await cycle(dut)
        assert not int(dut.running.value)
