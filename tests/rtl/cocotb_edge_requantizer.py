"""edge_requantizer: whole layers of tiles, against the reference arithmetic, with addresses and masks."""

from __future__ import annotations

import random

import cocotb
import numpy as np

from edge_runtime.model import Rounding, multiply_by_quantized_multiplier
from rtl.clocking import cycle, cycles, pack, parameters, start, unpack

OC, LANES = parameters()["OC_LANES"], parameters()["LANES"]
PHASES = OC // LANES
LATENCY = 2 + 9  # parameters, lane
ROWS = 1 << parameters()["PARAM_ROW_WIDTH"]


class ParameterModel:
    """The parameter memory: random channels, a row two cycles after it is asked for."""

    def __init__(self) -> None:
        channels = ROWS * LANES
        # a bias of zero, a multiplier of a half and a small shift make ties, where the two roundings differ
        self.bias = np.array([random.choice([0, random.randint(-(2**20), 2**20)]) for _ in range(channels)], np.int32)
        factors = [random.choice([2**30, random.randint(2**30, 2**31 - 1)]) for _ in range(channels)]
        self.multiplier = np.array(factors, np.int32)
        self.shift = np.array([random.choice([-1, random.randint(-20, 2)]) for _ in range(channels)], np.int32)
        self._asked = [0, 0]

    def serve(self, dut) -> None:
        self._asked.append(int(dut.param_read_row.value) if int(dut.param_read_en.value) else 0)
        channels = slice(self._asked[-2] * LANES, (self._asked[-2] + 1) * LANES)
        dut.param_bias.value = pack(self.bias[channels], 32)
        dut.param_multiplier.value = pack(self.multiplier[channels], 31)
        dut.param_left.value = pack(np.maximum(self.shift[channels], 0), 5)
        dut.param_right.value = pack(np.maximum(-self.shift[channels], 0), 5)


class Layer:
    """A random layer: as the module is told of it, and what it should make of given sums."""

    def __init__(self) -> None:
        self.positions, self.tiles, self.last = random.randint(1, 4), random.randint(1, 3), random.randint(1, OC)
        self.output, self.row = random.randint(0, 100), random.randint(0, 3)
        self.stride = (self.tiles - 1) * OC + self.last + random.randint(0, 3)
        self.zero_point, self.rounding = random.randint(-128, 127), random.choice(list(Rounding))
        self.low, self.high = random.choice([(-128, 127), tuple(sorted(random.sample(range(-128, 128), 2)))])
        self.sums = [
            np.array([random.randint(-(2**size), 2**size) for size in random.choices([8, 24], k=OC)], np.int32)
            for _ in range(self.positions * self.tiles)
        ]

    async def begin(self, dut) -> None:
        settings = {
            "output": self.output, "output_stride": self.stride, "positions": self.positions, "tiles": self.tiles,
            "last_channels": self.last, "param_row": self.row, "zero_point": self.zero_point & 0xFF,
            "single_rounding": int(self.rounding is Rounding.SINGLE), "clamp_min": self.low & 0xFF,
            "clamp_max": self.high & 0xFF,
        }  # fmt: skip
        for name, value in settings.items():
            getattr(dut, f"layer_{name}").value = value
        dut.layer_start.value = 1
        await cycle(dut)
        dut.layer_start.value = 0

    def written(self, model: ParameterModel) -> dict[int, int]:
        """Return the int8 that should stand at each address."""
        memory: dict[int, int] = {}
        for index, sums in enumerate(self.sums):
            position, tile = divmod(index, self.tiles)
            first = (self.row + tile * PHASES) * LANES
            of_tile = slice(first, first + OC)
            biased = sums + model.bias[of_tile]
            scaled = multiply_by_quantized_multiplier(
                biased, model.multiplier[of_tile], model.shift[of_tile], self.rounding
            )
            values = np.clip(scaled.astype(np.int64) + self.zero_point, self.low, self.high)
            address = self.output + position * self.stride + tile * OC
            channels = self.last if tile == self.tiles - 1 else OC
            memory.update(zip(range(address, address + channels), values[:channels].tolist(), strict=True))
        return memory


async def play(dut, layer: Layer, model: ParameterModel) -> dict[int, int]:
    """Give the module a layer's tiles, with and without pauses; return what it wrote."""
    await layer.begin(dut)
    model.serve(dut)
    queue, wait, last_tile = list(layer.sums), 0, 0
    memory: dict[int, int] = {}
    for time in range(1000):
        valid = bool(queue) and wait == 0
        dut.tile_valid.value = int(valid)
        if valid:
            dut.tile_sums.value = pack(queue.pop(0), 32)
            last_tile = time
            wait = PHASES + random.choice([0, 0, 3])
        wait = max(wait - 1, 0)
        await cycle(dut)
        model.serve(dut)
        take_writes(dut, memory)
        if int(dut.layer_done.value):
            assert time == last_tile + PHASES - 1 + LATENCY, "layer_done comes with the last write"
            return memory
    raise AssertionError("the layer did not end")


def take_writes(dut, memory: dict[int, int]) -> None:
    results = unpack(dut.write_data, 8)
    for lane in range(LANES):
        if int(dut.write_en.value) >> lane & 1:
            address = int(dut.write_addr.value) + lane
            assert address not in memory
            memory[address] = int(results[lane])


@cocotb.test()
async def random_layers(dut):
    await start(
        dut, layer_start=0, tile_valid=0, tile_sums=0, param_bias=0, param_multiplier=0, param_left=0, param_right=0
    )
    model = ParameterModel()
    for _ in range(25):
        layer = Layer()
        assert await play(dut, layer, model) == layer.written(model)


@cocotb.test()
async def a_reset_forgets_the_tiles_under_way(dut):
    """Whenever it comes, the next layer is written whole and alone."""
    await start(
        dut, layer_start=0, tile_valid=0, tile_sums=0, param_bias=0, param_multiplier=0, param_left=0, param_right=0
    )
    model = ParameterModel()
    for reset_after in range(PHASES + LATENCY):
        dut.tile_valid.value = 1
        await cycle(dut)
        dut.tile_valid.value = 0
        await cycles(dut, reset_after)
        dut.rst.value = 1
        await cycle(dut)
        dut.rst.value = 0
        layer = Layer()
        assert await play(dut, layer, model) == layer.written(model)
