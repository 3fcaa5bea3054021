"""edge_vector_multiplier: products of random and extreme factors, one a cycle, two cycles later."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import parameters, start
from rtl.timeline import Timeline

A, B = parameters()["A_WIDTH"], parameters()["B_WIDTH"]
LATENCY = 2


def draw(width: int) -> int:
    half = 1 << (width - 1)
    return random.choice([-half, -half + 1, -1, 0, 1, half - 1, *(random.randrange(-half, half) for _ in range(6))])


@cocotb.test()
async def products(dut):
    await start(dut, a=0, b=0)
    plan = Timeline(dut)
    for now in range(1500):
        a, b = draw(A), draw(B)
        plan.set(now, a=a % (1 << A), b=b % (1 << B))
        plan.expect(now + LATENCY, product=a * b % (1 << (A + B)))
    assert await plan.play() == 1500
