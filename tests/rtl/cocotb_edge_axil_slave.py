"""edge_axil_slave between an independent AXI4-Lite master and a slow, moody word bus."""

from __future__ import annotations

import itertools
import logging
import random

import cocotb
from cocotb.triggers import Combine, NextTimeStep, ReadOnly, RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp

from rtl.clocking import cycle, parameters, start

WORDS = 64
FORBIDDEN = range(WORDS - 4, WORDS)  # words that the bus calls an error
assert 1 << parameters()["ADDR_WIDTH"] >= 4 * WORDS


class Bus:
    """The word bus's other side: a memory that takes its time and checks the protocol."""

    def __init__(self, dut, eager: bool) -> None:
        self._dut = dut
        self._eager = eager
        self.memory = bytearray(4 * WORDS)
        self.writes = 0

    async def serve_writes(self) -> None:
        dut = self._dut
        held = None
        while True:
            ready = self._eager or random.random() < 0.3
            dut.wr_ready.value = int(ready)
            await cycle(dut)
            asked = (
                (int(dut.wr_addr.value), int(dut.wr_data.value), int(dut.wr_strb.value))
                if int(dut.wr_valid.value)
                else None
            )
            assert held is None or held == asked, "wr_valid and what belongs to it hold until wr_ready"
            held = asked if asked and not ready else None
            if asked and ready:
                self._write(*asked)

    def _write(self, word: int, data: int, strobes: int) -> None:
        self.writes += 1
        for byte in range(4):
            if strobes >> byte & 1 and word not in FORBIDDEN:
                self.memory[4 * word + byte] = data >> 8 * byte & 0xFF

    async def serve_reads(self) -> None:
        dut = self._dut
        while True:
            dut.rd_ready.value = int(self._eager or random.random() < 0.3)
            await cycle(dut)
            if not (int(dut.rd_valid.value) and int(dut.rd_ready.value)):
                continue
            word = int(dut.rd_addr.value)
            dut.rd_ready.value = 0
            for _ in range(0 if self._eager else random.randrange(5)):
                await cycle(dut)
                assert not int(dut.rd_valid.value), "one read at a time"
            dut.rd_data.value = int.from_bytes(self.memory[4 * word : 4 * word + 4], "little")
            dut.rd_error.value = int(word in FORBIDDEN)
            dut.rd_data_valid.value = 1
            await cycle(dut)
            dut.rd_data_valid.value = 0


async def answer_write_errors(dut) -> None:
    """Keep `wr_error` at what the address on the bus deserves; the address holds for a cycle before it is taken."""
    while True:
        await ReadOnly()
        forbidden = int(dut.wr_valid.value) and int(dut.wr_addr.value) in FORBIDDEN
        await NextTimeStep()
        dut.wr_error.value = int(forbidden)
        await RisingEdge(dut.clk)


async def begin(dut, *, eager: bool, idle: float, pressure: float) -> tuple[AxiLiteMaster, Bus]:
    await start(dut, wr_ready=0, wr_error=0, rd_ready=0, rd_data_valid=0, rd_error=0, rd_data=0)
    logging.getLogger(f"cocotb.{dut._name}").setLevel(logging.WARNING)
    master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), dut.clk, dut.rst)
    channels = (
        (master.write_if.aw_channel, idle),
        (master.write_if.w_channel, idle),
        (master.read_if.ar_channel, idle),
        (master.write_if.b_channel, pressure),
        (master.read_if.r_channel, pressure),
    )
    for channel, chance in channels:
        if chance:
            channel.set_pause_generator(random.random() < chance for _ in itertools.count())
    bus = Bus(dut, eager)
    cocotb.start_soon(bus.serve_writes())
    cocotb.start_soon(bus.serve_reads())
    cocotb.start_soon(answer_write_errors(dut))
    return master, bus


