"""edge_uart_tx against a line's other end that samples the middle of each bit."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import cycle, cycles, parameters, start
from rtl.serial_line import listen

CLOCKS = parameters()["CLOCK_HZ"] / parameters()["BAUD"]


async def begin(dut) -> bytearray:
    heard = bytearray()
    await start(dut, s_axis_tdata=0, s_axis_tvalid=0)
    cocotb.start_soon(listen(dut, CLOCKS, heard))
    return heard


async def offer(dut, characters: bytes, idle: float) -> int:
    """Hand characters over; return how many cycles that took."""
    spent = 0
    for value in characters:
        dut.s_axis_tdata.value, dut.s_axis_tvalid.value = value, 1
        await cycle(dut)
        spent += 1
        while not int(dut.s_axis_tready.value):
            await cycle(dut)
            spent += 1
        dut.s_axis_tvalid.value = 0
        while random.random() < idle:
            await cycle(dut)
            spent += 1
    return spent


@cocotb.test()
async def every_character_without_a_gap(dut):
    heard = await begin(dut)
    said = bytes(range(256))
    spent = await offer(dut, said, idle=0.0)
    await cycles(dut, round(12 * CLOCKS))
    assert heard == said
    assert spent <= len(said) * (10 * CLOCKS + 1), "no more than a cycle is lost between characters"


@cocotb.test()
async def characters_with_gaps(dut):
    heard = await begin(dut)
    said = random.randbytes(60)
    await offer(dut, said, idle=0.97)
    await cycles(dut, round(12 * CLOCKS))
    assert heard == said


@cocotb.test()
async def an_idle_line_is_high(dut):
    heard = await begin(dut)
    for _ in range(100):
        await cycle(dut)
        assert int(dut.tx.value)
        assert int(dut.s_axis_tready.value)
    assert not heard


@cocotb.test()
async def a_reset_frees_the_line(dut):
    await start(dut, s_axis_tdata=0, s_axis_tvalid=0)
    await offer(dut, b"\x00", idle=0.0)
    await cycles(dut, round(3 * CLOCKS))
    assert not int(dut.tx.value)
    dut.rst.value = 1
    await cycle(dut)
    dut.rst.value = 0
    await cycle(dut)
    assert int(dut.tx.value)
    assert int(dut.s_axis_tready.value)
