"""edge_activation_memory: reads and writes at any alignment, the host beside them, all against one array."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import cycle, cycles, pack, parameters, start
from rtl.wordbus import WordBus

BANKS, LANES, WRITE_LANES = (parameters()[name] for name in ("BANKS", "LANES", "WRITE_LANES"))
SIZE = BANKS << parameters()["BANK_ADDR_WIDTH"]
READ_LATENCY = 7
ROWS = 1 << parameters()["BANK_ADDR_WIDTH"]
HOST_READ_LATENCY = 3


async def begin(dut) -> WordBus:
    host = WordBus(dut)
    await start(
        dut, read_row_addr=0, read_offset=0, lane_line=0, line_rows=0, lane_valid=(1 << LANES) - 1, pad_value=0,
        write_en=0, write_addr=0, write_data=0, host_wr_valid=0, host_wr_addr=0, host_wr_data=0,
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
        offset = random.randrange(SIZE)
        dut.read_row_addr.value, dut.read_offset.value = (asked[-1] - offset) % SIZE, offset
        await cycle(dut)
        if len(asked) > READ_LATENCY:
            addr = asked[-1 - READ_LATENCY]
            assert int(dut.read_data.value).to_bytes(LANES, "little") == bytes(memory[addr : addr + LANES])


@cocotb.test()
async def lanes_of_several_lines_come_together(dut):
    """Lines lie whole rows of the banks and their own length apart, so that no two lanes want the same bank."""
    memory = await fill(await begin(dut))
    for _ in range(40):
        segment, rows = random.randint(1, LANES), random.randrange(ROWS)
        line_of = [min(lane // segment, 7) for lane in range(LANES)]
        dut.lane_line.value = pack(line_of, 3)
        dut.line_rows.value = pack([line * rows for line in range(8)], parameters()["BANK_ADDR_WIDTH"])
        valid, pad = random.getrandbits(LANES), random.getrandbits(8)
        dut.lane_valid.value, dut.pad_value.value = valid, pad
        addr = random.randrange(SIZE)
        dut.read_row_addr.value, dut.read_offset.value = addr, 0
        await cycles(dut, READ_LATENCY + 1)
        for lane, line in enumerate(line_of):
            byte = memory[(addr + lane + line * rows * BANKS) % SIZE] if valid >> lane & 1 else pad
            assert int(dut.read_data.value) >> 8 * lane & 0xFF == byte


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
        dut.read_row_addr.value = read
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


@cocotb.test()
async def the_host_reads_and_writes_at_the_same_time(dut):
    """Reads and writes come over channels of their own, so both may ask in one cycle: the write goes first."""
    host = await begin(dut)
    memory = await fill(host)
    half = SIZE // 2

    async def write_for_a_while() -> None:
        for _ in range(200):
            word, data = random.randrange(half // 4), random.randbytes(4)
            await host.write(word, int.from_bytes(data, "little"), 0xF)
            memory[4 * word : 4 * word + 4] = data

    writer = cocotb.start_soon(write_for_a_while())
    for _ in range(60):
        word = random.randrange(half // 4, SIZE // 4)
        assert await host.read(word) == (int.from_bytes(memory[4 * word : 4 * word + 4], "little"), False)
    await writer
    for word in range(SIZE // 4):
        assert await host.read(word) == (int.from_bytes(memory[4 * word : 4 * word + 4], "little"), False)


class Host:
    """A host that writes and reads at once, and knows in each cycle whether it has to wait."""

    def __init__(self, dut, memory: bytearray) -> None:
        self._dut, self._memory = dut, memory
        self.writing: tuple[int, int] | None = None
        self.reading: int | None = None
        self.due: int | None = None  # when the word of the read under way comes
        self.word = 0
        self.done = self.waited = 0

    def ask(self) -> None:
        """Begin accesses now and then, in the upper half, where the engine does not write."""
        if self.writing is None and random.random() < 0.4:
            self.writing = random.randrange(SIZE // 8, SIZE // 4), random.getrandbits(32)
        if self.reading is None and self.due is None and random.random() < 0.6:
            self.reading = random.randrange(SIZE // 8, SIZE // 4)
        dut = self._dut
        dut.host_wr_valid.value = int(self.writing is not None)
        dut.host_wr_addr.value, dut.host_wr_data.value = self.writing or (0, 0)
        dut.host_rd_valid.value = int(self.reading is not None)
        dut.host_rd_addr.value = self.reading or 0

    def check(self, time: int, busy: set[int]) -> None:
        """Look at the answers of the cycle that is over; `busy` are the banks that the engine wrote to in it."""
        dut = self._dut
        if self.due == time:
            assert int(dut.host_rd_data.value) == self.word
        assert int(dut.host_rd_data_valid.value) == (self.due == time)
        self.due = None if self.due == time else self.due
        wrote = self.writing
        if wrote:
            assert int(dut.host_wr_ready.value) == busy.isdisjoint(banks_of(wrote[0]))
            if int(dut.host_wr_ready.value):
                self._memory[4 * wrote[0] : 4 * wrote[0] + 4] = wrote[1].to_bytes(4, "little")
                self.writing = None
        if self.reading is not None:
            ready = not wrote and busy.isdisjoint(banks_of(self.reading))
            assert int(dut.host_rd_ready.value) == ready, "a read waits for a write, and for its own four banks"
            if ready:
                self.word = int.from_bytes(self._memory[4 * self.reading : 4 * self.reading + 4], "little")
                self.reading, self.due = None, time + HOST_READ_LATENCY
                self.done += 1
            self.waited += not ready


def banks_of(word: int) -> set[int]:
    return {(4 * word + byte) % BANKS for byte in range(4)}


@cocotb.test()
async def the_host_waits_for_its_own_banks_only(dut):
    memory = await fill(await begin(dut))
    host = Host(dut, memory)
    busy: set[int] = set()
    for time in range(1500):
        addr, enable = random.randrange(SIZE // 2 - WRITE_LANES + 1), random.getrandbits(WRITE_LANES)
        enable = enable if random.random() < 0.8 else 0
        dut.write_addr.value, dut.write_en.value = addr, enable
        dut.write_data.value = random.getrandbits(8 * WRITE_LANES)
        host.ask()
        await cycle(dut)
        host.check(time, busy)
        busy = {(addr + lane) % BANKS for lane in range(WRITE_LANES) if enable >> lane & 1}
    assert host.done > 100
    assert host.waited > 100
