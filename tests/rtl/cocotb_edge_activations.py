"""edge_activations: a layer's reads, with gathered lines and padding, against one array of bytes."""

from __future__ import annotations

import random

import cocotb

from rtl.clocking import cycle, cycles, pack, parameters, signed, start
from rtl.descriptors import descriptor_bits
from rtl.wordbus import WordBus

SIZE, LANES = parameters()["ACT_BYTES"], parameters()["LANES"]
BANKS = 1 << (max(LANES, parameters()["WRITE_LANES"], 8) - 1).bit_length()
WIDTH = SIZE.bit_length() + 1
READ_LATENCY = 7


class Layer:
    """What holds for all reads of a layer, and what a read of it brings."""

    def __init__(self, memory: bytes) -> None:
        self._memory = memory
        self.segment = random.choice([LANES, random.randint(1, LANES)])
        self.rows = random.randrange(SIZE // BANKS)
        self.row_bytes, self.height = random.randint(1, 200), random.randint(1, 9)
        self.pad = random.randint(-128, 127)

    def descriptor(self) -> int:
        return descriptor_bits(
            SEGMENT=self.segment,
            PAD_VALUE=self.pad,
            ROW_BYTES=self.row_bytes,
            GATHER_ROWS=self.rows,
            HEIGHT=self.height,
        )

    def draw(self) -> tuple[int, int, int]:
        """Return row address, offset and line of a read."""
        return random.randrange(SIZE), random.randint(-30, self.row_bytes + 10), random.randint(-4, self.height + 2)

    def lanes(self, row_addr: int, x: int, y: int) -> list[int]:
        return [self._lane(lane, row_addr, x, y) for lane in range(LANES)]

    def _lane(self, lane: int, row_addr: int, x: int, y: int) -> int:
        line = min(lane // self.segment, 7)
        column = lane - line * self.segment
        if not (0 <= x + column < self.row_bytes and 0 <= y + line < self.height):
            return self.pad
        pitch = BANKS * self.rows + self.segment
        return signed(self._memory[(row_addr + x + column + line * pitch) % SIZE], 8)


@cocotb.test()
async def random_layers_one_behind_the_other(dut):
    """A layer's first read may come READ_LATENCY cycles after the last one of the layer before it."""
    host = WordBus(dut)
    await start(
        dut, layer_begin=0, layer=0, read_row_addr=0, read_x_offset=0, read_y=0, write_en=0, write_addr=0,
        write_data=0, host_wr_valid=0, host_wr_addr=0, host_wr_data=0, host_wr_strb=0, host_rd_valid=0, host_rd_addr=0,
    )  # fmt: skip
    memory = random.randbytes(SIZE)
    for word in range(SIZE // 4):
        await host.write(word, int.from_bytes(memory[4 * word : 4 * word + 4], "little"))
    due: list[list[int] | None] = [None] * (READ_LATENCY + 1)

    async def tick(expected: list[int] | None) -> None:
        due.append(expected)
        await cycle(dut)
        if due[-1 - READ_LATENCY] is not None:
            assert int(dut.read_lanes.value) == pack(due[-1 - READ_LATENCY], 8)

    for _ in range(60):
        layer = Layer(memory)
        for _ in range(READ_LATENCY - 2):
            await tick(None)
        dut.layer.value, dut.layer_begin.value = layer.descriptor(), 1
        await tick(None)
        dut.layer_begin.value, dut.layer.value = 0, random.getrandbits(100)
        for _ in range(random.randint(1, 12)):
            row_addr, x, y = layer.draw()
            dut.read_row_addr.value, dut.read_x_offset.value = row_addr, pack([x], WIDTH)
            dut.read_y.value = pack([y], 17)
            await tick(layer.lanes(row_addr, x, y))
    await cycles(dut, 1)
