"""edge_overlay_axi between an AXI4-Lite master and a memory: networks as jobs, exact in bits and engine cycles."""

from __future__ import annotations

import itertools
import random

import cocotb
from cocotb.triggers import First, RisingEdge, Timer
from cocotb.utils import get_sim_time
from cocotbext.axi import AxiBus, AxiRam

from rtl.axi_memory import BurstRules
from rtl.clocking import cycle, cycles
from rtl.cocotb_edge_overlay import INTERFACE, Overlay

SIZE = 1 << 16
REGISTERS = list(INTERFACE.windows).index("REGISTERS")
ALONE_NS = 40  # a write that nothing holds up


class Memory:
    """The processor's memory, with inputs and places for outputs."""

    def __init__(self, dut, *, pauses: float) -> None:
        self.ram = AxiRam(AxiBus.from_prefix(dut, "m_axi"), dut.clk, dut.rst, size=SIZE)
        write, read = self.ram.write_if, self.ram.read_if
        for channel in (write.aw_channel, write.w_channel, write.b_channel, read.ar_channel, read.r_channel):
            channel.log.setLevel("WARNING")
            if pauses:
                channel.set_pause_generator(random.random() < pauses for _ in itertools.count())
        for side in (write, read):
            side.log.setLevel("WARNING")
        self.rules = BurstRules(dut)


async def begin(dut, *, pauses: float = 0.0) -> tuple[Overlay, Memory]:
    overlay = Overlay(dut, axi_master=True)
    await overlay.begin(pauses=pauses)
    memory = Memory(dut, pauses=pauses)
    await overlay.load()
    await overlay.write("ACTIVATIONS", 0, bytes(overlay.network.overlay.act_bytes))  # regions are whole beats
    await overlay.set_register("IRQ_ENABLE", 0)
    await overlay.set_register("JOB_IRQ_ENABLE", 1)
    await overlay.set_register("JOB_PREFETCH", overlay.network.part.prefetch)
    assert overlay.network.part.prefetch, "there is something to show"
    return overlay, memory


async def push(overlay: Overlay, source: int, inputs: bytes, target: int, outputs: int) -> None:
    regions = {
        "INPUT": (source, overlay.network.input_address, -(-len(inputs) // 8) * 8),
        "OUTPUT": (target, overlay.network.output_address // 8 * 8, -(-outputs // 8) * 8 + 8),
    }
    for name in ("INPUT", "OUTPUT", "EXTRA"):
        address, offset, length = regions.get(name, (0, 0, 0))
        for part, value in zip(
            ("ADDRESS", "ADDRESS_HIGH", "OFFSET", "BYTES"), (address, 0, offset, length), strict=True
        ):
            await overlay.set_register(f"JOB_{name}_{part}", value)
    await overlay.set_register("JOB_CONTROL", 1)


async def finish(overlay: Overlay) -> None:
    if not int(overlay.dut.irq.value):
        await First(RisingEdge(overlay.dut.irq), Timer(200, "us"))
    assert int(overlay.dut.irq.value)
    await overlay.set_register("JOB_IRQ_STATUS", 1)


async def check_job(overlay: Overlay, memory: Memory, place: int) -> None:
    inputs, outputs = overlay.network.draw()
    source, target = 0x2000 * place, 0x2000 * place + 0x1000
    memory.ram.write(source, inputs)
    await push(overlay, source, inputs, target, len(outputs))
    await finish(overlay)
    first = overlay.network.output_address % 8
    assert memory.ram.read(target + first, len(outputs)) == outputs
    assert await overlay.register("JOB_RUN_CYCLES") == overlay.network.program.cycles
    assert await overlay.register("JOB_CYCLES") > overlay.network.program.cycles


@cocotb.test()
async def a_network_as_a_job(dut):
    overlay, memory = await begin(dut)
    for place in range(3):
        await check_job(overlay, memory, place)
    assert await overlay.register("JOBS_DONE") == 3
    assert await overlay.register("JOB_STATUS") == 0
    whole, run = await overlay.register("JOB_CYCLES"), await overlay.register("JOB_RUN_CYCLES")
    assert whole <= run + 120, "a small network's transfers take few cycles"


@cocotb.test()
async def the_same_with_pauses_on_every_channel(dut):
    overlay, memory = await begin(dut, pauses=0.4)
    for place in range(3):
        await check_job(overlay, memory, place)


@cocotb.test()
async def two_jobs_at_a_time(dut):
    overlay, memory = await begin(dut, pauses=0.2)
    drawn = [overlay.network.draw() for _ in range(6)]
    for place, (inputs, _) in enumerate(drawn):
        memory.ram.write(0x2000 * place, inputs)
    for place, (inputs, outputs) in enumerate(drawn):
        if place > 1:
            while await overlay.register("JOBS_DONE") < place - 1:
                pass
        await push(overlay, 0x2000 * place, inputs, 0x2000 * place + 0x1000, len(outputs))
    while await overlay.register("JOBS_DONE") < len(drawn):
        pass
    first = overlay.network.output_address % 8
    for place, (_, outputs) in enumerate(drawn):
        assert memory.ram.read(0x2000 * place + 0x1000 + first, len(outputs)) == outputs
    assert await overlay.register("JOB_RUN_CYCLES") == overlay.network.program.cycles


@cocotb.test()
async def runs_of_the_hosts_and_jobs_take_turns(dut):
    overlay, memory = await begin(dut)
    await check_job(overlay, memory, 0)
    await overlay.set_register("IRQ_ENABLE", 1)
    await overlay.set_register("IRQ_STATUS", 1)
    assert await overlay.infer() == overlay.network.program.cycles
    await overlay.set_register("IRQ_ENABLE", 0)
    await check_job(overlay, memory, 1)


class Meetings:
    """Counts the cycles in which a job begins its run and the host writes a register."""

    def __init__(self, dut) -> None:
        self.count = 0
        cocotb.start_soon(self._watch(dut))

    async def _watch(self, dut) -> None:
        while True:
            await cycle(dut)
            self.count += int(dut.job_start.value) and int(dut.wr_go.value) >> REGISTERS & 1


@cocotb.test()
async def a_write_of_the_hosts_and_a_job_that_begins_its_run_meet(dut):
    overlay, memory = await begin(dut)
    inputs, outputs = overlay.network.draw()
    memory.ram.write(0, inputs)
    meetings = Meetings(dut)
    for place in range(6):
        await push(overlay, 0, inputs, 0x1000, len(outputs))
        await cycles(dut, place)  # so that in one of the jobs a write comes in the very cycle
        for word in (1, 0) * 8:
            met, began = meetings.count, get_sim_time("ns")
            await overlay.set_register("IRQ_ENABLE", word)
            assert get_sim_time("ns") - began <= ALONE_NS
            if meetings.count > met:
                assert await overlay.register("IRQ_ENABLE") == word
        while await overlay.register("JOBS_DONE") <= place:
            pass
        assert await overlay.register("JOB_RUN_CYCLES") == overlay.network.program.cycles
    assert meetings.count


@cocotb.test()
async def a_reset_forgets_jobs(dut):
    overlay, memory = await begin(dut, pauses=0.3)
    inputs, outputs = overlay.network.draw()
    for _ in range(3):
        await push(overlay, 0, inputs, 0x1000, len(outputs))
        await push(overlay, 0, inputs, 0x1000, len(outputs))
        await overlay.set_register("CONTROL", 2)
        while await overlay.register("JOB_STATUS"):
            pass
        await check_job(overlay, memory, 2)
