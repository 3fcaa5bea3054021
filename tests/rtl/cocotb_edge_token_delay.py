"""edge_token_delay with 2 to 5 cycles against the past inputs, with resets among them."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import cycle, parameters, start, unpack

WIDTH = parameters()["WIDTH"]
MASK = (1 << WIDTH) - 1
CYCLES = range(2, 6)


@cocotb.test()
async def tokens_come_out_later_and_not_at_all_after_a_reset(dut):
    await start(dut, d=0)
    past = [0] * (CYCLES.stop - 1)
    seen = 0
    for _ in range(500):
        reset, value = random.random() < 0.05, random.getrandbits(WIDTH)
        dut.rst.value = int(reset)
        dut.d.value = value
        await cycle(dut)
        outputs = (unpack(dut.tokens, WIDTH) & MASK).tolist()
        assert outputs == [past[cycles - 1] for cycles in CYCLES]
        seen += sum(map(bool, outputs))
        past = [0] * len(past) if reset else [value, *past[:-1]]
    assert seen > 500
