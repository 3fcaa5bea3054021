"""edge_vector_table: written through its one port, then read, two cycles a word."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import start
from rtl.timeline import Timeline

LATENCY = 2


@cocotb.test()
async def reads_what_was_written(dut):
    await start(dut, write_en=0, addr=0, write_data=0)
    plan = Timeline(dut, idle={"write_en": 0}, noise={"addr": 8, "write_data": 32})
    words = [random.getrandbits(32) for _ in range(256)]
    for place in random.sample(range(256), 256):
        plan.set(place, write_en=1, addr=place, write_data=words[place])
    for now in range(256, 900):
        place = random.randrange(256)
        if random.random() < 0.2:
            words[place] = random.getrandbits(32)
            plan.set(now, write_en=1, addr=place, write_data=words[place])
        else:
            plan.set(now, addr=place)
            plan.expect(now + LATENCY, read_data=words[place])
    assert await plan.play() > 400
