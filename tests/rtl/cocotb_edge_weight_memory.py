"""edge_weight_memory: skewed rows for the engine, columns for the host while the engine does not read."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import cycle, parameters, start
from rtl.wordbus import WordBus

K, OC = parameters()["K_LANES"], parameters()["OC_LANES"]
ROWS = 1 << parameters()["ROW_WIDTH"]
COLUMNS = K * OC // 4
PITCH = 1 << (COLUMNS - 1).bit_length()


async def begin(dut) -> tuple[WordBus, list[bytearray]]:
    """Start with random rows in the memory."""
    host = WordBus(dut)
    await start(
        dut, read_en=0, read_row=0, host_wr_valid=0, host_wr_addr=0, host_wr_data=0, host_rd_valid=0, host_rd_addr=0
    )
    rows = [bytearray(random.randbytes(4 * COLUMNS)) for _ in range(ROWS)]
    for row, content in enumerate(rows):
        for column in range(COLUMNS):
            word = int.from_bytes(content[4 * column : 4 * column + 4], "little")
            assert not await host.write(row * PITCH + column, word)
    return host, rows


async def read_rows(dut, rows: list[bytearray], stop: list[bool]) -> None:
    """The engine: bursts of rows with gaps; lane l is due 2 + l % 4 cycles after its row was asked for."""
    asked: list[int | None] = [None] * 5
    burst = 0
    while not stop:
        burst = burst - 1 if burst else random.choice([0, 0, 12])
        row = random.randrange(ROWS // 2) if burst else None
        dut.read_en.value = int(row is not None)
        dut.read_row.value = row or 0
        asked.append(row)
        await cycle(dut)
        data = int(dut.read_data.value).to_bytes(K * OC, "little")
        for lane in range(K):
            wanted = asked[-3 - lane % 4]
            if wanted is not None:
                assert data[lane * OC : (lane + 1) * OC] == rows[wanted][lane * OC : (lane + 1) * OC]
    dut.read_en.value = 0


@cocotb.test()
async def host_and_engine_read_together(dut):
    host, rows = await begin(dut)
    stop: list[bool] = []
    engine = cocotb.start_soon(read_rows(dut, rows, stop))
    held_up = 0
    for _ in range(150):
        row, column = random.randrange(ROWS), random.randrange(COLUMNS)
        place = slice(4 * column, 4 * column + 4)
        if row >= ROWS // 2 and random.getrandbits(1):  # rows that the engine does not read
            rows[row][place] = random.randbytes(4)
            await host.write(row * PITCH + column, int.from_bytes(rows[row][place], "little"))
            assert host.waited == 0, "the host writes at any time"
        word = int.from_bytes(rows[row][place], "little")
        assert await host.read(row * PITCH + column) == (word, False)
        held_up += host.waited
    assert held_up > 0
    stop.append(True)
    await engine


@cocotb.test()
async def a_column_that_is_not_there_is_an_error(dut):
    if PITCH == COLUMNS:
        return
    host, _ = await begin(dut)
    assert await host.write(COLUMNS, 1)
    assert (await host.read(COLUMNS))[1]
    assert not (await host.read(COLUMNS - 1))[1]
