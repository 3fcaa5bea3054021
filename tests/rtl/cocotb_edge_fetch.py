"""edge_fetch: descriptors of random programs, pairs of both banks among them, each in its exact number of cycles."""

from __future__ import annotations

import random

import cocotb

from edge_runtime.compiler.host_interface import host_interface
from rtl.clocking import cycle, cycles, parameters, start
from rtl.descriptors import descriptor_words

COUNT = 1 << parameters()["INDEX_WIDTH"]
USED = host_interface().descriptor_used_bits
WORDS = host_interface().descriptor_words
FETCH_CYCLES, PAIR_CYCLES = 9, 8


class Program:
    """A memory of descriptors behind the fetch port, data two cycles after the row."""

    def __init__(self, dut) -> None:
        self._dut = dut
        self._asked = [0, 0]
        self.descriptors: list[list[int]] = []
        self.order: list[tuple[int, bool]] = []  # index of each layer, and whether it is the first of a pair

    def draw(self, entry: int) -> None:
        self.descriptors = [[random.getrandbits(32) for _ in range(WORDS)] for _ in range(COUNT)]
        self.order, index = [], entry
        while index < COUNT - 2 and len(self.order) < 5:
            pair = bool(random.getrandbits(1))
            self.order.append((index, pair))
            index += 2 if pair else 1
        for index, pair in self.order:
            last = index == self.order[-1][0]
            for one in {index, index + pair}:
                self._set(one, BANKED=pair, LAST=last)

    def _set(self, index: int, **flags: int) -> None:
        for name, value in flags.items():
            bits = host_interface().descriptor[name]
            word = self.descriptors[index][bits.word] & ~(bits.mask << bits.lsb)
            self.descriptors[index][bits.word] = word | descriptor_words(**{name: value})[bits.word]

    def bits(self, index: int) -> int:
        return sum(word << 32 * place for place, word in enumerate(self.descriptors[index])) & ((1 << USED) - 1)

    async def tick(self) -> None:
        await cycle(self._dut)
        self._asked.append(int(self._dut.read_row.value) if int(self._dut.read_en.value) else 0)
        index, row = divmod(self._asked[-2], 8)
        words = self.descriptors[index][4 * row : 4 * row + 4]
        self._dut.read_data.value = sum(word << 32 * place for place, word in enumerate(words))


async def begin(dut) -> Program:
    program = Program(dut)
    program.draw(0)
    await start(dut, start=0, entry=0, bank=0, take=0, read_data=0)
    return program


async def pulse(dut, program: Program, signal: str) -> None:
    getattr(dut, signal).value = 1
    await program.tick()
    getattr(dut, signal).value = 0


@cocotb.test()
async def random_programs(dut):
    program = await begin(dut)
    for _ in range(30):
        entry, bank = random.randrange(COUNT - 3), random.getrandbits(1)
        program.draw(entry)
        dut.entry.value, dut.bank.value = entry, bank
        await pulse(dut, program, "start")
        dut.entry.value, dut.bank.value = random.randrange(COUNT), random.getrandbits(1)
        for index, pair in program.order:
            for _ in range(FETCH_CYCLES - 1 + PAIR_CYCLES * pair):
                await program.tick()
                assert not int(dut.next_valid.value)
            for _ in range(random.randint(1, 4)):
                await program.tick()
                assert int(dut.next_valid.value)
                assert int(dut.next_index.value) == index
                assert int(dut.next.value) == program.bits(index + (pair and bank))
            await pulse(dut, program, "take")
        for _ in range(25):
            await program.tick()
            assert not int(dut.next_valid.value)
            assert not int(dut.read_en.value)


@cocotb.test()
async def a_start_or_a_reset_in_the_middle_begins_afresh(dut):
    program = await begin(dut)
    for after in range(20):
        program.draw(0)
        dut.entry.value, dut.bank.value = 0, 1
        await pulse(dut, program, "start")
        for _ in range(after):
            await program.tick()
        if random.getrandbits(1):
            await pulse(dut, program, "rst")
            await program.tick()
            assert not int(dut.next_valid.value)
        program.draw(2)
        dut.entry.value = 2
        await pulse(dut, program, "start")
        index, pair = program.order[0]
        for _ in range(FETCH_CYCLES - 1 + PAIR_CYCLES * pair):
            await program.tick()
            assert not int(dut.next_valid.value)
        await program.tick()
        assert int(dut.next_valid.value)
        assert int(dut.next.value) == program.bits(index + pair)
    await cycles(dut, 1)
