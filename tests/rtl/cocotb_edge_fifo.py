"""edge_fifo between a source that pauses and a sink that holds back: every word once, in order, none left over."""

from __future__ import annotations

import random
from collections import deque

import cocotb

from rtl.clocking import cycle, cycles, parameters, start

WIDTH = parameters()["WIDTH"]
DEPTH = 1 << parameters()["ADDR_WIDTH"]
LATENCY = 2


class Traffic:
    """Drives both sides, and holds what comes out against what went in."""

    def __init__(self, dut) -> None:
        self._dut = dut
        self._offering = False
        self.waiting: deque[int] = deque()
        self.received = 0

    async def step(self, *, send: bool, take: bool) -> None:
        """One cycle. A word that was refused in the cycle before is offered again."""
        dut = self._dut
        if not self._offering:
            dut.s_axis_tdata.value = random.getrandbits(WIDTH)
            dut.s_axis_tvalid.value = int(send)
            self._offering = send
        dut.m_axis_tready.value = int(take)
        await cycle(dut)
        self._look()

    def _look(self) -> None:
        dut = self._dut
        if int(dut.m_axis_tvalid.value) and int(dut.m_axis_tready.value):
            assert int(dut.m_axis_tdata.value) == self.waiting.popleft()
            self.received += 1
        if self._offering and int(dut.s_axis_tready.value):
            self.waiting.append(int(dut.s_axis_tdata.value))
            self._offering = False


async def begin(dut) -> Traffic:
    await start(dut, s_axis_tdata=0, s_axis_tvalid=0, m_axis_tready=0)
    return Traffic(dut)


async def drain(dut, traffic: Traffic) -> None:
    """Take all that is left; then nothing is."""
    for _ in range(2 * DEPTH + 8):
        await traffic.step(send=False, take=True)
    assert not traffic.waiting
    assert not int(dut.m_axis_tvalid.value)
    assert int(dut.level.value) == 0


async def stress(dut, *, idle: float, pressure: float, count: int = 400) -> None:
    traffic = await begin(dut)
    for _ in range(count):
        await traffic.step(send=random.random() >= idle, take=random.random() >= pressure)
    assert traffic.received > count / 10
    await drain(dut, traffic)


@cocotb.test()
async def at_full_speed(dut):
    await stress(dut, idle=0.0, pressure=0.0)


@cocotb.test()
async def with_idle_cycles(dut):
    await stress(dut, idle=0.6, pressure=0.0)


@cocotb.test()
async def with_back_pressure(dut):
    await stress(dut, idle=0.0, pressure=0.7)


@cocotb.test()
async def with_both(dut):
    await stress(dut, idle=0.5, pressure=0.5, count=1500)


@cocotb.test()
async def one_word_goes_in_and_one_comes_out_in_every_cycle(dut):
    await begin(dut)
    dut.s_axis_tvalid.value = 1
    dut.m_axis_tready.value = 1
    for value in range(4 * DEPTH):
        dut.s_axis_tdata.value = value % (1 << WIDTH)
        await cycle(dut)
        assert int(dut.s_axis_tready.value)
        assert int(dut.m_axis_tvalid.value) == int(value >= LATENCY)
        if value >= LATENCY:
            assert int(dut.m_axis_tdata.value) == (value - LATENCY) % (1 << WIDTH)


@cocotb.test()
async def it_holds_its_memory_and_one_word_more(dut):
    traffic = await begin(dut)
    for _ in range(DEPTH + 8):
        await traffic.step(send=True, take=False)
    assert len(traffic.waiting) == DEPTH + 1
    assert int(dut.level.value) == DEPTH
    assert not int(dut.s_axis_tready.value)
    for _ in range(2):
        await traffic.step(send=False, take=True)
    await drain(dut, traffic)


@cocotb.test()
async def a_reset_empties_it(dut):
    traffic = await begin(dut)
    for _ in range(DEPTH):
        await traffic.step(send=True, take=False)
    assert traffic.waiting
    dut.rst.value = 1
    await traffic.step(send=False, take=False)
    dut.rst.value = 0
    traffic.waiting.clear()
    await cycles(dut, LATENCY)
    assert not int(dut.m_axis_tvalid.value)
    await traffic.step(send=True, take=True)
    await drain(dut, traffic)
