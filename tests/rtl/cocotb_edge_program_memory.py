"""edge_program_memory: the sequencer reads four words at a time, and the host gives way to it."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import cycle, parameters, start
from rtl.wordbus import WordBus

ROWS = 1 << parameters()["ROW_WIDTH"]


async def read_rows(dut, memory: list[int], stop: list[bool]) -> None:
    """The sequencer: rows in bursts; each comes two cycles after it was asked for."""
    asked: list[int | None] = [None, None]
    while not stop:
        row = random.randrange(ROWS // 2) if random.random() < 0.7 else None
        dut.read_en.value = int(row is not None)
        dut.read_row.value = row or 0
        asked.append(row)
        await cycle(dut)
        wanted = asked[-3]
        if wanted is not None:
            assert int(dut.read_data.value) == sum(memory[4 * wanted + w] << 32 * w for w in range(4))
    dut.read_en.value = 0


@cocotb.test()
async def host_and_sequencer_read_together(dut):
    host = WordBus(dut)
    await start(
        dut, read_en=0, read_row=0, host_wr_valid=0, host_wr_addr=0, host_wr_data=0, host_rd_valid=0, host_rd_addr=0
    )
    memory = [random.getrandbits(32) for _ in range(4 * ROWS)]
    for addr, word in enumerate(memory):
        await host.write(addr, word)
        assert host.waited == 0
    stop: list[bool] = []
    sequencer = cocotb.start_soon(read_rows(dut, memory, stop))
    held_up = 0
    for _ in range(200):
        addr = random.randrange(len(memory))
        if addr >= len(memory) // 2 and random.getrandbits(1):  # rows that the sequencer does not read
            memory[addr] = random.getrandbits(32)
            await host.write(addr, memory[addr])
            assert host.waited == 0, "the host writes at any time"
        assert await host.read(addr) == (memory[addr], False)
        held_up += host.waited
    assert held_up > 0
    stop.append(True)
    await sequencer
