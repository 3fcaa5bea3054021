"""edge_axil_master in front of an independent AXI4-Lite memory that takes its time."""

from __future__ import annotations

import itertools
import logging
import random

import cocotb
from cocotbext.axi import AxiLiteBus, AxiLiteRam, AxiLiteSlave, AxiResp, Region

from rtl.clocking import cycle, cycles, start

BYTES = 256


class Forbidden(Region):
    """Answers every access with an error."""

    def __init__(self) -> None:
        super().__init__(4096)

    async def _read(self, address: int, length: int, **_: object) -> bytes:
        raise RuntimeError("nothing is here")

    async def _write(self, address: int, data: bytes, **_: object) -> None:
        raise RuntimeError("nothing is here")


async def begin(dut) -> None:
    await start(dut, cmd_valid=0, cmd_write=0, cmd_addr=0, cmd_data=0)
    logging.getLogger(f"cocotb.{dut._name}").setLevel(logging.CRITICAL)


def pause(slave, chance: float) -> None:
    channels = (
        slave.write_if.aw_channel,
        slave.write_if.w_channel,
        slave.write_if.b_channel,
        slave.read_if.ar_channel,
        slave.read_if.r_channel,
    )
    for channel in channels:
        channel.set_pause_generator(random.random() < chance for _ in itertools.count())


async def access(dut, address: int, data: int | None = None) -> tuple[int, int]:
    """Read or write a word; return what came back, and whether it was an error."""
    dut.cmd_valid.value, dut.cmd_write.value = 1, int(data is not None)
    dut.cmd_addr.value, dut.cmd_data.value = address // 4, data or 0
    await cycle(dut)
    while not int(dut.cmd_ready.value):
        await cycle(dut)
    dut.cmd_valid.value, dut.cmd_addr.value, dut.cmd_data.value = 0, 0, 0
    await cycle(dut)
    while not int(dut.rsp_valid.value):
        assert not int(dut.cmd_ready.value), "one word at a time"
        await cycle(dut)
    answer = int(dut.rsp_data.value), int(dut.rsp_error.value)
    await cycles(dut, random.randrange(3))
    return answer


async def mixed_traffic(dut, chance: float) -> None:
    await begin(dut)
    ram = AxiLiteRam(AxiLiteBus.from_prefix(dut, "m_axil"), dut.clk, dut.rst, size=BYTES)
    pause(ram, chance)
    model = [0] * (BYTES // 4)
    for _ in range(150):
        word = random.randrange(len(model))
        if random.getrandbits(1):
            model[word] = random.getrandbits(32)
            assert (await access(dut, 4 * word, model[word]))[1] == 0
        else:
            assert await access(dut, 4 * word) == (model[word], 0)
    assert ram.read(0, BYTES) == b"".join(word.to_bytes(4, "little") for word in model)


@cocotb.test()
async def with_an_eager_slave(dut):
    await mixed_traffic(dut, 0.0)


@cocotb.test()
async def with_a_slow_slave(dut):
    await mixed_traffic(dut, 0.7)


@cocotb.test()
async def errors_come_back(dut):
    await begin(dut)
    slave = AxiLiteSlave(AxiLiteBus.from_prefix(dut, "m_axil"), dut.clk, dut.rst, target=Forbidden())
    pause(slave, 0.4)
    for _ in range(10):
        assert (await access(dut, 8, 1))[1] == 1
        assert (await access(dut, 8))[1] == 1
    assert AxiResp.OKAY == 0


@cocotb.test()
async def a_reset_gives_up_what_was_under_way(dut):
    await begin(dut)
    for name in ("awready", "wready", "bvalid", "bresp", "arready", "rvalid", "rresp", "rdata"):
        getattr(dut, f"m_axil_{name}").value = 0
    for write in (0, 1):
        dut.cmd_valid.value, dut.cmd_write.value = 1, write
        await cycle(dut)
        dut.cmd_valid.value = 0
        await cycles(dut, 2)
        assert int(dut.m_axil_arvalid.value) or int(dut.m_axil_awvalid.value)
        dut.rst.value = 1
        await cycle(dut)
        dut.rst.value = 0
        await cycle(dut)
        assert not int(dut.m_axil_arvalid.value)
        assert not int(dut.m_axil_awvalid.value)
        assert not int(dut.m_axil_wvalid.value)
        assert int(dut.cmd_ready.value)
