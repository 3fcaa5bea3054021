"""edge_uart_bridge between a serial line and an independent AXI4-Lite memory."""

from __future__ import annotations

import itertools
import logging
import random

import cocotb
from cocotbext.axi import AxiLiteBus, AxiLiteRam

from edge_runtime.accelerator.bus.uart_frames import FrameDecoder, encode_frame
from rtl.bridge_protocol import HELLO, READ, WRITE, Answer, parse_answer, request
from rtl.clocking import cycle, cycles, parameters, start
from rtl.serial_line import listen, say

CLOCKS = parameters()["CLOCK_HZ"] / parameters()["BAUD"]
BYTES = 8192
OKAY, REPEAT, NOTICE = 0, 2, 3


class Host:
    """The line's other end."""

    def __init__(self, dut) -> None:
        self._dut = dut
        self._heard = bytearray()
        self._frames = FrameDecoder()
        cocotb.start_soon(listen(dut, CLOCKS, self._heard))

    async def say(self, content: bytes) -> None:
        await say(self._dut, encode_frame(content), CLOCKS)

    async def answer(self) -> Answer:
        while True:
            heard, self._heard[:] = bytes(self._heard), b""
            found = self._frames.feed(heard)
            if found:
                assert len(found) == 1
                return parse_answer(found[0])
            await cycles(self._dut, 8)

    async def ask(self, content: bytes) -> Answer:
        await self.say(content)
        return await self.answer()


async def begin(dut, chance: float = 0.3) -> tuple[Host, AxiLiteRam]:
    await start(dut, rx=1, irq=0)
    logging.getLogger(f"cocotb.{dut._name}").setLevel(logging.WARNING)
    ram = AxiLiteRam(AxiLiteBus.from_prefix(dut, "m_axil"), dut.clk, dut.rst, size=BYTES)
    for channel in (ram.write_if.aw_channel, ram.write_if.b_channel, ram.read_if.r_channel):
        channel.set_pause_generator(random.random() < chance for _ in itertools.count())
    host = Host(dut)
    assert (await host.ask(request(9, HELLO))).status == OKAY
    return host, ram


@cocotb.test()
async def blocks_go_there_and_back(dut):
    host, ram = await begin(dut)
    model = bytearray(BYTES)
    for number in range(10, 26):
        size = 4 * random.randint(1, 24)
        address = 4 * random.randrange((BYTES - size) // 4)
        if random.getrandbits(1):
            model[address : address + size] = random.choices([0x7E, 0x7D, *range(256)], k=size)
            answer = await host.ask(request(number, WRITE, address, bytes(model[address : address + size])))
            assert answer.payload == b""
        else:
            answer = await host.ask(request(number, READ, address, count=size // 4))
            assert answer.payload == model[address : address + size]
        assert (answer.number, answer.status, answer.irq) == (number, OKAY, 0)
    assert ram.read(0, BYTES) == model


@cocotb.test()
async def the_longest_block(dut):
    host, ram = await begin(dut)
    data = random.randbytes(1024)
    assert (await host.ask(request(10, WRITE, 1024, data))).status == OKAY
    assert ram.read(1024, 1024) == data
    assert (await host.ask(request(11, READ, 1024, count=256))).payload == data


@cocotb.test()
async def requests_may_follow_each_other_without_waiting(dut):
    host, ram = await begin(dut)
    numbers = range(10, 22)
    saying = cocotb.start_soon(
        say(dut, b"".join(encode_frame(request(n, WRITE, 4 * n, n.to_bytes(4, "little"))) for n in numbers), CLOCKS)
    )
    for number in numbers:
        answer = await host.answer()
        assert (answer.number, answer.status) == (number, OKAY)
    await saying
    assert ram.read(40, 48) == b"".join(number.to_bytes(4, "little") for number in numbers)


@cocotb.test()
async def damage_on_the_line_is_mended_by_saying_it_again(dut):
    host, ram = await begin(dut)
    content = request(10, WRITE, 64, b"\x7e\x7d1234")[:-2]
    characters = bytearray(encode_frame(content))
    characters[9] ^= 4
    await say(dut, bytes(characters), CLOCKS)
    answer = await host.answer()
    assert (answer.number, answer.status) == (10, REPEAT)
    assert ram.read(64, 4) == bytes(4)
    assert (await host.ask(content)).status == OKAY
    assert ram.read(64, 4) == content[8:]


@cocotb.test()
async def an_interrupt_comes_unasked(dut):
    host, _ = await begin(dut)
    dut.irq.value = 1
    answer = await host.answer()
    assert (answer.number, answer.status, answer.irq) == (10, NOTICE, 1)
    assert (await host.ask(request(10, READ, 0, count=0))).irq == 1
    dut.irq.value = 0
    assert (await host.ask(request(11, READ, 0, count=0))).irq == 0


@cocotb.test()
async def a_reset_begins_anew(dut):
    host, _ = await begin(dut)
    cocotb.start_soon(host.say(request(10, WRITE, 0, bytes(40))))
    await cycles(dut, 600)
    dut.rst.value = 1
    await cycle(dut)
    dut.rst.value = 0
    await cycles(dut, 2500)
    host, _ = await begin(dut)
