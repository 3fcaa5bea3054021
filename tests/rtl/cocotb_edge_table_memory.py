"""edge_table_memory: copies a pair in 256 cycles whatever the host does, and gives the host its words back."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import cycle, cycles, parameters, start
from rtl.wordbus import WordBus

WORDS = parameters()["WORDS"]
ENTRIES = 256


async def begin(dut) -> tuple[WordBus, list[int]]:
    host = WordBus(dut)
    await start(
        dut, stop=0, layer_begin=0, preload=0, preload_table=0, idle=1, host_wr_valid=0, host_wr_addr=0, host_wr_data=0,
        host_rd_valid=0, host_rd_addr=0,
    )  # fmt: skip
    words = [random.getrandbits(32) for _ in range(WORDS)]
    for place, word in enumerate(words):
        await host.write(place, word)
        assert host.waited == 0
    return host, words


async def copy(dut, pair: int, words: list[int]) -> int:
    """Ask for a pair; return the cycles until it is ready; check what the lanes get, and that it stays ready."""
    dut.preload.value, dut.preload_table.value = 1, pair
    copied, index, waited, behind = {}, None, 0, 0
    while behind < 6:
        await cycle(dut)
        if index is not None:
            copied[index] = int(dut.load_a.value), int(dut.load_b.value)
        index = int(dut.load_index.value) if int(dut.load_en.value) else None
        behind += int(dut.table_ready.value)
        waited += behind == 0
    at = 512 * pair
    assert copied == {entry: (words[at + 2 * entry], words[at + 2 * entry + 1]) for entry in range(ENTRIES)}
    return waited


async def begin_layer(dut) -> None:
    dut.layer_begin.value = 1
    await cycle(dut)
    assert int(dut.table_ready.value)
    dut.layer_begin.value = dut.preload.value = 0
    await cycle(dut)
    assert not int(dut.table_ready.value)


@cocotb.test()
async def pairs_are_copied_in_the_same_time(dut):
    host, words = await begin(dut)
    traffic = cocotb.start_soon(read_words(host, words))
    for pair in (*range(WORDS // 512), 0, 0):
        assert await copy(dut, pair, words) == ENTRIES
        await begin_layer(dut)
        await cycles(dut, random.randrange(5))
    traffic.cancel()


async def read_words(host: WordBus, words: list[int]) -> None:
    while True:
        place = random.randrange(WORDS)
        assert await host.read(place) == (words[place], False)


@cocotb.test()
async def a_copy_waits_for_look_ups_and_for_the_layer_to_begin(dut):
    _, words = await begin(dut)
    dut.idle.value, dut.preload.value = 0, 1
    await cycles(dut, 300)
    assert not int(dut.table_ready.value)
    dut.idle.value, dut.layer_begin.value = 1, 1
    await cycle(dut)
    dut.layer_begin.value = 0
    assert await copy(dut, 1, words) == ENTRIES


@cocotb.test()
async def a_stopped_copy_begins_anew(dut):
    host, words = await begin(dut)
    for cycles_before in (1, 100, 256, 300):
        dut.preload.value = 1
        await cycles(dut, cycles_before)
        dut.preload.value, dut.stop.value = 0, 1
        await cycle(dut)
        dut.stop.value = 0
        await cycles(dut, 5)
        assert not int(dut.table_ready.value)
        assert await host.read(7) == (words[7], False)
        assert await copy(dut, 1, words) == ENTRIES
        await begin_layer(dut)
