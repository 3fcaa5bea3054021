"""edge_parameter_memory: channels written word by word, read by rows, and the host gives way to the engine."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import cycle, parameters, start
from rtl.wordbus import WordBus

LANES = parameters()["LANES"]
ROWS = 1 << parameters()["ROW_WIDTH"]


def draw_words() -> list[int]:
    """Draw a channel's words; at most one of the two shifts is not zero, and the bits beside them are noise."""
    shift = random.choice([0x1F, 0x1F00])
    return [random.getrandbits(32), random.getrandbits(32), random.getrandbits(32) & (shift | ~0x1F1F), 0]


def as_read(words: list[int]) -> list[int]:
    """A channel's words as they are read back: bits that mean nothing are zero."""
    return [words[0], words[1] & 0x7FFFFFFF, words[2] & 0x1F1F, 0]


def row_of(memory: list[list[int]], row: int) -> tuple[int, int, int, int]:
    bias = multiplier = left = right = 0
    for lane, words in enumerate(memory[row * LANES : (row + 1) * LANES]):
        bias |= words[0] << 32 * lane
        multiplier |= (words[1] & 0x7FFFFFFF) << 31 * lane
        left |= (words[2] & 0x1F) << 5 * lane
        right |= (words[2] >> 8 & 0x1F) << 5 * lane
    return bias, multiplier, left, right


async def read_rows(dut, memory: list[list[int]], stop: list[bool]) -> None:
    asked: list[int | None] = [None, None]
    while not stop:
        row = random.randrange(ROWS // 2) if random.random() < 0.7 else None
        dut.read_en.value = int(row is not None)
        dut.read_row.value = row or 0
        asked.append(row)
        await cycle(dut)
        wanted = asked[-3]
        if wanted is not None:
            outputs = (dut.read_bias, dut.read_multiplier, dut.read_left, dut.read_right)
            assert tuple(int(output.value) for output in outputs) == row_of(memory, wanted)
    dut.read_en.value = 0


async def write_channel(host: WordBus, channel: int, memory: list[list[int]]) -> None:
    """Write new words; nothing changes before the third one."""
    words = draw_words()
    for field, word in enumerate(words):
        assert await host.read(4 * channel) == (as_read(memory[channel])[0], False)
        await host.write(4 * channel + field, word)
        assert host.waited == 0, "the host writes at any time"
        if field == 2:
            memory[channel] = words


@cocotb.test()
async def host_and_engine_read_together(dut):
    host = WordBus(dut)
    await start(
        dut, read_en=0, read_row=0, host_wr_valid=0, host_wr_addr=0, host_wr_data=0, host_rd_valid=0, host_rd_addr=0
    )
    memory = [draw_words() for _ in range(ROWS * LANES)]
    for channel, words in enumerate(memory):
        for field, word in enumerate(words):
            await host.write(4 * channel + field, word)
            assert host.waited == 0
    stop: list[bool] = []
    engine = cocotb.start_soon(read_rows(dut, memory, stop))
    held_up = 0
    for _ in range(200):
        channel, field = random.randrange(len(memory)), random.randrange(4)
        if channel >= len(memory) // 2 and random.getrandbits(1):  # rows that the engine does not read
            await write_channel(host, channel, memory)
        assert await host.read(4 * channel + field) == (as_read(memory[channel])[field], False)
        held_up += host.waited
    assert held_up > 0
    stop.append(True)
    await engine
