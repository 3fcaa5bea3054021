"""edge_requant_product: the high part of the product, rounded up or down, one a cycle."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import start
from rtl.timeline import Timeline

LATENCY, ROUND_DELAY = 3, 2
VALUES = (0, 1, -1, 2**31 - 1, -(2**31), 63, 64, -64, 127, -128)
MULTIPLIERS = (0, 1, 2**30, 2**31 - 1, 2**17 - 1, 2**17, 2**18 - 1, 2**18)


@cocotb.test()
async def high_parts(dut):
    await start(dut, value=0, multiplier=0, round=0)
    plan = Timeline(dut, noise={"round": 1})
    for now in range(3000):
        value = random.choice([random.choice(VALUES), random.randint(-(2**31), 2**31 - 1), random.randint(-999, 999)])
        multiplier = random.choice([random.choice(MULTIPLIERS), random.getrandbits(31), random.getrandbits(31)])
        rounded = random.getrandbits(1)
        plan.set(now, value=value % (1 << 32), multiplier=multiplier)
        plan.set(now + ROUND_DELAY, round=rounded)
        plan.expect(now + LATENCY, high=(value * multiplier + (rounded << 30) >> 31) % (1 << 33))
    assert await plan.play() == 3000
