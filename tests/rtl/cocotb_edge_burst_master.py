"""edge_burst_master between cocotbext-axi's memory and an activation memory: jobs from registers to interrupt."""

from __future__ import annotations

import itertools
import logging
import random
from collections import deque

import cocotb
from cocotbext.axi import AddressSpace, AxiBus, AxiSlave, SparseMemoryRegion

from edge_runtime.compiler.host_interface import host_interface
from rtl.axi_memory import BurstRules
from rtl.clocking import cycle, cycles, start
from rtl.wordbus import WordBus

REGISTERS = host_interface().registers
WORDS = 1024
LATENCY = 3
RUN = 40
BAD = 0x7_0000_0000  # nothing answers there


class Activations:
    """The memory behind the word bus, which the host holds up now and then."""

    def __init__(self, dut, pauses: float) -> None:
        self.words = [random.getrandbits(32) for _ in range(WORDS)]
        self.pauses = pauses
        cocotb.start_soon(self._serve(dut))

    async def _serve(self, dut) -> None:
        answers: deque[int | None] = deque([None] * (LATENCY - 1))
        while True:
            free = random.random() >= self.pauses
            dut.burst_wr_ready.value = dut.burst_rd_ready.value = free
            await cycle(dut)
            if free and int(dut.burst_wr_valid.value):
                self.words[int(dut.burst_wr_addr.value)] = int(dut.burst_wr_data.value)
            reads = free and int(dut.burst_rd_valid.value)
            answers.append(self.words[int(dut.burst_rd_addr.value)] if reads else None)
            word = answers.popleft()
            dut.burst_rd_data_valid.value, dut.burst_rd_data.value = word is not None, word or 0

    def bytes(self, offset: int, length: int) -> bytes:
        return b"".join(word.to_bytes(4, "little") for word in self.words[offset // 4 : (offset + length) // 4])


class Master:
    """The burst master with its surroundings; a run takes RUN cycles and leaves the memory as it is."""

    def __init__(self, dut, *, pauses: float) -> None:
        self.dut = dut
        logging.getLogger(f"cocotb.{dut._name}").setLevel(logging.ERROR)
        self.host = WordBus(dut, prefix="jobs_")
        self.memory = SparseMemoryRegion(BAD)
        space = AddressSpace(1 << 40)
        space.register_region(self.memory, 0)
        self.slave = AxiSlave(AxiBus.from_prefix(dut, "m_axi"), dut.clk, dut.rst, target=space)
        write, read = self.slave.write_if, self.slave.read_if
        for channel in (write.aw_channel, write.w_channel, write.b_channel, read.ar_channel, read.r_channel):
            if pauses:
                channel.set_pause_generator(random.random() < pauses for _ in itertools.count())
        self.rules = BurstRules(dut)
        self.activations = Activations(dut, pauses / 2)
        cocotb.start_soon(self._engine())

    async def _engine(self) -> None:
        dut = self.dut
        left = 0
        while True:
            await cycle(dut)
            left = 0 if int(dut.reset_engine.value) else RUN if int(dut.job_start.value) else max(0, left - 1)
            dut.engine_busy.value, dut.finished.value = left > 0, left == 1
            dut.cycles.value = RUN - left

    async def set(self, **words: int) -> None:
        for name, word in words.items():
            assert not await self.host.write(REGISTERS[f"JOB_{name}"].offset // 4 % 1024, word)

    async def get(self, name: str) -> int:
        word, failed = await self.host.read(REGISTERS[name].offset // 4 % 1024)
        assert not failed
        return word

    async def status(self) -> dict[str, int]:
        word = await self.get("JOB_STATUS")
        return {field.name: field.get(word) for field in REGISTERS["JOB_STATUS"].fields.values()}

    async def region(self, name: str, address: int, offset: int, length: int) -> None:
        values = {"ADDRESS": address & 0xFFFFFFFF, "ADDRESS_HIGH": address >> 32, "OFFSET": offset, "BYTES": length}
        await self.set(**{f"{name}_{part}": value for part, value in values.items()})

    async def push(self) -> None:
        await self.set(CONTROL=1)

    async def quiet(self) -> None:
        while (await self.status())["PENDING"]:
            await cycle(self.dut)


async def begin(dut, *, pauses: float = 0.0) -> Master:
    host = ("jobs_wr_valid", "jobs_wr_addr", "jobs_wr_data", "jobs_rd_valid", "jobs_rd_addr")
    memory = ("burst_wr_ready", "burst_rd_ready", "burst_rd_data_valid", "burst_rd_data")
    engine = ("reset_engine", "engine_busy", "finished", "failed", "cycles")
    await start(dut, **dict.fromkeys([*host, *memory, *engine], 0))
    master = Master(dut, pauses=pauses)
    await master.set(PREFETCH=RUN // 2)
    return master


async def whole_job(master: Master, *, length: int, output: int, extra: int) -> None:
    inputs = random.randbytes(length)
    source, target, other = (8 * random.randrange(1 << 20) + base for base in (1 << 24, 1 << 33, 1 << 34))
    await master.memory.write(source, inputs)
    offset = 4 * random.randrange((4 * WORDS - length) // 4)
    await master.region("INPUT", source, offset, length)
    at = 8 * random.randrange((4 * WORDS - output) // 8)
    await master.region("OUTPUT", target, at, output)
    await master.region("EXTRA", other, 0, extra)
    await master.push()
    await master.quiet()
    assert master.activations.bytes(offset, length) == inputs
    assert await master.memory.read(target, output) == master.activations.bytes(at, output)
    assert await master.memory.read(other, extra) == master.activations.bytes(0, extra)


@cocotb.test()
async def jobs_of_many_sizes(dut):
    master = await begin(dut)
    for count in range(12):
        await whole_job(
            master, length=8 * random.randrange(1, 200), output=8 * random.randrange(1, 40), extra=8 * count
        )
    assert await master.get("JOBS_DONE") == 12
    assert (await master.status())["MOVING"] == 0


@cocotb.test()
async def jobs_with_pauses_on_every_channel(dut):
    master = await begin(dut, pauses=0.4)
    for _ in range(8):
        await whole_job(master, length=8 * random.randrange(1, 200), output=8 * random.randrange(1, 40), extra=16)


@cocotb.test()
async def jobs_back_to_back(dut):
    """Two are always pending; each takes its own regions."""
    master = await begin(dut, pauses=0.2)
    inputs = [random.randbytes(256) for _ in range(10)]
    for place, content in enumerate(inputs):
        await master.memory.write(0x10000 * place, content)
    for place in range(10):
        while (await master.status())["PENDING"] == 2:
            await cycle(dut)
        await master.region("INPUT", 0x10000 * place, 0, 256)
        await master.region("OUTPUT", 0x10000 * place + 0x8000, 0, 256)
        await master.push()
    await master.quiet()
    assert await master.get("JOBS_DONE") == 10
    # what stands there when a run ends is its own input, or the next one's as far as that has been fetched
    for place, content in enumerate(inputs):
        stored = await master.memory.read(0x10000 * place + 0x8000, 256)
        after = inputs[place + 1] if place < 9 else content
        assert all(byte in (own, then) for byte, own, then in zip(stored, content, after, strict=True))


@cocotb.test()
async def an_address_where_nothing_answers_is_an_error(dut):
    master = await begin(dut)
    for name, address in (("FETCH_ERROR", "INPUT"), ("STORE_ERROR", "OUTPUT")):
        for region in ("INPUT", "OUTPUT", "EXTRA"):
            await master.region(region, 0x1000, 0, 16)
        await master.region(address, BAD + 0x1000, 0, 64)
        await master.push()
        await master.quiet()
        status = await master.status()
        assert [error for error in ("FETCH_ERROR", "STORE_ERROR", "RUN_ERROR") if status[error]] == [name]
        dut.reset_engine.value = 1
        await cycle(dut)
        dut.reset_engine.value = 0
        assert not any((await master.status()).values())


@cocotb.test()
async def a_reset_in_the_middle_leaves_memory_whole_and_the_next_job_right(dut):
    master = await begin(dut, pauses=0.2)
    for wait in (3, 20, 60, 130, 220, 320):
        await master.region("INPUT", 0x1000, 0, 1024)
        await master.region("OUTPUT", 0x9000, 0, 1024)
        await master.push()
        await master.push()
        await cycles(dut, wait)
        dut.reset_engine.value = 1
        await cycle(dut)
        dut.reset_engine.value = 0
        assert (await master.status())["PENDING"] == 0
        while (await master.status())["MOVING"]:
            await cycle(dut)
        await whole_job(master, length=128, output=64, extra=8)


@cocotb.test()
async def the_interrupt_comes_with_the_last_acknowledgement(dut):
    master = await begin(dut)
    await master.set(IRQ_ENABLE=1)
    await master.region("OUTPUT", 0x9000, 0, 64)
    await master.push()
    while not int(dut.irq.value):
        await cycle(dut)
    assert await master.memory.read(0x9000, 64) == master.activations.bytes(0, 64)
    assert await master.get("JOBS_DONE") == 1
