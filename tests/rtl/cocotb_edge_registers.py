"""edge_registers: what it says of the overlay, and the life of a run."""

from __future__ import annotations

import cocotb

from edge_runtime.compiler.host_interface import host_interface
from rtl.clocking import cycle, cycles, parameters, start
from rtl.wordbus import WordBus

INTERFACE = host_interface()
WRITABLE = {"CONTROL", "IRQ_ENABLE", "IRQ_STATUS", "HEAD_BANK", "ENTRY"}


class Host:
    """The registers by name."""

    def __init__(self, dut) -> None:
        self._bus = WordBus(dut, prefix="")

    async def read(self, name: str) -> int:
        word, failed = await self._bus.read(INTERFACE.registers[name].offset // 4)
        assert not failed
        return word

    async def write(self, name: str, word: int) -> bool:
        return await self._bus.write(INTERFACE.registers[name].offset // 4, word)

    async def status(self) -> dict[str, int]:
        word = await self.read("STATUS")
        return {field.name: field.get(word) for field in INTERFACE.registers["STATUS"].fields.values()}


async def begin(dut) -> Host:
    bus = ("wr_valid", "wr_addr", "wr_data", "rd_valid", "rd_addr")
    await start(dut, **dict.fromkeys([*bus, "job_start", "finished", "failed", "failed_index"], 0))
    return Host(dut)


async def finish(dut, *, failed: int = 0, index: int = 0) -> None:
    dut.finished.value, dut.failed.value, dut.failed_index.value = 1, failed, index
    await cycle(dut)
    dut.finished.value = dut.failed.value = 0
    await cycle(dut)


@cocotb.test()
async def it_says_what_it_is(dut):
    host = await begin(dut)
    given = parameters()
    assert await host.read("MAGIC") == INTERFACE.magic
    assert await host.read("VERSION") == INTERFACE.version
    word = await host.read("ARRAY")
    shape = {field.name: field.get(word) for field in INTERFACE.registers["ARRAY"].fields.values()}
    assert shape == {name: given[name] for name in ("K_LANES", "OC_LANES", "REQUANT_LANES", "PACKED")}
    word = await host.read("VECTOR")
    shape = {field.name: field.get(word) for field in INTERFACE.registers["VECTOR"].fields.values()}
    assert shape == {name: given[name] for name in ("VEC_LANES", "ROW_BUFFER_BYTES")}
    for name in (
        "VEC_WEIGHT_ROWS",
        "VEC_PARAM_CHANNELS",
        "TABLE_PAIRS",
        "ACT_BYTES",
        "WEIGHT_ROWS",
        "PARAM_CHANNELS",
        "DESCRIPTORS",
    ):
        assert await host.read(name) == given[name]


@cocotb.test()
async def only_what_can_be_written_is_written(dut):
    host = await begin(dut)
    for name in INTERFACE.own_registers:
        assert await host.write(name, 0) == (name not in WRITABLE)
    _, failed = await WordBus(dut, prefix="").read(0x3FF)
    assert failed


@cocotb.test()
async def a_run_from_start_to_interrupt(dut):
    host = await begin(dut)
    await host.write("ENTRY", 5)
    await host.write("HEAD_BANK", 1)
    await cycle(dut)
    assert (int(dut.entry.value), int(dut.bank.value)) == (5, 1)
    await host.write("IRQ_ENABLE", 1)
    await host.write("CONTROL", 1)
    await host.write("HEAD_BANK", 0)  # for the next run: this one has its bank already
    assert await host.status() == {"BUSY": 1, "DONE": 0, "ERROR": 0, "BANK": 1}
    assert not int(dut.irq.value)
    await finish(dut)
    assert int(dut.irq.value)
    assert await host.status() == {"BUSY": 0, "DONE": 1, "ERROR": 0, "BANK": 1}
    assert await host.read("RUNS") == 1
    await host.write("IRQ_STATUS", 0)
    await cycle(dut)
    assert int(dut.irq.value)
    await host.write("IRQ_STATUS", 1)
    await cycle(dut)
    assert not int(dut.irq.value)


@cocotb.test()
async def cycles_count_from_start_to_the_end(dut):
    host = await begin(dut)
    dut.wr_addr.value, dut.wr_data.value, dut.wr_valid.value = INTERFACE.registers["CONTROL"].offset // 4, 1, 1
    await cycle(dut)  # the cycle of START
    assert int(dut.start.value)
    dut.wr_valid.value = 0
    await cycles(dut, 41)
    assert int(dut.cycles.value) == 40
    await finish(dut)
    counted = int(dut.cycles.value)
    assert counted == 41
    await cycles(dut, 10)
    assert await host.read("CYCLES") == counted


@cocotb.test()
async def start_means_nothing_while_busy(dut):
    host = await begin(dut)
    await host.write("CONTROL", 1)
    await cycles(dut, 5)
    dut.wr_addr.value, dut.wr_data.value, dut.wr_valid.value = INTERFACE.registers["CONTROL"].offset // 4, 1, 1
    await cycle(dut)
    assert not int(dut.start.value)
    dut.wr_valid.value = 0


async def begin_job(dut, name: str, word: int) -> tuple[int, int]:
    """Let a job begin its run in the cycle of a write; return `start` and `reset_engine` of that cycle."""
    dut.wr_addr.value, dut.wr_data.value = INTERFACE.registers[name].offset // 4, word
    dut.wr_valid.value = dut.job_start.value = 1
    await cycle(dut)
    begun = int(dut.start.value), int(dut.reset_engine.value)
    dut.wr_valid.value = dut.job_start.value = 0
    return begun


@cocotb.test()
async def a_job_begins_a_run_beside_any_write(dut):
    host = await begin(dut)
    assert await begin_job(dut, "IRQ_ENABLE", 1) == (1, 0)
    assert await host.read("IRQ_ENABLE") == 1
    assert (await host.status())["BUSY"] == 1
    await finish(dut)
    assert await begin_job(dut, "CONTROL", 1) == (1, 0), "one run, whoever began it"
    await finish(dut)
    assert await host.read("RUNS") == 2
    assert await begin_job(dut, "CONTROL", 2) == (0, 1), "a reset goes before"
    assert (await host.status())["BUSY"] == 0


@cocotb.test()
async def a_failed_run_says_where(dut):
    host = await begin(dut)
    await host.write("CONTROL", 1)
    await finish(dut, failed=1, index=3)
    assert await host.status() == {"BUSY": 0, "DONE": 1, "ERROR": 1, "BANK": 0}
    assert await host.read("ERROR_DESCRIPTOR") == 3
    await host.write("CONTROL", 1)
    assert (await host.status())["ERROR"] == 0
    await finish(dut, index=9)
    assert (await host.status())["ERROR"] == 0
    assert await host.read("ERROR_DESCRIPTOR") == 3, "of the last run that failed"


@cocotb.test()
async def a_reset_ends_a_run_without_an_interrupt(dut):
    host = await begin(dut)
    await host.write("IRQ_ENABLE", 1)
    await host.write("CONTROL", 1)
    await cycles(dut, 3)
    await host.write("CONTROL", 2)
    await cycle(dut)
    assert await host.status() == {"BUSY": 0, "DONE": 0, "ERROR": 0, "BANK": 0}
    assert not int(dut.irq.value)
    dut.wr_addr.value, dut.wr_data.value, dut.wr_valid.value = INTERFACE.registers["CONTROL"].offset // 4, 3, 1
    await cycle(dut)
    assert int(dut.reset_engine.value)
    assert not int(dut.start.value), "both at once: no start"
    dut.wr_valid.value = 0
    assert (await host.status())["BUSY"] == 0


@cocotb.test()
async def the_interrupt_line_needs_its_enable(dut):
    host = await begin(dut)
    await host.write("CONTROL", 1)
    await finish(dut)
    assert await host.read("IRQ_STATUS") == 1
    assert not int(dut.irq.value)
    await host.write("IRQ_ENABLE", 1)
    await cycle(dut)
    assert int(dut.irq.value)
    await host.write("CONTROL", 1)  # a new run leaves the interrupt of the last one for the host to clear
    await cycle(dut)
    assert int(dut.irq.value)
    await host.write("CONTROL", 2)
    await cycle(dut)
    assert not int(dut.irq.value)
    assert await host.read("IRQ_ENABLE") == 1, "a reset of the engine leaves the host's settings"
    assert await host.read("RUNS") == 1
