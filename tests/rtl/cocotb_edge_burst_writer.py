"""edge_burst_writer: a block of the word bus reaches memory whole, whatever pauses there are."""

from __future__ import annotations

import random
from collections import deque

import cocotb

from rtl.axi_memory import AxiMemory, BurstRules
from rtl.clocking import cycle, cycles, start

WORDS = 1024
LATENCY = 3


class Words:
    """The word bus's other side: answers in order, LATENCY cycles after it took a request."""

    def __init__(self, dut, pauses: float) -> None:
        self.dut = dut
        self.pauses = pauses
        self.content = [random.getrandbits(32) for _ in range(WORDS)]
        self.asked = 0
        cocotb.start_soon(self._answer())

    async def _answer(self) -> None:
        dut = self.dut
        answers: deque[int | None] = deque([None] * (LATENCY - 1))
        while True:
            dut.word_ready.value = random.random() >= self.pauses
            await cycle(dut)
            taken = int(dut.word_valid.value) and int(dut.word_ready.value)
            answers.append(self.content[int(dut.word_addr.value)] if taken else None)
            self.asked += bool(taken)
            word = answers.popleft()
            dut.word_data_valid.value, dut.word_data.value = word is not None, word or 0

    def block(self, first_word: int, beats: int) -> bytes:
        words = [self.content[(first_word + place) % WORDS] for place in range(2 * beats)]
        return b"".join(word.to_bytes(4, "little") for word in words)


class Bench:
    """The writer between a word bus and a memory."""

    def __init__(self, dut, *, word_pauses: float = 0.0, **memory) -> None:
        self.dut, self.errors = dut, 0
        self.memory, self.words, self.rules = AxiMemory(dut, **memory), Words(dut, word_pauses), BurstRules(dut)
        cocotb.start_soon(self._count_errors())

    async def _count_errors(self) -> None:
        while True:
            await cycle(self.dut)
            self.errors += int(self.dut.error.value)

    async def begin_block(self, address: int, beats: int, first_word: int) -> None:
        dut = self.dut
        dut.address.value, dut.beats.value, dut.first_word.value, dut.start.value = address, beats, first_word, 1
        await cycle(dut)
        dut.start.value = 0
        await cycle(dut)
        assert int(dut.busy.value)
        assert not int(dut.read_out.value)

    async def wait(self) -> tuple[int, int]:
        """Wait until the writer is no longer busy; return the cycles to `read_out`, and all of them."""
        waited = read_out = 0
        while int(self.dut.busy.value):
            waited += 1
            read_out += not int(self.dut.read_out.value)
            await cycle(self.dut)
        await cycle(self.dut)
        return read_out, waited

    async def block(self, address: int, beats: int, first_word: int) -> tuple[int, int]:
        await self.begin_block(address, beats, first_word)
        waited = await self.wait()
        assert self.memory.read(address, 8 * beats) == self.words.block(first_word, beats)
        assert self.memory.read(address - 8, 8) == self.memory.read(address + 8 * beats, 8) == b"\xee" * 8
        assert not self.memory.owes, "every burst is acknowledged"
        self.memory.bytes.clear()
        return waited


async def begin(dut, **settings) -> Bench:
    inputs = ("start", "abandon", "address", "beats", "first_word", "word_ready", "word_data_valid", "word_data")
    await start(dut, **dict.fromkeys(inputs, 0))
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
        await bench.block(8 * random.randrange(1, 1 << 30), random.randrange(1, 120), random.randrange(WORDS))


@cocotb.test()
async def a_memory_that_takes_addresses_with_their_beats_only(dut):
    bench = await begin(dut, pauses=0.3, patient=True)
    for _ in range(5):
        await bench.block(8 * random.randrange(1, 1 << 30), random.randrange(1, 60), 3)


@cocotb.test()
async def across_borders_of_4_kib(dut):
    bench = await begin(dut, pauses=0.1)
    for offset in range(-160, 16, 8):
        await bench.block(0x10000 + offset, 20, 5)
    await bench.block((1 << 32) - 80, 20, 0)
    assert len({beats for _, _, beats in bench.rules.bursts}) > 5


@cocotb.test()
async def a_small_block_is_read_out_long_before_it_is_stored(dut):
    bench = await begin(dut, latency=0)
    bench.memory.latency = 200
    read_out, stored = await bench.block(0x1000, 32, 0)
    assert read_out <= 64 + LATENCY + 2, "a word a cycle, as far as the queue reaches"
    assert stored > read_out


@cocotb.test()
async def a_word_a_cycle(dut):
    bench = await begin(dut, latency=0)
    _, stored = await bench.block(0x1000, 400, 0)
    assert stored <= 900


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
async def an_abandoned_block_ends_its_burst_and_the_next_one_is_whole(dut):
    bench = await begin(dut, word_pauses=0.2, latency=20)
    for bench.memory.pauses, wait in ((0.0, 0), (0.0, 3), (0.0, 45), (0.3, 60), (0.3, 110), (0.6, 90)):
        await bench.begin_block(0x5000, 100, 0)
        await cycles(dut, wait)
        dut.abandon.value = 1
        await cycle(dut)
        dut.abandon.value = 0
        asked = bench.words.asked
        await bench.wait()
        assert bench.words.asked <= asked + 1, "no more words are asked for"
        assert not bench.memory.owes
        bench.memory.bytes.clear()
        await bench.block(0x6000, 30, 17)


@cocotb.test()
async def a_reset_forgets_the_block(dut):
    await begin(dut)
    dut.start.value, dut.beats.value = 1, 50
    await cycle(dut)
    dut.start.value = 0
    await cycles(dut, 30)
    dut.rst.value = 1
    await cycles(dut, 2)
    assert not int(dut.busy.value)
    assert not int(dut.m_axi_awvalid.value)
    assert not int(dut.m_axi_wvalid.value)
