"""edge_burst_reader: a block from memory reaches the word bus whole and in order, whatever pauses there are."""

from __future__ import annotations

import random

import cocotb

from rtl.axi_memory import AxiMemory, BurstRules
from rtl.clocking import cycle, cycles, start

WORDS = 1024


class Words:
    """The word bus's other side: takes words with pauses."""

    def __init__(self, dut, pauses: float) -> None:
        self.dut = dut
        self.pauses = pauses
        self.taken: list[tuple[int, int]] = []
        cocotb.start_soon(self._take())

    async def _take(self) -> None:
        dut = self.dut
        while True:
            dut.word_ready.value = random.random() >= self.pauses
            await cycle(dut)
            if int(dut.word_valid.value) and int(dut.word_ready.value):
                self.taken.append((int(dut.word_addr.value), int(dut.word_data.value)))


class Bench:
    """The reader between a memory and a word bus."""

    def __init__(self, dut, *, word_pauses: float = 0.0, **memory) -> None:
        self.dut, self.errors = dut, 0
        self.memory, self.words, self.rules = AxiMemory(dut, **memory), Words(dut, word_pauses), BurstRules(dut)
        cocotb.start_soon(self._count_errors())

    async def _count_errors(self) -> None:
        while True:
            await cycle(self.dut)
            self.errors += int(self.dut.error.value)

    async def begin_block(self, address: int, beats: int, first_word: int) -> bytes:
        data = random.randbytes(8 * beats)
        self.memory.fill(address, data)
        self.words.taken.clear()
        dut = self.dut
        dut.address.value, dut.beats.value, dut.first_word.value, dut.start.value = address, beats, first_word, 1
        await cycle(dut)
        dut.start.value = 0
        await cycle(dut)
        assert int(dut.busy.value)
        return data

    async def wait(self) -> int:
        """Wait until the reader is no longer busy; return the cycles."""
        waited = 0
        while int(self.dut.busy.value):
            waited += 1
            await cycle(self.dut)
        await cycle(self.dut)
        return waited

    async def block(self, address: int, beats: int, first_word: int) -> int:
        data = await self.begin_block(address, beats, first_word)
        waited = await self.wait()
        words = [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]
        assert self.words.taken == [((first_word + place) % WORDS, word) for place, word in enumerate(words)]
        return waited


async def begin(dut, **settings) -> Bench:
    await start(dut, start=0, abandon=0, address=0, beats=0, first_word=0, word_ready=0)
    return Bench(dut, **settings)


@cocotb.test()
async def blocks_of_every_length(dut):
    bench = await begin(dut)
    for beats in range(1, 40):
        await bench.block(0x1000 * beats, beats, beats)
    assert bench.errors == 0


@cocotb.test()
async def random_blocks_with_pauses(dut):
    bench = await begin(dut, pauses=0.4, word_pauses=0.3, latency=30)
    for _ in range(25):
        await bench.block(8 * random.randrange(1 << 30), random.randrange(1, 120), random.randrange(WORDS))


@cocotb.test()
async def across_borders_of_4_kib(dut):
    bench = await begin(dut, pauses=0.1)
    for offset in range(-160, 16, 8):
        await bench.block(0x10000 + offset, 20, 5)
    await bench.block((1 << 32) - 80, 20, 0)
    assert len({beats for _, _, beats in bench.rules.bursts}) > 5


@cocotb.test()
async def a_word_a_cycle_from_a_slow_memory(dut):
    bench = await begin(dut, latency=0)
    assert await bench.block(0, 400, 0) <= 820
    bench.memory.latency = 30  # what two bursts cover
    assert await bench.block(0, 400, 0) <= 1000


@cocotb.test()
async def what_memory_answers_with_an_error_is_told(dut):
    bench = await begin(dut, pauses=0.2, slverr=[0x4008], decerr=[0x8000])
    await bench.block(0x4000, 4, 0)
    assert bench.errors == 1
    await bench.block(0x7FF0, 40, 0)
    assert bench.errors == 2
    await bench.block(0x9000, 4, 0)
    assert bench.errors == 2


@cocotb.test()
async def an_abandoned_block_is_drained_and_the_next_one_is_whole(dut):
    bench = await begin(dut, word_pauses=0.3, latency=20, decerr=range(0x5000, 0x6000))
    for bench.memory.pauses, wait in ((0.0, 0), (0.0, 3), (0.3, 11), (0.3, 40), (0.6, 90)):
        await bench.begin_block(0x5000, 100, 0)
        await cycles(dut, wait)
        dut.abandon.value = 1
        await cycle(dut)
        dut.abandon.value = 0
        taken, errors = len(bench.words.taken), bench.errors
        await bench.wait()
        assert len(bench.words.taken) <= taken + 1, "nothing more reaches the word bus"
        assert bench.errors <= errors + 1
        assert not bench.memory.owes
        await bench.block(0x6000, 30, 17)


@cocotb.test()
async def a_reset_forgets_the_block(dut):
    bench = await begin(dut)
    await bench.begin_block(0, 100, 0)
    dut.rst.value = 1
    await cycles(dut, 2)
    assert not int(dut.busy.value)
    assert not int(dut.m_axi_arvalid.value)
