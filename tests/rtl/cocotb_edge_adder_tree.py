"""edge_adder_tree with 1 to 9 inputs against sums of past terms."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import cycle, pack, parameters, signed, start, unpack

WIDTH = parameters()["WIDTH"]
EXTREMES = [-(1 << WIDTH - 1), -1, 0, 1, (1 << WIDTH - 1) - 1]
SIZES = range(1, 10)
LATENCY = {size: (size - 1).bit_length() for size in SIZES}


def draw_terms() -> list[int]:
    if random.random() < 0.3:
        return random.choices(EXTREMES, k=max(SIZES))
    return [random.randint(EXTREMES[0], EXTREMES[-1]) for _ in SIZES]


@cocotb.test()
async def sums_come_after_one_cycle_a_level(dut):
    await start(dut, terms=0)
    past = [[0] * max(SIZES)] * (max(LATENCY.values()) + 1)
    for _ in range(300):
        terms = draw_terms()
        dut.terms.value = pack(terms, WIDTH)
        past = [terms, *past[:-1]]
        await cycle(dut)
        expected = [signed(sum(past[LATENCY[size]][:size]), WIDTH) for size in SIZES]
        assert unpack(dut.sums, WIDTH).tolist() == expected
