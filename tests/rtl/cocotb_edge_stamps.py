"""edge_stamps: the host reads, whenever it likes, what the engine wrote last."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import cycle, parameters, start
from rtl.wordbus import WordBus

WORDS = 1 << parameters()["INDEX_WIDTH"]


@cocotb.test()
async def stamps_are_read_back(dut):
    host = WordBus(dut)
    await start(dut, stamp_en=0, stamp_index=0, stamp=0, host_rd_valid=0, host_rd_addr=0)
    stamps = {}
    for _ in range(20 * WORDS):
        index, stamp = random.randrange(WORDS), random.getrandbits(32)
        dut.stamp_en.value, dut.stamp_index.value, dut.stamp.value = 1, index, stamp
        await cycle(dut)
        dut.stamp_en.value = 0
        stamps[index] = stamp
        wanted = random.choice(list(stamps))
        assert await host.read(wanted) == (stamps[wanted], False)
        assert host.waited == 0
