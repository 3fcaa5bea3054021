"""edge_reset: how long reset lasts after power-up, and after each time that `ready` falls."""

from __future__ import annotations

import cocotb

from rtl.clocking import cycle, cycles, parameters, start

HELD = 1 << parameters()["HOLD_WIDTH"]
DELAY = 3  # two for the synchroniser, one for the output


async def length(dut) -> int:
    """Count the cycles of reset from now on."""
    count = 0
    while int(dut.rst.value):
        count += 1
        assert count < 10 * HELD
        await cycle(dut)
    return count


@cocotb.test()
async def reset_ends_some_time_after_the_clock_is_stable(dut):
    await start(dut, ready=0)
    await cycles(dut, 3 * HELD)
    assert int(dut.rst.value), "not before"
    dut.ready.value = 1
    await cycle(dut)
    assert HELD <= await length(dut) <= HELD + DELAY


@cocotb.test()
async def a_clock_that_is_lost_resets_again(dut):
    await start(dut, ready=1)
    await cycles(dut, HELD + 2 * DELAY)
    assert not int(dut.rst.value)
    dut.ready.value = 0
    await cycle(dut)
    dut.ready.value = 1
    await cycles(dut, DELAY)
    assert int(dut.rst.value)
    assert await length(dut) >= HELD - 1
    await cycles(dut, 50)
    assert not int(dut.rst.value)
