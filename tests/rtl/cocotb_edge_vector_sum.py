"""edge_vector_sum: entries of either table or of both, after a load."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import start
from rtl.timeline import Timeline

LATENCY, USE_DELAY = 5, 3


@cocotb.test()
async def loads_and_looks_up(dut):
    names = ("load_en", "load_index", "load_a", "load_b", "index_a", "index_b", "use_a", "use_b")
    await start(dut, **dict.fromkeys(names, 0))
    noise = {"load_index": 8, "load_a": 32, "load_b": 32, "index_a": 8, "index_b": 8, "use_a": 1, "use_b": 1}
    plan = Timeline(dut, idle={"load_en": 0}, noise=noise)
    now, count = 0, 0
    for _ in range(2):
        tables = [[random.getrandbits(32) for _ in range(2)] for _ in range(256)]
        for index, (a, b) in enumerate(tables):
            plan.set(now, load_en=1, load_index=index)
            plan.set(now + 1, load_a=a, load_b=b)
            now += 1
        for _ in range(200):
            index_a, index_b, use_a, use_b = (random.getrandbits(width) for width in (8, 8, 1, 1))
            plan.set(now, index_a=index_a, index_b=index_b)
            plan.set(now + USE_DELAY, use_a=use_a, use_b=use_b)
            plan.expect(now + LATENCY, result=(tables[index_a][0] * use_a + tables[index_b][1] * use_b) % (1 << 32))
            now, count = now + 1, count + 1
        now += 1
    assert await plan.play() == count
