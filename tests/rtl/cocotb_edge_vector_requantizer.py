"""edge_vector_requantizer: layers close behind each other, each with its own rounding, clamp and index."""

from __future__ import annotations

import random

import cocotb
import numpy as np

from rtl.clocking import cycles, pack, parameters, start
from rtl.timeline import Timeline
from rtl.vector_layer import Memories, VectorLayer, requantized
from rtl.wordbus import WordBus

P = parameters()
LANES, ADDR, ROWS = P["LANES"], P["ADDR_WIDTH"], 1 << P["PARAM_ROW_WIDTH"]
LAYER_GAP = 8  # from the last step of a layer to the first one of the next
SUMS, WRITE = 14, 23
IDLE = {"emit": 0, "emit_fused": 0, "layer_last": 0, "valid_14": 0}


async def begin(dut) -> tuple[Timeline, Memories]:
    names = (
        "addr",
        "exists",
        "param_row",
        "sums_14",
        "single_rounding",
        "zero_point",
        "clamp_min",
        "clamp_max",
        "index",
    )
    await start(dut, stop=0, host_wr_valid=0, host_rd_valid=0, **IDLE, **dict.fromkeys(names, 0))
    memories, host = Memories.draw(LANES, 1, ROWS * LANES, 1), WordBus(dut)
    for channel in range(ROWS * LANES):
        shift = int(memories.shift[channel])
        words = memories.bias[channel], memories.multiplier[channel], max(shift, 0) | max(-shift, 0) << 8
        for place, word in enumerate(words):
            await host.write(4 * channel + place, int(word) % (1 << 32))
    noise = {"addr": ADDR, "exists": LANES, "param_row": P["PARAM_ROW_WIDTH"], "sums_14": 32 * LANES}
    return Timeline(dut, idle=IDLE, noise=noise), memories


def draw_layer() -> VectorLayer:
    low, high = random.choice([(-128, 127), sorted(random.sample(range(-128, 128), 2))])
    return VectorLayer(
        single_rounding=random.getrandbits(1), zero_point=random.randint(-128, 127), clamp_min=low, clamp_max=high,
        fused=random.getrandbits(1),
    )  # fmt: skip


def plan_step(plan: Timeline, layer: VectorLayer, memories: Memories, now: int) -> None:
    """Plan a step that gives an output."""
    row, addr, exists = random.randrange(ROWS), random.getrandbits(ADDR), random.getrandbits(LANES)
    sums = np.array([random.randint(-60000, 60000) for _ in range(LANES)])
    plan.set(now, addr=addr, exists=exists, param_row=row, **{"emit_fused" if layer.fused else "emit": 1})
    plan.set(now + SUMS, sums_14=pack(sums, 32))
    data = requantized(layer, sums, memories, row * LANES + np.arange(LANES))
    plan.expect(now + WRITE, write_addr=addr, write_data=pack(data, 8), write_fused=layer.fused)
    plan.expect(now + WRITE, write_en=0 if layer.fused else exists)


@cocotb.test()
async def layers_one_behind_the_other(dut):
    plan, memories = await begin(dut)
    now = 0
    for number in range(60):
        layer, steps = draw_layer(), random.randint(1, 12)
        plan.set(
            now + 7, single_rounding=layer.single_rounding, zero_point=layer.zero_point % 256,
            clamp_min=layer.clamp_min % 256, clamp_max=layer.clamp_max % 256, index=number % 16,
        )  # fmt: skip
        for step in range(steps):
            plan.set(now + SUMS, valid_14=1)
            if random.random() < 0.7:
                plan_step(plan, layer, memories, now)
            else:
                plan.expect(now + WRITE, write_en=0, write_fused=0)
            plan.expect(now + WRITE, layer_done=int(step == steps - 1))
            if step == steps - 1:
                plan.set(now, layer_last=1)
                plan.expect(now + WRITE, layer_done_index=number % 16)
            now += 1
        now += LAYER_GAP - 1
    assert await plan.play() > 1000


@cocotb.test()
async def a_stop_forgets_what_is_under_way(dut):
    await begin(dut)
    dut.emit.value = dut.emit_fused.value = dut.layer_last.value = 1
    dut.exists.value = (1 << LANES) - 1
    await cycles(dut, 40)
    assert int(dut.write_en.value)
    assert int(dut.write_fused.value)
    assert int(dut.layer_done.value)
    dut.emit.value = dut.emit_fused.value = dut.layer_last.value = 0
    dut.stop.value = 1
    await cycles(dut, 1)
    dut.stop.value = 0
    await cycles(dut, 1)
    for _ in range(WRITE):
        await cycles(dut, 1)
        assert not int(dut.write_en.value)
        assert not int(dut.write_fused.value)
        assert not int(dut.layer_done.value)
