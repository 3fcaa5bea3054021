"""edge_loop_counter: says when a loop is in its last round, for every number of rounds."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import cycle, parameters, start

MOST = (1 << parameters()["WIDTH"]) - 1


@cocotb.test()
async def loops_begin_again_after_their_last_round(dut):
    await start(dut, load=0, advance=0, rounds=1)
    for rounds in range(1, MOST + 1):
        dut.rounds.value, dut.load.value, dut.advance.value = rounds, 1, random.getrandbits(1)
        await cycle(dut)
        dut.load.value = 0
        present = 1
        for _ in range(4 * rounds):
            advance = random.random() < 0.7
            dut.advance.value = int(advance)
            await cycle(dut)
            assert int(dut.last.value) == (present == rounds)
            present = present % rounds + 1 if advance else present
