"""edge_job_registers: regions as they are written, what came of jobs, and their interrupt."""

from __future__ import annotations

import random

import cocotb

from edge_runtime.compiler.host_interface import host_interface
from rtl.clocking import cycle, start
from rtl.wordbus import WordBus

REGISTERS = host_interface().job_registers
READ_ONLY = {name for name, register in REGISTERS.items() if register.access == "ro"}
REGIONS = ("INPUT", "OUTPUT", "EXTRA")


class Host:
    """The registers by name."""

    def __init__(self, dut) -> None:
        self._bus = WordBus(dut, prefix="")

    async def read(self, name: str) -> int:
        word, failed = await self._bus.read(REGISTERS[name].offset // 4 % 1024)
        assert not failed
        return word

    async def write(self, name: str, word: int) -> bool:
        return await self._bus.write(REGISTERS[name].offset // 4 % 1024, word)


async def begin(dut) -> Host:
    inputs = ("wr_valid", "wr_addr", "wr_data", "rd_valid", "rd_addr", "reset_engine", "pending", "moving")
    results = ("fetch_error", "store_error", "run_error", "done", "done_cycles", "done_period", "done_run_cycles")
    await start(dut, **dict.fromkeys([*inputs, *results], 0))
    return Host(dut)


def region(dut, name: str) -> tuple[int, int, int]:
    """Return a region's address, first word and beats."""
    value = int(getattr(dut, f"{name.lower()}_region").value)
    return value & (1 << 40) - 1, value >> 40 & 0xFFF, value >> 52


@cocotb.test()
async def regions_are_what_was_written(dut):
    host = await begin(dut)
    for _ in range(3):
        words = {}
        for name in REGIONS:
            words[name] = random.getrandbits(40), random.getrandbits(14), random.getrandbits(15)
            address, offset, length = words[name]
            await host.write(f"JOB_{name}_ADDRESS", address & 0xFFFFFFFF)
            await host.write(f"JOB_{name}_ADDRESS_HIGH", address >> 32)
            await host.write(f"JOB_{name}_OFFSET", offset)
            await host.write(f"JOB_{name}_BYTES", length)
        await cycle(dut)
        for name, (address, offset, length) in words.items():
            assert region(dut, name) == (address & ~7, offset // 4, length // 8)
            assert await host.read(f"JOB_{name}_ADDRESS") == address & 0xFFFFFFF8
            assert await host.read(f"JOB_{name}_ADDRESS_HIGH") == address >> 32
            assert await host.read(f"JOB_{name}_OFFSET") == offset & ~3
            assert await host.read(f"JOB_{name}_BYTES") == length & ~7


@cocotb.test()
async def only_what_can_be_written_is_written(dut):
    host = await begin(dut)
    for name in REGISTERS:
        assert await host.write(name, 0) == (name in READ_ONLY)
    _, failed = await WordBus(dut, prefix="").read(0x20)
    assert failed
    assert await WordBus(dut, prefix="").write(0x3FF, 0)


@cocotb.test()
async def it_says_that_it_is_there_and_keeps_the_cycle_of_prefetches(dut):
    host = await begin(dut)
    assert await host.read("JOB_MAGIC") == host_interface().jobs_magic
    assert await host.read("JOB_PREFETCH") == 0
    await host.write("JOB_PREFETCH", 0xFEDCBA98)
    await cycle(dut)
    assert await host.read("JOB_PREFETCH") == int(dut.prefetch.value) == 0xFEDCBA98


@cocotb.test()
async def push_is_one_cycle(dut):
    host = await begin(dut)
    pushes = []

    async def count() -> None:
        while True:
            await cycle(dut)
            pushes.append(int(dut.push.value))

    cocotb.start_soon(count())
    await host.write("JOB_CONTROL", 1)
    await host.write("JOB_CONTROL", 0)
    await host.write("JOB_INPUT_BYTES", 1)
    await cycle(dut)
    assert sum(pushes) == 1


@cocotb.test()
async def what_came_of_a_job(dut):
    host = await begin(dut)
    await host.write("JOB_IRQ_ENABLE", 1)
    for count in (1, 2):
        dut.done_cycles.value, dut.done_period.value, dut.done_run_cycles.value = 1000 + count, 900 + count, 800 + count
        dut.done.value = 1
        await cycle(dut)
        dut.done.value = dut.done_cycles.value = 0
        await cycle(dut)
        assert int(dut.irq.value)
        assert await host.read("JOBS_DONE") == count
        assert await host.read("JOB_CYCLES") == 1000 + count
        assert await host.read("JOB_PERIOD") == 900 + count
        assert await host.read("JOB_RUN_CYCLES") == 800 + count
        await host.write("JOB_IRQ_STATUS", 0)
        await cycle(dut)
        assert int(dut.irq.value)
        await host.write("JOB_IRQ_STATUS", 1)
        await cycle(dut)
        assert not int(dut.irq.value)


@cocotb.test()
async def status_and_reset(dut):
    host = await begin(dut)
    for name in ("moving", "fetch_error", "store_error", "run_error"):
        getattr(dut, name).value = 1
        word = await host.read("JOB_STATUS")
        assert {field.name for field in REGISTERS["JOB_STATUS"].fields.values() if field.get(word)} == {name.upper()}
        getattr(dut, name).value = 0
    dut.pending.value = 2
    assert await host.read("JOB_STATUS") == 2
    dut.done.value = 1
    await cycle(dut)
    dut.done.value = 0
    assert await host.read("JOB_IRQ_STATUS") == 1
    assert not int(dut.irq.value), "the line needs its enable"
    dut.reset_engine.value = 1
    await cycle(dut)
    dut.reset_engine.value = 0
    assert await host.read("JOB_IRQ_STATUS") == 0
