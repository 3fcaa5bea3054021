"""edge_window_bus: every access reaches its window once, and its answer comes back."""

from __future__ import annotations

import random

import cocotb

from edge_runtime.compiler.host_interface import host_interface
from rtl.clocking import cycle, start

INTERFACE = host_interface()
WINDOWS = {**INTERFACE.windows, "JOBS": INTERFACE.jobs}
INDEX = {name: place for place, name in enumerate(WINDOWS)}


class Windows:
    """Stands in for the memories: holds up each access, answers with the word that was asked for, and counts."""

    def __init__(self, dut) -> None:
        self._dut = dut
        self.written: list[tuple[str, int]] = []
        self.failing: str | None = None
        self.addr = 0
        cocotb.start_soon(self._take_writes())
        cocotb.start_soon(self._answer_reads())

    async def _take_writes(self) -> None:
        dut = self._dut
        while True:
            dut.wr_ready_of.value = ready = random.getrandbits(len(INDEX))
            dut.wr_error_of.value = 1 << INDEX[self.failing] if self.failing else 0
            await cycle(dut)
            taken = int(dut.wr_go.value) & ready
            self.written += [(name, self.addr) for name, bit in INDEX.items() if taken >> bit & 1]

    async def _answer_reads(self) -> None:
        dut = self._dut
        while True:
            dut.rd_ready_of.value = ready = random.getrandbits(len(INDEX))
            await cycle(dut)
            taken = int(dut.rd_go.value) & ready
            for name, bit in INDEX.items():
                if taken >> bit & 1:
                    await self._answer(bit, self.addr, failed=name == self.failing)

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


class Host:
    """Takes the place of the AXI slave: an address is there a cycle before its access, and goes away in it."""

    def __init__(self, dut, windows: Windows) -> None:
        self._dut = dut
        self._windows = windows

    async def write(self, addr: int, strb: int = 0xF) -> bool:
        """Write a word; return whether that was called an error."""
        dut = self._dut
        await self._take("wr", addr)
        dut.wr_strb.value, dut.wr_valid.value = strb, 1
        await self._accepted("wr")
        failed = int(dut.wr_error.value) == 1
        dut.wr_valid.value = 0
        await cycle(dut)  # the windows have noted it
        return failed

    async def read(self, addr: int) -> tuple[int, bool]:
        """Read a word; return it, and whether that was called an error."""
        dut = self._dut
        await self._take("rd", addr)
        dut.rd_valid.value = 1
        await self._accepted("rd")
        dut.rd_valid.value = 0
        await cycle(dut)
        while not int(dut.rd_data_valid.value):
            await cycle(dut)
        return int(dut.rd_data.value), int(dut.rd_error.value) == 1

    async def _take(self, side: str, addr: int) -> None:
        taken, given = getattr(self._dut, f"{side}_take"), getattr(self._dut, f"{side}_take_addr")
        self._windows.addr = addr
        given.value, taken.value = addr, 1
        await cycle(self._dut)
        given.value, taken.value = random.getrandbits(len(given)), 0

    async def _accepted(self, side: str) -> None:
        await cycle(self._dut)
        while not int(getattr(self._dut, f"{side}_ready").value):
            await cycle(self._dut)


async def begin(dut) -> tuple[Host, Windows]:
    names = ("wr_take", "wr_take_addr", "wr_valid", "wr_strb", "rd_take", "rd_take_addr", "rd_valid")
    answers = ("wr_ready_of", "wr_error_of", "rd_ready_of", "rd_data_valid_of", "rd_error_of", "rd_data_of")
    await start(dut, **dict.fromkeys([*names, *answers], 0))
    windows = Windows(dut)
    return Host(dut, windows), windows


def first_word(name: str) -> int:
    return WINDOWS[name].offset // 4


@cocotb.test()
async def every_window_takes_its_words(dut):
    host, windows = await begin(dut)
    for name in INDEX:
        addr = first_word(name) + random.randrange(16)
        assert await host.write(addr) == (name == "STAMPS")
        assert windows.written == ([] if name == "STAMPS" else [(name, addr)])
        windows.written.clear()
        assert await host.read(addr) == (addr, False)


@cocotb.test()
async def a_window_that_fails_says_so(dut):
    host, windows = await begin(dut)
    for windows.failing in INDEX:
        await cycle(dut)
        addr = first_word(windows.failing)
        assert await host.write(addr)
        assert (await host.read(addr))[1]


@cocotb.test()
async def nowhere_is_an_error(dut):
    host, windows = await begin(dut)
    nowhere = [first_word("REGISTERS") + 2048, first_word("STAMPS") - 1]
    for addr in nowhere:
        assert await host.write(addr)
        assert await host.read(addr) == (0, True)
    assert windows.written == []


@cocotb.test()
async def only_activations_take_part_of_a_word(dut):
    host, windows = await begin(dut)
    for name in INDEX:
        assert await host.write(first_word(name), strb=0b0100) == (name != "ACTIVATIONS")
    assert windows.written == [("ACTIVATIONS", first_word("ACTIVATIONS"))]
