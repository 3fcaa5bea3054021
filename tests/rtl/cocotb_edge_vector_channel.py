"""edge_vector_channel: the accumulator of one channel, function by function."""

from __future__ import annotations

import random

import cocotb
import numpy as np

from rtl.clocking import pack, start
from rtl.timeline import Timeline
from rtl.vector_layer import FUNCTIONS, Memories, VectorLayer, draw_vector_layer

SIZES = {"lanes": 1, "rows": 64, "channels": 16, "pairs": 1}
LAYER_GAP = 8


def plan_layer(plan: Timeline, layer: VectorLayer, memories: Memories, read: list, now: int) -> int:
    """Plan a layer whose first step is that of cycle `now`; return the cycle after its last step."""
    plan.set(
        now + 7, func=layer.function, use_both=layer.use_b, offset_a=layer.offset_a % 512, offset_b=layer.offset_b % 512
    )
    for number, (step, sums) in enumerate(layer.sums(read, memories)):
        lines = layer.lines if step.group == layer.groups - 1 else 3
        plan.set(now + 7, valid_7=1, column_7=pack(read[2 + number].ravel(), 8))
        plan.set(now + 8, valid_8=1, first_8=int(step.first), lines_8=lines)
        plan.set(now + 8, weights_8=pack(memories.weights[step.weight_row].ravel(), 8))
        plan.set(now + 10, use_a_10=int(layer.use_b or step.tap == 0), use_b_10=int(layer.use_b or step.tap > 0))
        plan.set(now + 13, valid_13=1, first_13=int(step.first))
        if step.position_end:
            plan.expect(now + 14, accumulator=pack(sums, 32))
        now += random.choice([1, 1, 1, 2])
    return now


@cocotb.test()
async def random_layers(dut):
    idle = {"valid_7": 0, "valid_8": 0, "valid_13": 0, "load_en": 0}
    noise = {
        "column_7": 24, "first_8": 1, "lines_8": 2, "weights_8": 72, "use_a_10": 1, "use_b_10": 1, "first_13": 1,
        "load_index": 8, "load_a": 32, "load_b": 32,
    }  # fmt: skip
    await start(dut, func=0, use_both=0, offset_a=0, offset_b=0, **idle, **dict.fromkeys(noise, 0))
    plan = Timeline(dut, idle=idle, noise=noise)
    memories = Memories.draw(1, 64, 16, 1)
    for index, (a, b) in enumerate(memories.tables[0]):
        plan.set(index, load_en=1, load_index=index)
        plan.set(index + 1, load_a=int(a) % (1 << 32), load_b=int(b) % (1 << 32))
    draw_bytes = lambda: np.frombuffer(random.randbytes(3), np.int8).reshape(3, 1)  # noqa: E731
    read = [draw_bytes() for _ in range(5)]
    now = plan_layer(plan, VectorLayer(function=FUNCTIONS["MUL"], positions=3), memories, read, 258)
    for _ in range(60):
        layer = draw_vector_layer(random.choice(list(FUNCTIONS)), **SIZES, fused=False)
        read = [*read[-2:], *(draw_bytes() for _ in layer.walk())]
        now = plan_layer(plan, layer, memories, read, now + LAYER_GAP - 1)
    assert await plan.play() > 200
