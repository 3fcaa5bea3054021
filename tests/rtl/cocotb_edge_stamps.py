"""edge_stamps: both units' stamps, also when they come together, and the host that reads them."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import cycle, cycles, parameters, start
from rtl.wordbus import WordBus

WORDS = 1 << parameters()["INDEX_WIDTH"]


@cocotb.test()
async def stamps_are_read_back(dut):
    host = WordBus(dut)
    await start(
        dut, array_done=0, array_index=0, vector_done=0, vector_index=0, cycles=0, host_rd_valid=0, host_rd_addr=0
    )
    stamps = {}
    for _ in range(20 * WORDS):
        # two cycles: the vector unit's stamp may meet the array unit's in its own cycle or in the next
        vector_index, delay = random.randrange(WORDS), random.choice([0, 1, None])
        array_index = random.choice([index for index in range(WORDS) if index != vector_index])
        for time in range(2):
            dut.vector_done.value, dut.vector_index.value = int(time == 0), vector_index
            dut.array_done.value, dut.array_index.value = int(time == delay), array_index
            count = random.getrandbits(32)
            dut.cycles.value = count
            await cycle(dut)
            if time == 0:
                stamps[vector_index] = count
            if time == delay:
                stamps[array_index] = count
        dut.vector_done.value = dut.array_done.value = 0
        await cycles(dut, 2)
        wanted = random.choice(list(stamps))
        assert await host.read(wanted) == (stamps[wanted], False)
        assert host.waited == 0
