"""edge_engine: a network through the word buses, exact in bits and cycles whatever the host does meanwhile."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import cycle, start
from rtl.tiny_network import TinyNetwork
from rtl.wordbus import WordBus

MEMORIES = ("program", "act", "param", "weight")


def words_of(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]


class Engine:
    """The engine with a network in its memories."""

    def __init__(self, dut) -> None:
        self.dut = dut
        self.network = TinyNetwork()
        self.bus = {name: WordBus(dut, prefix=f"{name}_") for name in MEMORIES}

    async def begin(self) -> None:
        inputs = {
            "start": 0,
            "stop": 0,
            "entry": 0,
            "bank": 0,
            "cycles": 0,
            "act_wr_strb": 0,
            "stamp_rd_valid": 0,
            "stamp_rd_addr": 0,
        }
        for name in MEMORIES:
            inputs |= {f"{name}_{signal}": 0 for signal in ("wr_valid", "wr_addr", "wr_data", "rd_valid", "rd_addr")}
        await start(self.dut, **inputs)
        program = self.network.program
        await self._fill("program", words_of(program.descriptors.tobytes()))
        await self._fill("param", words_of(program.channels.tobytes()))
        pitch = self.network.overlay.weight_row_pitch // 4
        for row, content in enumerate(program.weight_rows):
            await self._fill("weight", words_of(content.tobytes()), first=row * pitch)

    async def _fill(self, name: str, words: list[int], first: int = 0) -> None:
        for place, word in enumerate(words):
            assert not await self.bus[name].write(first + place, word)

    async def run(self, bank: int = 0) -> int:
        """Run; return the cycles as the register would count them."""
        dut = self.dut
        dut.bank.value, dut.start.value = bank, 1
        await cycle(dut)
        dut.start.value = 0
        for count in range(2000):
            await cycle(dut)
            if int(dut.finished.value):
                assert not int(dut.failed.value)
                return count
        raise AssertionError("the run did not end")

    async def infer(self, bank: int = 0) -> int:
        """Run on random inputs and check the outputs; return the cycles."""
        inputs, outputs = self.network.draw()
        await self._fill("act", words_of(inputs), first=self.network.input_address // 4)
        cycles = await self.run(bank)
        first = self.network.output_address // 4
        read = [(await self.bus["act"].read(first + word))[0] for word in range(-(-len(outputs) // 4))]
        assert b"".join(word.to_bytes(4, "little") for word in read)[: len(outputs)] == outputs
        return cycles


@cocotb.test()
async def both_banks_are_exact_in_bits_and_cycles(dut):
    engine = Engine(dut)
    await engine.begin()
    for bank in (0, 1, 0):
        assert await engine.infer(bank) == engine.network.program.cycles


async def disturb(engine: Engine, name: str, stop: list[bool]) -> None:
    """Read and write one memory for ever, where the network has nothing (activations: its last words)."""
    words = len(getattr(engine.dut, f"{name}_wr_addr"))
    last = (1 << words) - 1
    used = 0 if name == "weight" else last  # weights: column 0 of row 0 is only read
    while not stop:
        if name != "weight" and random.getrandbits(1):
            await engine.bus[name].write(last, random.getrandbits(32))
        else:
            await engine.bus[name].read(used)


@cocotb.test()
async def the_host_never_holds_up_the_engine(dut):
    engine = Engine(dut)
    await engine.begin()
    for _ in range(5):
        inputs, outputs = engine.network.draw()
        for place, word in enumerate(words_of(inputs)):
            await engine.bus["act"].write(engine.network.input_address // 4 + place, word)
        stop: list[bool] = []
        hosts = [cocotb.start_soon(disturb(engine, name, stop)) for name in MEMORIES]
        assert await engine.run() == engine.network.program.cycles
        stop.append(True)
        for host in hosts:
            await host
        first = engine.network.output_address // 4
        read = [(await engine.bus["act"].read(first + word))[0] for word in range(-(-len(outputs) // 4))]
        assert b"".join(word.to_bytes(4, "little") for word in read)[: len(outputs)] == outputs


@cocotb.test()
async def a_run_after_a_stop_is_exact(dut):
    engine = Engine(dut)
    await engine.begin()
    for after in (3, 20, 60, 100):
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
