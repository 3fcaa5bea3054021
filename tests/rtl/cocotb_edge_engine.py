"""edge_engine: a network through its word bus, exact in bits and cycles whatever the host does meanwhile."""

from __future__ import annotations

import random

import cocotb

from edge_runtime.compiler.host_interface import host_interface
from rtl.clocking import cycle, start
from rtl.tiny_network import TinyNetwork, words_of

INDEX = {name: place for place, name in enumerate(host_interface().windows)}
MEMORIES = [name for name in INDEX if name not in ("REGISTERS", "STAMPS")]


class Bus:
    """The engine's word bus: one write and one read at a time, each with the select line of its memory."""

    def __init__(self, dut) -> None:
        self._dut = dut
        self._writing = self._reading = False

    async def write(self, window: str, addr: int, data: int) -> None:
        dut = self._dut
        while self._writing:
            await cycle(dut)
        self._writing = True
        dut.wr_addr.value, dut.wr_data.value, dut.wr_strb.value = addr, data, 0xF
        dut.wr_valid.value = 1 << INDEX[window]
        await cycle(dut)
        while not int(dut.wr_ready.value) >> INDEX[window] & 1:
            await cycle(dut)
        assert not int(dut.wr_error.value) >> INDEX[window] & 1
        dut.wr_valid.value = 0
        self._writing = False

    async def read(self, window: str, addr: int) -> int:
        dut = self._dut
        while self._reading:
            await cycle(dut)
        self._reading = True
        dut.rd_addr.value, dut.rd_valid.value = addr, 1 << INDEX[window]
        await cycle(dut)
        while not int(dut.rd_ready.value) >> INDEX[window] & 1:
            await cycle(dut)
        dut.rd_valid.value = 0
        while True:
            await cycle(dut)
            if int(dut.rd_data_valid.value) >> INDEX[window] & 1:
                assert not int(dut.rd_error.value) >> INDEX[window] & 1
                self._reading = False
                return int(dut.rd_data.value) >> 32 * INDEX[window] & 0xFFFFFFFF


class Engine:
    """The engine with a network in its memories."""

    def __init__(self, dut) -> None:
        self.dut = dut
        self.network = TinyNetwork()
        self.bus = Bus(dut)

    async def begin(self) -> None:
        names = (
            "start",
            "stop",
            "entry",
            "bank",
            "cycles",
            "wr_valid",
            "wr_addr",
            "wr_data",
            "wr_strb",
            "rd_valid",
            "rd_addr",
        )
        await start(self.dut, **dict.fromkeys(names, 0))
        for image in self.network.images():
            await self._fill(image.window, image.offset // 4, image.data)

    async def _fill(self, window: str, first: int, data: bytes) -> None:
        for place, word in enumerate(words_of(data)):
            await self.bus.write(window, first + place, word)

    async def run(self, bank: int = 0) -> int:
        """Run; return the cycles as the register would count them."""
        dut = self.dut
        dut.bank.value, dut.start.value = bank, 1
        await cycle(dut)
        dut.start.value = 0
        for count in range(5000):
            await cycle(dut)
            if int(dut.finished.value):
                assert not int(dut.failed.value)
                return count
        raise AssertionError("the run did not end")

    async def give(self) -> bytes:
        """Write a random input; return the outputs that belong to it."""
        inputs, outputs = self.network.draw()
        await self._fill("ACTIVATIONS", self.network.input_address // 4, inputs)
        return outputs

    async def check(self, outputs: bytes) -> None:
        first = self.network.output_address // 4
        read = [await self.bus.read("ACTIVATIONS", first + word) for word in range(-(-len(outputs) // 4))]
        assert b"".join(word.to_bytes(4, "little") for word in read)[: len(outputs)] == outputs

    async def infer(self, bank: int = 0) -> int:
        """Run on random inputs and check the outputs; return the cycles."""
        outputs = await self.give()
        cycles = await self.run(bank)
        await self.check(outputs)
        return cycles


@cocotb.test()
async def both_banks_are_exact_in_bits_and_cycles(dut):
    engine = Engine(dut)
    await engine.begin()
    for bank in (0, 1, 0):
        assert await engine.infer(bank) == engine.network.program.cycles


async def disturb(engine: Engine, window: str, stop: list[bool]) -> None:
    """Read one memory for ever, and write again what stands there."""
    overlay = engine.network.overlay
    known = {image.window: (image.offset // 4, words_of(image.data)[0]) for image in engine.network.images()}
    free = overlay.act_bytes // 4 - 1  # of the activations: their last word, where the network has nothing
    while not stop:
        if window == "ACTIVATIONS":
            word = random.getrandbits(32)
            await engine.bus.write(window, free, word)
            assert await engine.bus.read(window, free) == word
        else:
            addr, word = known[window]
            if window not in ("PARAMETERS", "VECTOR_PARAMETERS"):  # a channel is stored as a whole
                await engine.bus.write(window, addr, word)
            assert await engine.bus.read(window, addr) == word


@cocotb.test()
async def the_host_never_holds_up_the_engine(dut):
    engine = Engine(dut)
    await engine.begin()
    for _ in range(4):
        outputs = await engine.give()
        stop: list[bool] = []
        hosts = [cocotb.start_soon(disturb(engine, window, stop)) for window in MEMORIES]
        assert await engine.run() == engine.network.program.cycles
        stop.append(True)
        for host in hosts:
            await host
        await engine.check(outputs)


@cocotb.test()
async def a_run_after_a_stop_is_exact(dut):
    engine = Engine(dut)
    await engine.begin()
    for after in (3, 20, 60, 100, 130, 160, 300, 400):
        dut.start.value = 1
        await cycle(dut)
        dut.start.value = 0
        for _ in range(after):
            await cycle(dut)
        dut.stop.value = 1
        await cycle(dut)
        dut.stop.value = 0
        for _ in range(3):
            await cycle(dut)
            assert not int(dut.finished.value)
        assert await engine.infer() == engine.network.program.cycles
