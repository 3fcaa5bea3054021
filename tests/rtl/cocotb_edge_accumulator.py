"""edge_accumulator against Python's integers, modulo 2**32."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import cycle, parameters, signed, start

WIDTH = parameters()["STEP_WIDTH"]
LARGEST = (1 << WIDTH - 1) - 1
SMALLEST = -(1 << WIDTH - 1)


async def add_up(dut, steps: list[int], *, gap_chance: float = 0.0) -> int:
    """Feed the steps of one sum, with idle cycles in between; return the total."""
    for place, step in enumerate(steps):
        while random.random() < gap_chance:
            set_step(dut, valid=0, first=random.getrandbits(1), last=0, step=random.randint(SMALLEST, LARGEST))
            await cycle(dut)
        set_step(dut, valid=1, first=place == 0, last=place == len(steps) - 1, step=step)
        await cycle(dut)
    set_step(dut, valid=0, first=0, last=0, step=0)
    await cycle(dut)
    return signed(int(dut.total.value), 32)


def set_step(dut, *, valid: int, first: int, last: int, step: int) -> None:
    dut.valid.value = int(valid)
    dut.first.value = int(first)
    dut.last.value = int(last)
    dut.step.value = step & (1 << WIDTH) - 1


@cocotb.test()
async def sums_of_random_steps(dut):
    await start(dut, valid=0, first=0, last=0, step=0)
    for _ in range(100):
        steps = [random.randint(SMALLEST, LARGEST) for _ in range(random.randint(1, 12))]
        total = await add_up(dut, steps, gap_chance=random.choice([0.0, 0.5]))
        assert total == signed(sum(steps), 32)


@cocotb.test()
async def wraps_at_32_bits(dut):
    await start(dut, valid=0, first=0, last=0, step=0)
    for step in (LARGEST, SMALLEST):
        steps = [step] * ((1 << 32 - WIDTH) + 3)
        assert abs(sum(steps)) >= 1 << 31
        assert await add_up(dut, steps) == signed(sum(steps), 32)


@cocotb.test()
async def the_total_holds_until_the_next_sum_ends(dut):
    await start(dut, valid=0, first=0, last=0, step=0)
    total = await add_up(dut, [5, 6])
    for place in range(4):
        set_step(dut, valid=1, first=place == 0, last=0, step=100)
        await cycle(dut)
        assert int(dut.total.value) == total == 11
    set_step(dut, valid=1, first=0, last=1, step=1)
    await cycle(dut)
    assert int(dut.total.value) == total
    set_step(dut, valid=0, first=0, last=0, step=0)
    await cycle(dut)
    assert int(dut.total.value) == 401
