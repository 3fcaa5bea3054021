"""edge_uart_rx against a line of the right rate, of one that is a little off, and one that is noisy."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import cycle, cycles, parameters, start
from rtl.serial_line import say

CLOCKS = parameters()["CLOCK_HZ"] / parameters()["BAUD"]


async def gather(dut, heard: list[tuple[int, int]]) -> None:
    while True:
        await cycle(dut)
        if int(dut.valid.value):
            heard.append((int(dut.data.value), int(dut.error.value)))


async def begin(dut) -> list[tuple[int, int]]:
    heard: list[tuple[int, int]] = []
    await start(dut, rx=1)
    cocotb.start_soon(gather(dut, heard))
    return heard


async def settle(dut) -> None:
    await cycles(dut, round(4 * CLOCKS))


@cocotb.test()
async def every_character_without_a_gap(dut):
    heard = await begin(dut)
    await say(dut, bytes(range(256)), CLOCKS)
    await settle(dut)
    assert heard == [(value, 0) for value in range(256)]


@cocotb.test()
async def characters_with_gaps(dut):
    heard = await begin(dut)
    said = random.randbytes(50)
    for value in said:
        await say(dut, bytes([value]), CLOCKS)
        await cycles(dut, random.randrange(40))
    await settle(dut)
    assert bytes(value for value, _ in heard) == said


@cocotb.test()
async def a_rate_that_is_two_percent_off(dut):
    if CLOCKS < 8:
        return  # a cycle is more than two percent
    for rate in (0.98, 1.02):
        heard = await begin(dut)
        said = random.randbytes(40)
        await say(dut, said, CLOCKS * rate)
        await settle(dut)
        assert bytes(value for value, _ in heard) == said


@cocotb.test()
async def a_missing_stop_bit_is_an_error_and_the_next_character_is_right(dut):
    heard = await begin(dut)
    await say(dut, b"\x55", CLOCKS, stop=0)
    await settle(dut)
    await say(dut, b"\xa7", CLOCKS)
    await settle(dut)
    assert heard == [(0x55, 1), (0xA7, 0)]


@cocotb.test()
async def a_break_is_one_error(dut):
    heard = await begin(dut)
    dut.rx.value = 0
    await cycles(dut, round(40 * CLOCKS))
    dut.rx.value = 1
    await settle(dut)
    assert heard == [(0, 1)]
    await say(dut, b"ok", CLOCKS)
    await settle(dut)
    assert heard[1:] == [(ord("o"), 0), (ord("k"), 0)]


@cocotb.test()
async def a_glitch_is_no_start_bit(dut):
    heard = await begin(dut)
    dut.rx.value = 0
    await cycles(dut, 1)
    dut.rx.value = 1
    await cycles(dut, round(12 * CLOCKS))
    assert heard == []


@cocotb.test()
async def a_reset_forgets_a_character_under_way(dut):
    heard = await begin(dut)
    cocotb.start_soon(say(dut, b"\xff", CLOCKS))
    await cycles(dut, round(5 * CLOCKS))
    dut.rst.value = 1
    await cycle(dut)
    dut.rst.value = 0
    await cycles(dut, round(12 * CLOCKS))
    assert heard == []
