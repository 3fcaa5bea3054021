"""edge_row_buffer: words written and read at any place, and the count of halves."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import cycle, parameters, start

P = parameters()
LANES, READ_LANES, BYTES = P["LANES"], P["READ_LANES"], P["BYTES"]
LATENCY = 7
WRITE_AHEAD = 4  # a read finds what is written up to so many cycles later


@cocotb.test()
async def reads_find_what_was_written(dut):
    await start(dut, row_begin=0, row_complete=0, release_row=0, write_en=0, write_addr=0, write_data=0, read_addr=0)
    content = bytearray(random.randbytes(BYTES))
    for place in range(0, BYTES, LANES):
        dut.write_en.value, dut.write_addr.value = 1, place
        dut.write_data.value = int.from_bytes(content[place : place + LANES], "little")
        await cycle(dut)
    asked: list[int] = []
    at_the_memory: list[bytes] = []  # what the asked read is to bring
    for now in range(600):
        place = random.randrange(0, BYTES, LANES)
        dut.read_addr.value = place
        asked.append(place)
        # a word that no read in the memory's own cycles covers
        target, write = random.randrange(0, BYTES, LANES), random.random() < 0.4
        near = {
            (start + byte) % BYTES for start in asked[-WRITE_AHEAD - 1 :] for byte in range(-LANES, READ_LANES + LANES)
        }
        write = write and target not in near
        dut.write_en.value, dut.write_addr.value = int(write), target
        data = random.randbytes(LANES)
        dut.write_data.value = int.from_bytes(data, "little")
        if now >= WRITE_AHEAD:
            start_at = asked[now - WRITE_AHEAD]
            at_the_memory.append(bytes(content[(start_at + byte) % BYTES] for byte in range(READ_LANES)))
        if write:
            content[target : target + LANES] = data
        await cycle(dut)
        if now >= LATENCY:
            got = int(dut.read_data.value).to_bytes(READ_LANES, "little")
            assert got == at_the_memory[now - LATENCY], f"read {now - LATENCY}"


@cocotb.test()
async def halves_are_counted(dut):
    await start(dut, row_begin=0, row_complete=0, release_row=0, write_en=0, write_addr=0, write_data=0, read_addr=0)
    taken = complete = 0
    for _ in range(400):
        begins = taken < 2 and random.getrandbits(1)
        completes = complete < taken and random.getrandbits(1)
        releases = complete > 0 and random.getrandbits(1)
        dut.row_begin.value, dut.row_complete.value, dut.release_row.value = int(begins), int(completes), int(releases)
        await cycle(dut)
        assert int(dut.half_free.value) == (taken < 2)
        assert int(dut.rows.value) == complete
        taken += int(begins) - int(releases)
        complete += int(completes) - int(releases)
