"""edge_lut_product: random and extreme factors, at once."""

from __future__ import annotations

import random

import cocotb
from cocotb.triggers import Timer

from rtl.clocking import parameters, signed

A, B = parameters()["A_WIDTH"], parameters()["B_WIDTH"]


def draw(width: int) -> int:
    half = 1 << (width - 1)
    return random.choice([-half, -1, 0, 1, half - 1, random.randrange(-half, half), random.randrange(-half, half)])


@cocotb.test()
async def products(dut):
    for _ in range(1000):
        a, b = draw(A), draw(B)
        dut.a.value, dut.b.value = a % (1 << A), b % (1 << B)
        await Timer(1, "ns")
        assert signed(int(dut.product.value), A + B) == a * b