async def write_and_read(master: AxiLiteMaster, model: bytearray, words: range, count: int) -> None:
    """Random blocks, aligned or not, over words of one's own."""
    first, size = 4 * words.start, 4 * len(words)
    for _ in range(count):
        offset = random.randrange(size)
        length = random.randint(1, min(20, size - offset))
        if random.getrandbits(1):
            data = random.randbytes(length)
            answer = await master.write(first + offset, data)
            assert answer.resp == AxiResp.OKAY
            model[first + offset : first + offset + length] = data
        else:
            answer = await master.read(first + offset, length)
            assert answer.resp == AxiResp.OKAY
            assert answer.data == bytes(model[first + offset : first + offset + length])


async def stress(dut, *, eager: bool, idle: float, pressure: float, count: int = 60) -> None:
    """Two users at once, each on words of its own; nothing is left over at the end."""
    master, bus = await begin(dut, eager=eager, idle=idle, pressure=pressure)
    model = bytearray(4 * WORDS)
    parts = (range(0, 20), range(20, 40))
    await Combine(*(cocotb.start_soon(write_and_read(master, model, part, count)) for part in parts))
    assert bus.memory == model
    for _ in range(30):
        await cycle(dut)
        assert not int(dut.s_axil_bvalid.value)
        assert not int(dut.s_axil_rvalid.value)
        assert not int(dut.wr_valid.value)
        assert not int(dut.rd_valid.value)


@cocotb.test()
async def at_full_speed(dut):
    await stress(dut, eager=True, idle=0.0, pressure=0.0)


@cocotb.test()
async def with_a_slow_bus(dut):
    await stress(dut, eager=False, idle=0.0, pressure=0.0)


@cocotb.test()
async def with_idle_cycles(dut):
    await stress(dut, eager=True, idle=0.6, pressure=0.0)


@cocotb.test()
async def with_back_pressure(dut):
    await stress(dut, eager=True, idle=0.0, pressure=0.7)


@cocotb.test()
async def with_all_of_it(dut):
    await stress(dut, eager=False, idle=0.5, pressure=0.5, count=120)


@cocotb.test()
async def errors_are_answered_with_slverr(dut):
    master, bus = await begin(dut, eager=False, idle=0.3, pressure=0.3)
    for word in [*FORBIDDEN, 0, *FORBIDDEN, 1]:
        expected = AxiResp.SLVERR if word in FORBIDDEN else AxiResp.OKAY
        assert (await master.write(4 * word, b"abcd")).resp == expected
        assert (await master.read(4 * word, 4)).resp == expected
    assert bytes(bus.memory[:8]) == b"abcdabcd"


@cocotb.test()
async def a_reset_forgets_what_was_under_way(dut):
    await start(dut, wr_ready=0, wr_error=0, rd_ready=0, rd_data_valid=0, rd_error=0, rd_data=0)
    for name in ("awvalid", "wvalid", "arvalid"):
        getattr(dut, f"s_axil_{name}").value = 1
    for _ in range(4):
        await cycle(dut)
    assert int(dut.wr_valid.value)
    assert int(dut.rd_valid.value)
    for name in ("awvalid", "wvalid", "arvalid"):
        getattr(dut, f"s_axil_{name}").value = 0
    dut.rst.value = 1
    await cycle(dut)
    dut.rst.value = 0
    await cycle(dut)
    for signal in (dut.wr_valid, dut.rd_valid, dut.s_axil_bvalid, dut.s_axil_rvalid):
        assert not int(signal.value)
    assert int(dut.s_axil_awready.value)
    assert int(dut.s_axil_arready.value)


@cocotb.test()
async def a_reset_forgets_a_read_that_the_bus_has_taken(dut):
    await start(dut, wr_ready=0, wr_error=0, rd_ready=1, rd_data_valid=0, rd_error=0, rd_data=0)
    dut.s_axil_arvalid.value = 1
    await cycle(dut)
    dut.s_axil_arvalid.value = 0
    for _ in range(3):
        await cycle(dut)
    assert not int(dut.s_axil_arready.value), "one read at a time"
    dut.rst.value = 1
    await cycle(dut)
    dut.rst.value = 0
    dut.rd_data_valid.value = 1  # too late: nobody waits for it any more
    await cycle(dut)
    dut.rd_data_valid.value = 0
    for _ in range(2):
        await cycle(dut)
        assert not int(dut.s_axil_rvalid.value)
        assert int(dut.s_axil_arready.value)
