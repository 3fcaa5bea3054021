"""edge_burst_split against its contract: all of a block, in order, in bursts as long as they may be."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import cycle, start

PAGE = 4096


async def bursts(dut, address: int, beats: int) -> list[tuple[int, int]]:
    dut.address.value, dut.load.value = address, 1
    await cycle(dut)
    dut.load.value = 0
    found, left = [], beats
    while left:
        dut.left.value, dut.next.value = left, 0
        for _ in range(random.randrange(3)):
            await cycle(dut)  # a burst holds until the next one is asked for
        dut.next.value = 1
        await cycle(dut)
        found.append((int(dut.burst_address.value), int(dut.burst_beats.value)))
        left -= found[-1][1]
    dut.next.value = 0
    await cycle(dut)
    return found


def check(found: list[tuple[int, int]], address: int, beats: int) -> None:
    at = address
    for first, count in found:
        assert first == at
        longest = min(16, (PAGE - first % PAGE) // 8, beats - (at - address) // 8)
        assert count == longest
        at += 8 * count
    assert at == address + 8 * beats


@cocotb.test()
async def blocks_around_borders(dut):
    await start(dut, load=0, next=0, address=0, left=0)
    for offset in (-136, -128, -120, -8, 0, 8):
        for beats in (1, 2, 15, 16, 17, 33):
            address = 3 * PAGE + offset
            check(await bursts(dut, address, beats), address, beats)


@cocotb.test()
async def random_blocks(dut):
    await start(dut, load=0, next=0, address=0, left=0)
    for _ in range(60):
        address, beats = 8 * random.randrange(1 << 37) % (1 << 39), random.randrange(1, 1500)
        check(await bursts(dut, address, beats), address, beats)


@cocotb.test()
async def an_address_with_more_than_32_bits(dut):
    await start(dut, load=0, next=0, address=0, left=0)
    address = (1 << 32) - 64
    check(await bursts(dut, address, 40), address, 40)
