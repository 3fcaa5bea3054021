"""edge_booth_row: every digit with every factor."""

from __future__ import annotations

import random

import cocotb
from cocotb.triggers import Timer

from rtl.clocking import parameters, signed

WIDTH = parameters()["WIDTH"]


@cocotb.test()
async def every_digit_and_factor(dut):
    half = 1 << (WIDTH - 1)
    for digit in range(8):
        times = (digit & 1) + (digit >> 1 & 1) - 2 * (digit >> 2)
        for factor in range(-half, half):
            carried = random.choice([-half, half - 1, random.randrange(-half, half)])
            one_more = random.getrandbits(1) if digit < 4 else 0
            dut.carried.value, dut.factor.value = carried % (2 * half), factor % (2 * half)
            dut.digit.value, dut.one_more.value = digit, one_more
            await Timer(1, "ns")
            assert signed(int(dut.sum.value), WIDTH + 2) == carried + times * factor + one_more
