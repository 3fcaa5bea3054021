"""edge_read_mask: which bytes of a read lie inside the input, near all of its edges."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import cycle, cycles, pack, parameters, start

LANES, WIDTH = parameters()["LANES"], parameters()["OFFSET_WIDTH"]
LATENCY = 6


@cocotb.test()
async def random_reads(dut):
    await start(dut, x_offset=0, y=0, plain=0, row_bytes=0, height=0, lane_line=0, lane_column=0)
    for _ in range(40):
        segment, row_bytes, height = random.randint(1, LANES), random.randint(1, 400), random.randint(1, 12)
        lines = [min(lane // segment, 7) for lane in range(LANES)]
        columns = [lane - line * segment for lane, line in enumerate(lines)]
        dut.lane_line.value, dut.lane_column.value = pack(lines, 3), pack(columns, 8)
        dut.row_bytes.value, dut.height.value = row_bytes, height
        await cycles(dut, LATENCY)
        due: list[int | None] = [None] * LATENCY
        for _ in range(40):
            x = random.choice([random.randint(-300, 20), row_bytes + random.randint(-40, 300), random.randint(0, 400)])
            y = random.choice([random.randint(-20, 20), height + random.randint(-9, 9)])
            dut.x_offset.value, dut.y.value = pack([x], WIDTH), pack([y], 17)
            plain = random.random() < 0.2
            dut.plain.value = int(plain)
            due.append(
                sum(
                    1 << lane
                    for lane in range(LANES)
                    if plain or (0 <= x + columns[lane] < row_bytes and 0 <= y + lines[lane] < height)
                )
            )
            await cycle(dut)
            expected = due[-1 - LATENCY]
            assert expected is None or int(dut.lane_valid.value) == expected
