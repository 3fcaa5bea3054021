"""edge_vector_datapath: the accumulators of random layers, the next one as close behind as it may be."""

from __future__ import annotations

import random

import cocotb
import numpy as np

from rtl.clocking import pack, parameters, start
from rtl.descriptors import descriptor_bits
from rtl.timeline import Timeline
from rtl.vector_layer import FUNCTIONS, Memories, VectorLayer, draw_vector_layer

LANES = parameters()["LANES"]
LAYER_GAP = 8
SIZES = {"lanes": LANES, "rows": 64, "channels": 16 * LANES, "pairs": 1}


def load_tables(plan: Timeline, memories: Memories, now: int) -> int:
    for index, (a, b) in enumerate(memories.tables[0]):
        plan.set(now, load_en=1, load_index=index)
        plan.set(now + 1, load_a=int(a) % (1 << 32), load_b=int(b) % (1 << 32))
        now += 1
    return now + 1


def plan_layer(plan: Timeline, layer: VectorLayer, index: int, memories: Memories, read: list, now: int) -> int:
    """Plan a layer whose first step comes in cycle `now`; return the cycle after its last step."""
    plan.set(now - 1, layer=descriptor_bits(**layer.fields()), layer_index=index)
    for number, (step, sums) in enumerate(layer.sums(read, memories)):
        plan.set(
            now, step_valid=1, step_first=int(step.first), step_tap_first=int(step.tap == 0),
            step_group_last=int(step.group == layer.groups - 1),
        )  # fmt: skip
        plan.expect(now + 6, weights_asked=1)
        plan.set(now + 7, lines_7=pack(read[2 + number].ravel(), 8))
        plan.set(now + 8, weights_8=pack(memories.weights[step.weight_row].ravel(), 8))
        plan.expect(now + 14, valid_14=1, single_rounding=layer.single_rounding, index=index)
        plan.expect(now + 14, zero_point=layer.zero_point % 256, clamp_min=layer.clamp_min % 256)
        if step.position_end:
            plan.expect(now + 14, sums_14=pack(sums, 32))
        now += 1
    return now


@cocotb.test()
async def random_layers(dut):
    idle = {"step_valid": 0, "load_en": 0}
    noise = {
        "step_first": 1, "step_tap_first": 1, "step_group_last": 1, "lines_7": 24 * LANES, "weights_8": 72 * LANES,
        "load_index": 8, "load_a": 32, "load_b": 32,
    }  # fmt: skip
    await start(dut, layer=0, layer_index=0, **idle, **dict.fromkeys(noise, 0))
    plan = Timeline(dut, idle=idle, noise=noise)
    memories = Memories.draw(LANES, 64, 16 * LANES, 1)
    now = load_tables(plan, memories, 0) + 1
    draw_bytes = lambda: np.frombuffer(random.randbytes(3 * LANES), np.int8).reshape(3, LANES)  # noqa: E731
    read = [draw_bytes() for _ in range(5)]
    now = plan_layer(plan, VectorLayer(function=FUNCTIONS["MUL"], positions=3), 0, memories, read, now)
    for number in range(60):
        layer = draw_vector_layer(random.choice(list(FUNCTIONS)), **SIZES, fused=False)
        read = [*read[-2:], *(draw_bytes() for _ in layer.walk())]
        now = plan_layer(plan, layer, number % 16, memories, read, now + LAYER_GAP - 1 + random.choice([0, 0, 3]))
    assert await plan.play() > 1000
