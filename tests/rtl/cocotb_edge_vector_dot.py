"""edge_vector_dot: nine products added, or one of two wider factors, four cycles later."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import pack, start
from rtl.timeline import Timeline

LATENCY = 4
WIDE = 1 << 10
RESULT = 1 << 20


def draw() -> list[int]:
    return random.choice([[-128] * 9, [127] * 9, [random.randint(-128, 127) for _ in range(9)]])


@cocotb.test()
async def sums_and_wide_products(dut):
    await start(dut, window=0, weights=0, multiply=0, factor_a=0, factor_b=0)
    plan = Timeline(dut, noise={"window": 72, "weights": 72, "factor_a": 10, "factor_b": 10})
    now, count = 0, 0
    for _ in range(30):
        multiply = random.getrandbits(1)
        plan.set(now, multiply=multiply)
        for _ in range(random.randint(1, 20)):
            window, weights = draw(), draw()
            a, b = (random.choice([-384, 382, random.randint(-384, 382)]) for _ in range(2))
            plan.set(now, window=pack(window, 8), weights=pack(weights, 8), factor_a=a % WIDE, factor_b=b % WIDE)
            wanted = a * b if multiply else sum(x * w for x, w in zip(window, weights, strict=True))
            plan.expect(now + LATENCY, result=wanted % RESULT)
            now, count = now + 1, count + 1
        now += LATENCY
    assert await plan.play() == count
