"""edge_vector_weight_memory: rows for the engine, words for the host while the engine does not read."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import cycle, parameters, start
from rtl.wordbus import WordBus

LANES, ROWS = parameters()["LANES"], 1 << parameters()["ROW_WIDTH"]
ROW_BYTES = 9 * LANES
WORDS = (ROW_BYTES + 3) // 4
PITCH = 1 << (WORDS - 1).bit_length()
LATENCY = 2


def words_of(row: bytes) -> list[int]:
    padded = row.ljust(4 * WORDS, b"\0")
    return [int.from_bytes(padded[4 * place : 4 * place + 4], "little") for place in range(WORDS)]


async def write_row(host: WordBus, number: int, row: bytes) -> None:
    for place, word in enumerate(words_of(row)):
        assert not await host.write(number * PITCH + place, word)
        assert host.waited == 0, "the host writes at any time"


async def begin(dut) -> tuple[WordBus, list[bytes]]:
    host = WordBus(dut)
    await start(
        dut, read_en=0, read_row=0, host_wr_valid=0, host_wr_addr=0, host_wr_data=0, host_rd_valid=0, host_rd_addr=0
    )
    rows = [random.randbytes(ROW_BYTES) for _ in range(ROWS)]
    for number, row in enumerate(rows):
        await write_row(host, number, row)
    return host, rows


async def read_rows(dut, rows: list[bytes], stop: list[bool]) -> None:
    """The engine: bursts of reads of the first half's rows."""
    asked: list[int | None] = [None] * LATENCY
    while not stop:
        row = random.randrange(ROWS // 2) if random.random() < 0.7 else None
        dut.read_en.value, dut.read_row.value = int(row is not None), row or 0
        asked.append(row)
        await cycle(dut)
        due = asked[-1 - LATENCY]
        if due is not None:
            assert int(dut.read_data.value).to_bytes(ROW_BYTES, "little") == rows[due]
    dut.read_en.value = 0


@cocotb.test()
async def host_and_engine_read_together(dut):
    host, rows = await begin(dut)
    stop: list[bool] = []
    engine = cocotb.start_soon(read_rows(dut, rows, stop))
    held_up = 0
    for _ in range(120):
        number, place = random.randrange(ROWS), random.randrange(WORDS)
        if number >= ROWS // 2 and random.random() < 0.2:  # rows that the engine does not read
            rows[number] = random.randbytes(ROW_BYTES)
            await write_row(host, number, rows[number])
        assert await host.read(number * PITCH + place) == (words_of(rows[number])[place], False)
        held_up += host.waited
    assert held_up > 0
    stop.append(True)
    await engine


@cocotb.test()
async def a_word_that_is_not_there_is_an_error(dut):
    if PITCH == WORDS:
        return
    host, _ = await begin(dut)
    assert await host.write(WORDS, 1)
    assert (await host.read(WORDS))[1]
    assert not (await host.read(WORDS - 1))[1]
