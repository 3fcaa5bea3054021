"""edge_delay with 0 to 5 cycles against the past inputs."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import cycle, parameters, start, unpack

WIDTH = parameters()["WIDTH"]
MASK = (1 << WIDTH) - 1


@cocotb.test()
async def each_output_is_the_input_so_many_cycles_ago(dut):
    await start(dut, d=0)
    past = [0] * 6
    for _ in range(200):
        dut.d.value = value = random.getrandbits(WIDTH)
        past = [value, *past[:-1]]
        await cycle(dut)
        assert (unpack(dut.delayed, WIDTH) & MASK).tolist() == past


@cocotb.test()
async def reset_does_not_touch_data(dut):
    await start(dut, d=5)
    for _ in range(5):
        await cycle(dut)
    dut.rst.value = 1
    await cycle(dut)
    await cycle(dut)
    assert unpack(dut.delayed, WIDTH).tolist() == [5] * 6
    dut.rst.value = 0
