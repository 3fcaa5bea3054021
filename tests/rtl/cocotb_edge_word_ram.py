"""edge_word_ram against a dictionary."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import cycle, parameters, start

WIDTH = parameters()["WIDTH"]
WORDS = 1 << parameters()["ADDR_WIDTH"]
LATENCY = 2
UNSPECIFIED = None


@cocotb.test()
async def words_written_are_read_two_cycles_later(dut):
    await start(dut, write_en=0, write_addr=0, write_data=0, read_addr=0)
    memory: dict[int, int] = {}
    due: list[int | None] = [UNSPECIFIED] * LATENCY
    checked = 0
    for _ in range(2000):
        write, address, data = random.getrandbits(1), random.randrange(WORDS), random.getrandbits(WIDTH)
        read = random.randrange(WORDS)
        dut.write_en.value = write
        dut.write_addr.value = address
        dut.write_data.value = data
        dut.read_addr.value = read
        # a word that is written in the very cycle may come out old or new
        due.append(UNSPECIFIED if write and read == address else memory.get(read, UNSPECIFIED))
        if write:
            memory[address] = data
        await cycle(dut)
        expected = due.pop(0)
        if expected is not UNSPECIFIED:
            assert int(dut.read_data.value) == expected
            checked += 1
    assert len(memory) == WORDS
    assert checked > 1000
