"""edge_frame_encoder against the host's own encoder: the very same characters."""

from __future__ import annotations

import random

import cocotb

from edge_runtime.accelerator.bus.uart_frames import encode_frame
from rtl.clocking import cycle, cycles, start


async def gather(dut, said: bytearray, pressure: float) -> None:
    """Take characters when it pleases; what is offered holds until then."""
    held = None
    while True:
        dut.m_axis_tready.value = int(random.random() >= pressure)
        await cycle(dut)
        offered = int(dut.m_axis_tdata.value) if int(dut.m_axis_tvalid.value) else None
        assert held is None or offered == held, "valid holds with its data until ready"
        taken = offered is not None and int(dut.m_axis_tready.value)
        if taken:
            said.append(offered)
        held = None if taken else offered


async def offer(dut, content: bytes, idle: float) -> None:
    for place, value in enumerate(content):
        while random.random() < idle:
            await cycle(dut)
        dut.s_axis_tdata.value, dut.s_axis_tvalid.value = value, 1
        dut.s_axis_tlast.value = int(place == len(content) - 1)
        await cycle(dut)
        while not int(dut.s_axis_tready.value):
            await cycle(dut)
        dut.s_axis_tvalid.value = 0


async def run(dut, *, idle: float, pressure: float) -> None:
    said = bytearray()
    await start(dut, s_axis_tdata=0, s_axis_tvalid=0, s_axis_tlast=0, m_axis_tready=0)
    cocotb.start_soon(gather(dut, said, pressure))
    contents = [
        bytes(random.choices([0x7E, 0x7D, 0x5E, *range(0, 256, 37)], k=random.randint(1, 30))) for _ in range(30)
    ]
    for content in contents:
        await offer(dut, content, idle)
    await cycles(dut, 200)
    assert said == b"".join(encode_frame(content) for content in contents)


@cocotb.test()
async def at_full_speed(dut):
    await run(dut, idle=0.0, pressure=0.0)


@cocotb.test()
async def with_idle_cycles(dut):
    await run(dut, idle=0.6, pressure=0.0)


@cocotb.test()
async def with_back_pressure(dut):
    await run(dut, idle=0.0, pressure=0.7)


@cocotb.test()
async def with_both(dut):
    await run(dut, idle=0.5, pressure=0.5)


@cocotb.test()
async def a_reset_begins_anew(dut):
    await start(dut, s_axis_tdata=0, s_axis_tvalid=0, s_axis_tlast=0, m_axis_tready=1)
    await offer(dut, b"\x7d\x01"[:1], idle=0.0)
    dut.rst.value = 1
    await cycle(dut)
    dut.rst.value = 0
    said = bytearray()
    cocotb.start_soon(gather(dut, said, 0.3))
    await offer(dut, b"fresh", idle=0.3)
    await cycles(dut, 60)
    assert said == encode_frame(b"fresh")
