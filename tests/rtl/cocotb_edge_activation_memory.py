"""edge_activation_memory: reads and writes at any alignment, the host beside them, all against one array."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import cycle, parameters, start
from rtl.wordbus import WordBus

BANKS, LANES, WRITE_LANES = (parameters()[name] for name in ("BANKS", "LANES", "WRITE_LANES"))
SIZE = BANKS << parameters()["BANK_ADDR_WIDTH"]
READ_LATENCY = 5


async def begin(dut) -> WordBus:
    host = WordBus(dut)
    await start(
        dut, read_addr=0, write_en=0, write_addr=0, write_data=0, host_wr_valid=0, host_wr_addr=0, host_wr_data=0,
        host_wr_strb=0, host_rd_valid=0, host_rd_addr=0,
    )  # fmt: skip
    return host


async def fill(host: WordBus) -> bytearray:
    memory = bytearray(random.randbytes(SIZE))
    for word in range(SIZE // 4):
        await host.write(word, int.from_bytes(memory[4 * word : 4 * word + 4], "little"))
    return memory


@cocotb.test()
async def any_bytes_come_in_one_cycle(dut):
    memory = await fill(await begin(dut))
    asked = []
    for _ in range(600):
        asked.append(random.randrange(SIZE - LANES + 1))
        dut.read_addr.value = asked[-1]
        await cycle(dut)
        if len(asked) > READ_LATENCY:
            addr = asked[-1 - READ_LATENCY]
            assert int(dut.read_data.value).to_bytes(LANES, "little") == bytes(memory[addr : addr + LANES])


@cocotb.test()
async def a_write_is_there_two_cycles_later(dut):
    """Every write is read in the first cycle in which it must be there."""
    memory = await fill(await begin(dut))
    for _ in range(150):
        addr, enable, data = (
            random.randrange(SIZE - WRITE_LANES + 1),
            random.getrandbits(WRITE_LANES),
            random.randbytes(WRITE_LANES),
        )
        dut.write_addr.value, dut.write_en.value = addr, enable
        dut.write_data.value = int.from_bytes(data, "little")
        for lane in range(WRITE_LANES):
            if enable >> lane & 1:
                memory[addr + lane] = data[lane]
        await cycle(dut)
        dut.write_en.value = 0
        # the bank is read one cycle after `read_addr`, so an address given one cycle after the write is in time
        read = min(addr, SIZE - LANES)
        dut.read_addr.value = read
        for _ in range(READ_LATENCY + 1):
            await cycle(dut)
        assert int(dut.read_data.value).to_bytes(LANES, "little") == bytes(memory[read : read + LANES])


async def write_for_ever(dut, memory: bytearray, limit: int, stop: list[bool]) -> None:
    """The engine writes below `limit`, in nearly every cycle, and never waits."""
    while not stop:
        enable = random.getrandbits(WRITE_LANES) if random.random() < 0.9 else 0
        addr, data = random.randrange(limit - WRITE_LANES + 1), random.randbytes(WRITE_LANES)
        dut.write_addr.value, dut.write_en.value = addr, enable
        dut.write_data.value = int.from_bytes(data, "little")
        for lane in range(WRITE_LANES):
            if enable >> lane & 1:
                memory[addr + lane] = data[lane]
        await cycle(dut)
    dut.write_en.value = 0


@cocotb.test()
async def the_host_gives_way_and_gets_through(dut):
    host = await begin(dut)
    memory = await fill(host)
    half = SIZE // 2
    stop: list[bool] = []
    engine = cocotb.start_soon(write_for_ever(dut, memory, half, stop))
    held_up = 0
    for _ in range(300):
        word = random.randrange(half // 4, SIZE // 4)
        if random.getrandbits(1):
            data, strobes = random.randbytes(4), random.getrandbits(4)
            await host.write(word, int.from_bytes(data, "little"), strobes)
            for byte in range(4):
                if strobes >> byte & 1:
                    memory[4 * word + byte] = data[byte]
        else:
            assert await host.read(word) == (int.from_bytes(memory[4 * word : 4 * word + 4], "little"), False)
        held_up += host.waited
    assert held_up > 0
    stop.append(True)
    await engine
    for _ in range(3):
        await cycle(dut)
    for word in range(SIZE // 4):
        assert await host.read(word) == (int.from_bytes(memory[4 * word : 4 * word + 4], "little"), False)
