"""edge_gather_plan: line and byte of each lane, for every segment."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import cycles, parameters, start

LANES, ROW_WIDTH = parameters()["LANES"], parameters()["BANK_ADDR_WIDTH"]


def fields(signal, width: int, count: int) -> list[int]:
    value = int(signal.value)
    return [value >> width * place & ((1 << width) - 1) for place in range(count)]


@cocotb.test()
async def every_segment(dut):
    await start(dut, change=0, segment=1, gather_rows=0)
    for segment in range(1, LANES + 2):
        rows = random.getrandbits(ROW_WIDTH)
        dut.segment.value, dut.gather_rows.value, dut.change.value = segment, rows, 1
        await cycles(dut, 1)
        dut.change.value = 0
        await cycles(dut, 1)
        lines = [min(lane // segment, 7) for lane in range(LANES)]
        assert fields(dut.lane_line, 3, LANES) == lines
        assert fields(dut.line_rows, ROW_WIDTH, 8) == [line * rows % (1 << ROW_WIDTH) for line in range(8)]
        await cycles(dut, 1)
        assert fields(dut.lane_column, 8, LANES) == [lane - line * segment for lane, line in enumerate(lines)]


@cocotb.test()
async def a_plan_holds_until_the_next_change(dut):
    await start(dut, change=1, segment=3, gather_rows=5)
    await cycles(dut, 1)
    dut.change.value, dut.segment.value, dut.gather_rows.value = 0, 1, 0
    await cycles(dut, 4)
    lines = [min(lane // 3, 7) for lane in range(LANES)]
    assert fields(dut.lane_line, 3, LANES) == lines
    assert fields(dut.line_rows, ROW_WIDTH, 8) == [line * 5 % (1 << ROW_WIDTH) for line in range(8)]
