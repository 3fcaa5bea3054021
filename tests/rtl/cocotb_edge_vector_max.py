"""edge_vector_max: the running maximum of the lines that count, with pauses between steps."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import pack, start
from rtl.timeline import Timeline

LATENCY = 4


@cocotb.test()
async def running_maxima(dut):
    await start(dut, step_valid=0, step_first=0, lines=0, column=0)
    plan = Timeline(dut, idle={"step_valid": 0}, noise={"step_first": 1, "lines": 2, "column": 24})
    now, count = 0, 0
    for _ in range(150):
        best = -129
        for step in range(random.randint(1, 5)):
            now += random.choice([1, 1, 1, 2, 4])
            column, lines = [random.randint(-128, 127) for _ in range(3)], random.randint(1, 3)
            best = max(best, *column[:lines])
            plan.set(now, step_valid=1, step_first=int(step == 0), lines=lines, column=pack(column, 8))
            plan.expect(now + LATENCY, result=best % 256)
            count += 1
    assert await plan.play() == count
