"""edge_window_bus: every access reaches its window once, and its answer comes back."""

from __future__ import annotations

import random

import cocotb

from edge_runtime.compiler.host_interface import host_interface
from rtl.clocking import cycle, start
from rtl.wordbus import WordBus

INTERFACE = host_interface()
WINDOWS = {**INTERFACE.windows, "JOBS": INTERFACE.jobs}
INDEX = {name: place for place, name in enumerate(WINDOWS)}


class Windows:
    """Stands in for the memories: holds up each access, answers with the word that was asked for, and counts."""

    def __init__(self, dut) -> None:
        self._dut = dut
        self.written: list[tuple[str, int]] = []
        self.failing: str | None = None
        cocotb.start_soon(self._take_writes())
        cocotb.start_soon(self._answer_reads())

    async def _take_writes(self) -> None:
        dut = self._dut
        while True:
            dut.wr_ready_of.value = ready = random.getrandbits(len(INDEX))
            dut.wr_error_of.value = 1 << INDEX[self.failing] if self.failing else 0
            await cycle(dut)
            taken = int(dut.wr_go.value) & ready
            self.written += [(name, int(dut.wr_addr.value)) for name, bit in INDEX.items() if taken >> bit & 1]

    async def _answer_reads(self) -> None:
        dut = self._dut
        while True:
            dut.rd_ready_of.value = ready = random.getrandbits(len(INDEX))
            await cycle(dut)
            taken = int(dut.rd_go.value) & ready
            word = int(dut.rd_addr.value)
            for name, bit in INDEX.items():
                if taken >> bit & 1:
                    await self._answer(bit, word, failed=name == self.failing)

    async def _answer(self, bit: int, word: int, *, failed: bool) -> None:
        dut = self._dut
        dut.rd_ready_of.value = 0
        for _ in range(random.randrange(3)):
            await cycle(dut)
        noise = random.getrandbits(32 * len(INDEX)) & ~(0xFFFFFFFF << 32 * bit)
        dut.rd_data_of.value = noise | word << 32 * bit
        dut.rd_error_of.value = (1 << len(INDEX)) - 1 if failed else ~(1 << bit) & (1 << len(INDEX)) - 1
        dut.rd_data_valid_of.value = 1 << bit
        await cycle(dut)
        dut.rd_data_valid_of.value = 0


async def begin(dut) -> tuple[WordBus, Windows]:
    names = ("wr_valid", "wr_addr", "wr_strb", "rd_valid", "rd_addr")
    answers = ("wr_ready_of", "wr_error_of", "rd_ready_of", "rd_data_valid_of", "rd_error_of", "rd_data_of")
    await start(dut, **dict.fromkeys([*names, *answers], 0))
    return WordBus(dut, prefix=""), Windows(dut)


async def write(dut, addr: int, strb: int = 0xF) -> bool:
    """Write a word; return whether that was called an error."""
    dut.wr_addr.value, dut.wr_strb.value, dut.wr_valid.value = addr, strb, 1
    await cycle(dut)
    while not int(dut.wr_ready.value):
        await cycle(dut)
    failed = int(dut.wr_error.value) == 1
    dut.wr_valid.value = 0
    await cycle(dut)  # the windows have noted it
    return failed


def first_word(name: str) -> int:
    return WINDOWS[name].offset // 4


@cocotb.test()
async def every_window_takes_its_words(dut):
    bus, windows = await begin(dut)
    for name in INDEX:
        addr = first_word(name) + random.randrange(16)
        assert await write(dut, addr) == (name == "STAMPS")
        assert windows.written == ([] if name == "STAMPS" else [(name, addr)])
        windows.written.clear()
        assert await bus.read(addr) == (addr, False)


@cocotb.test()
async def a_window_that_fails_says_so(dut):
    bus, windows = await begin(dut)
    for windows.failing in INDEX:
        await cycle(dut)
        addr = first_word(windows.failing)
        assert await write(dut, addr)
        assert (await bus.read(addr))[1]


@cocotb.test()
async def nowhere_is_an_error(dut):
    bus, windows = await begin(dut)
    nowhere = [first_word("REGISTERS") + 2048, first_word("STAMPS") - 1]
    for addr in nowhere:
        assert await write(dut, addr)
        assert await bus.read(addr) == (0, True)
    assert windows.written == []


@cocotb.test()
async def only_activations_take_part_of_a_word(dut):
    _, windows = await begin(dut)
    for name in INDEX:
        assert await write(dut, first_word(name), strb=0b0100) == (name != "ACTIVATIONS")
    assert windows.written == [("ACTIVATIONS", first_word("ACTIVATIONS"))]
