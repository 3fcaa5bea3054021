"""edge_array_unit: random layers from reads to writes, against numpy, out of the memory and out of the row buffer."""

from __future__ import annotations

import random

import cocotb
import numpy as np

from edge_runtime.model import Rounding, multiply_by_quantized_multiplier
from rtl.array_layer import ArrayLayer, Step, draw_array_layer
from rtl.clocking import cycle, pack, parameters, signed, start, unpack
from rtl.descriptors import descriptor_bits
from rtl.wordbus import WordBus

GIVEN = parameters()
K, OC, LANES = GIVEN["K_LANES"], GIVEN["OC_LANES"], GIVEN["REQUANT_LANES"]
HALF, ADDR = GIVEN["ROW_BUFFER_BYTES"] // 2, GIVEN["ACT_ADDR_WIDTH"]
ROWS, CHANNELS = GIVEN["WEIGHT_ROWS"], GIVEN["PARAM_CHANNELS"]
READ_LATENCY = 7


class Memories:
    """Random weights and parameters, written over the word buses."""

    def __init__(self) -> None:
        draw = np.random.default_rng(random.getrandbits(32))
        self.weights = draw.integers(-31, 32, (ROWS, K, OC)).astype(np.int8)  # small: any pair may share a multiplier
        self.bias = draw.integers(-(2**16), 2**16, CHANNELS).astype(np.int32)
        self.multiplier = draw.integers(2**30, 2**31, CHANNELS).astype(np.int32)
        self.shift = draw.integers(-10, 0, CHANNELS).astype(np.int32)

    async def fill(self, dut) -> None:
        weight, param = WordBus(dut, prefix="weight_"), WordBus(dut, prefix="param_")
        pitch = 1 << (K * OC // 4 - 1).bit_length()
        for row in range(ROWS):
            content = _packed(self.weights[row]).tobytes()
            for word in range(K * OC // 4):
                await weight.write(row * pitch + word, int.from_bytes(content[4 * word : 4 * word + 4], "little"))
        for channel in range(CHANNELS):
            words = (
                int(self.bias[channel]) & 0xFFFFFFFF,
                int(self.multiplier[channel]),
                int(-self.shift[channel]) << 8,
            )
            for place, word in enumerate(words):
                await param.write(4 * channel + place, word)


def _packed(weights: np.ndarray) -> np.ndarray:
    """Store the high weight of each pair less the borrow of the low one, as the compiler does."""
    stored = weights.copy()
    stored[:, 1::2] -= (weights[:, 0::2] < 0).astype(np.int8)
    return stored


def lanes_at(step: Step, fused: bool) -> np.ndarray:
    """Return what the bench's memory (or row buffer) brings for a step: any function of where it reads."""
    place = (step.row_addr * 7 + step.x_offset * 13 + (0 if fused else step.y * 31)) & 0xFFFF
    return ((np.arange(K) * 37 + place * 101) % 256 - 128).astype(np.int8)


class Job:
    """A layer with its requantisation, and the bytes that it writes."""

    def __init__(self, memories: Memories) -> None:
        self.layer: ArrayLayer = draw_array_layer(fused=bool(random.getrandbits(1)))
        self.layer.weight_row = random.randrange(4)
        self.last, self.hold = random.randint(1, OC), random.getrandbits(1)
        self.output, self.zero_point = random.randrange(200), random.randint(-20, 20)
        self.pitch = (self.layer.tiles - 1) * OC + self.last
        self._memories = memories

    def bits(self) -> int:
        return descriptor_bits(
            **self.layer.fields(), OUTPUT=self.output, OUT_POS_STEP=self.pitch,
            OUT_ROW_STEP=self.pitch * self.layer.positions, LAST_CHANNELS=self.last, PARAM_HOLD=self.hold,
            ZERO_POINT=self.zero_point, CLAMP_MIN=-128, CLAMP_MAX=127,
        )  # fmt: skip

    def written(self) -> dict[int, int]:
        memory: dict[int, int] = {}
        for number, steps in enumerate(self.layer.walk(K, HALF)):
            place, tile = divmod(number, self.layer.tiles)
            sums = sum(
                lanes_at(step, bool(self.layer.fused)).astype(np.int64) @ self._memories.weights[step.weight_row % ROWS]
                for step in steps
            )
            values = self._requantised(np.asarray(sums), 0 if self.hold else tile)
            channels = self.last if tile == self.layer.tiles - 1 else OC
            address = self.output + place * self.pitch + tile * OC
            memory.update(zip(range(address, address + channels), values[:channels].tolist(), strict=True))
        return memory

    def _requantised(self, sums: np.ndarray, tile: int) -> np.ndarray:
        of_tile = slice(tile * OC, (tile + 1) * OC)
        biased = (sums + self._memories.bias[of_tile]).astype(np.int32)
        scaled = multiply_by_quantized_multiplier(
            biased, self._memories.multiplier[of_tile], self._memories.shift[of_tile], Rounding.DOUBLE
        )
        return np.clip(scaled.astype(np.int64) + self.zero_point, -128, 127)


async def begin(dut) -> Memories:
    names = ["layer_begin", "layer", "layer_index", "memory_lanes", "buffer_lanes", "buffer_rows", "rst_bus"]
    for bus in ("weight", "param"):
        names += [f"{bus}_{signal}" for signal in ("wr_valid", "wr_addr", "wr_data", "rd_valid", "rd_addr")]
    await start(dut, **dict.fromkeys(names, 0))
    memories = Memories()
    await memories.fill(dut)
    return memories


@cocotb.test()
async def random_layers(dut):
    memories = await begin(dut)
    for _ in range(25):
        job = Job(memories)
        dut.layer.value, dut.layer_begin.value = job.bits(), 1
        index = random.randrange(16)
        dut.layer_index.value, dut.buffer_rows.value = index, 2
        await cycle(dut)
        dut.layer_begin.value = 0
        memory: dict[int, int] = {}
        arriving = [0] * READ_LATENCY
        fused, issued = bool(job.layer.fused), False
        while not int(dut.layer_done.value) or not issued:
            await cycle(dut)
            step = Step(
                int(dut.read_row_addr.value), signed(int(dut.read_x_offset.value), ADDR + 2),
                signed(int(dut.read_y.value), 17), 0, False, False,
            )  # fmt: skip
            assert not (fused and int(dut.read_valid.value))
            arriving.append(pack(lanes_at(step, fused), 8))
            wanted, other = (dut.buffer_lanes, dut.memory_lanes) if fused else (dut.memory_lanes, dut.buffer_lanes)
            wanted.value, other.value = arriving[-READ_LATENCY], random.getrandbits(8 * K)
            issued = issued or bool(int(dut.issue_done.value))
            results = unpack(dut.write_data, 8)
            for lane in range(LANES):
                if int(dut.write_en.value) >> lane & 1:
                    memory[int(dut.write_addr.value) + lane] = int(results[lane])
        assert int(dut.layer_done_index.value) == index
        assert memory == job.written()
