"""edge_operand_queue: tiles go in and come out in pieces, in order, whatever the pauses on either side."""

from __future__ import annotations

import random
from collections import deque

import cocotb

from rtl.clocking import cycle, parameters, start

CHANNELS, LANES = parameters()["OC_LANES"], parameters()["LANES"]
DEPTH = 16


def pieces_of(tile: int) -> list[int]:
    """Return a tile's channels, LANES at a time."""
    return [tile >> 8 * first & ((1 << 8 * LANES) - 1) for first in range(0, CHANNELS, LANES)]


async def play(dut, tiles: int, hurry: float) -> int:
    """Write and take this many tiles; return the most that were there at a time."""
    written, due, most = 0, deque[int](), 0
    expected: int | None = None
    while written < tiles or due or expected is not None:
        room = len(due) <= (DEPTH - 1) * (CHANNELS // LANES)
        writes = written < tiles and room and random.random() < hurry
        takes = bool(due) and random.random() < 0.5
        tile = random.getrandbits(8 * CHANNELS)
        dut.write_en.value, dut.write_data.value, dut.next.value = int(writes), tile, int(takes)
        now, expected = expected, due.popleft() if takes else None
        if writes:
            due.extend(pieces_of(tile))
            written += 1
        most = max(most, len(due))
        await cycle(dut)
        assert now is None or int(dut.operand.value) == now
    dut.write_en.value = dut.next.value = 0
    return most


@cocotb.test()
async def in_order_at_any_fill(dut):
    await start(dut, write_en=0, write_data=0, next=0)
    await play(dut, 60, 0.2)
    assert await play(dut, 120, 1.0) > (DEPTH - 1) * (CHANNELS // LANES)


@cocotb.test()
async def a_reset_empties_it(dut):
    await start(dut, write_en=0, write_data=0, next=0)
    for filled in (1, 5, DEPTH):
        dut.write_en.value = 1
        for _ in range(filled):
            dut.write_data.value = random.getrandbits(8 * CHANNELS)
            await cycle(dut)
        dut.write_en.value, dut.next.value = 0, 1
        await cycle(dut)
        dut.next.value, dut.rst.value = 0, 1
        await cycle(dut)
        dut.rst.value = 0
        await play(dut, 5, 0.5)
