"""edge_requantizer: whole layers of tiles, against the reference arithmetic, with addresses and masks."""

from __future__ import annotations

import random

import cocotb
import numpy as np

from edge_runtime.model import Rounding, multiply_by_quantized_multiplier
from rtl.clocking import cycle, cycles, pack, parameters, start, unpack
from rtl.descriptors import descriptor_bits

OC, LANES = parameters()["OC_LANES"], parameters()["LANES"]
PHASES = OC // LANES
SUMS_AFTER = parameters()["SUMS_AFTER"]
LATENCY = 2 + 9  # parameters, lane
AHEAD = 7
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

    def __init__(self, *, chained: bool = False) -> None:
        self.chained = chained
        self.rows, self.positions = random.randint(1, 3), random.randint(1, 3)
        self.tiles, self.last = random.randint(1, 3), random.randint(1, OC)
        self.hold, self.index = random.getrandbits(1), random.randrange(64)
        self.output, self.row = random.randint(0, 100), random.randint(0, 3)
        self.stride = (self.tiles - 1) * OC + self.last + random.randint(0, 3)
        self.row_stride = self.positions * self.stride + random.randint(0, 3)
        self.zero_point, self.rounding = random.randint(-128, 127), random.choice(list(Rounding))
        self.low, self.high = random.choice([(-128, 127), tuple(sorted(random.sample(range(-128, 128), 2)))])
        self.sums = [
            np.array([random.randint(-(2**size), 2**size) for size in random.choices([8, 24], k=OC)], np.int32)
            for _ in range(self.rows * self.positions * self.tiles)
        ]

    def announce(self, dut) -> None:
        """Set the layer's signals for one cycle of `layer_begin`; they hold afterwards."""
        dut.layer.value = descriptor_bits(
            OUTPUT=self.output, OUT_ROW_STEP=self.row_stride, OUT_POS_STEP=self.stride, ROWS=self.rows,
            POSITIONS=self.positions, TILES=self.tiles, LAST_CHANNELS=self.last, PARAM_ROW=self.row,
            PARAM_HOLD=self.hold, ZERO_POINT=self.zero_point, SINGLE_ROUNDING=self.rounding is Rounding.SINGLE,
            CLAMP_MIN=self.low, CLAMP_MAX=self.high, CHAINED=self.chained,
        )  # fmt: skip
        dut.layer_index.value, dut.layer_begin.value = self.index, 1

    def written(self, model: ParameterModel) -> dict[int, int]:
        """Return the int8 that should stand at each address."""
        memory: dict[int, int] = {}
        for index, sums in enumerate(self.sums):
            place, tile = divmod(index, self.tiles)
            row, position = divmod(place, self.positions)
            first = (self.row + (0 if self.hold else tile) * PHASES) * LANES
            of_tile = slice(first, first + OC)
            biased = sums + model.bias[of_tile]
            scaled = multiply_by_quantized_multiplier(
                biased, model.multiplier[of_tile], model.shift[of_tile], self.rounding
            )
            values = np.clip(scaled.astype(np.int64) + self.zero_point, self.low, self.high)
            address = self.output + row * self.row_stride + position * self.stride + tile * OC
            channels = self.last if tile == self.tiles - 1 else OC
            memory.update(zip(range(address, address + channels), values[:channels].tolist(), strict=True))
        return memory


async def play(dut, layers: list[Layer], model: ParameterModel) -> None:
    """Give the module these layers' tiles; each layer is announced while the one before may be under way."""
    announced = done = last_tile = 0
    memory: dict[int, int] = {}
    queue: list[tuple[int, np.ndarray]] = []
    on_the_way: list[tuple[int, np.ndarray]] = []
    wait = 0
    ahead = Ahead()
    for time in range(3000):
        dut.layer_begin.value = 0
        if announced < len(layers) and announced <= done + random.getrandbits(1) and not queue:
            layers[announced].announce(dut)
            queue = [(announced, sums) for sums in layers[announced].sums]
            announced, wait = announced + 1, max(wait, random.randint(1, 20))
        valid = bool(queue) and wait == 0
        dut.tile_valid.value = int(valid)
        if valid:
            on_the_way.append((time + SUMS_AFTER, queue.pop(0)[1]))
            last_tile = time if not queue else last_tile
            wait = PHASES + random.choice([0, 0, 3])
        if on_the_way and on_the_way[0][0] == time:
            dut.tile_sums.value = pack(on_the_way.pop(0)[1], 32)
        wait = max(wait - 1, 0)
        await cycle(dut)
        model.serve(dut)
        take_writes(dut, memory)
        ahead.take(dut, memory, last_of_layer=bool(int(dut.layer_done.value)))
        if int(dut.layer_done.value):
            assert int(dut.layer_done_index.value) == layers[done].index
            assert memory == layers[done].written(model)
            memory, done = {}, done + 1
            if done == len(layers):
                assert time == last_tile + PHASES - 1 + LATENCY, "layer_done comes with the last write"
                return
    raise AssertionError("the layers did not end")


class Ahead:
    """What is announced of chained layers: where the outputs go that come `AHEAD` cycles later."""

    def __init__(self) -> None:
        self._announced: list[tuple[int, int, bool] | None] = [None] * AHEAD

    def take(self, dut, memory: dict[int, int], *, last_of_layer: bool) -> None:
        now = int(dut.chain_addr.value), int(dut.chain_exists.value), bool(int(dut.chain_last.value))
        self._announced.append(now if int(dut.chain_valid.value) else None)
        assert int(dut.chain_valid.value) or not now[2]
        due = self._announced.pop(0)
        if due is None:
            return
        address, exists, last = due
        assert not int(dut.write_en.value)
        assert last == last_of_layer
        results = unpack(dut.write_data, 8)
        for lane in range(LANES):
            if exists >> lane & 1:
                assert address + lane not in memory
                memory[address + lane] = int(results[lane])


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
        dut,
        layer_begin=0,
        layer=0,
        layer_index=0,
        tile_valid=0,
        tile_sums=0,
        param_bias=0,
        param_multiplier=0,
        param_left=0,
        param_right=0,
    )
    model = ParameterModel()
    for _ in range(8):
        await play(dut, [Layer(chained=random.random() < 0.4) for _ in range(5)], model)


@cocotb.test()
async def a_reset_forgets_the_tiles_under_way(dut):
    """Whenever it comes, the next layer is written whole and alone."""
    await start(
        dut,
        layer_begin=0,
        layer=0,
        layer_index=0,
        tile_valid=0,
        tile_sums=0,
        param_bias=0,
        param_multiplier=0,
        param_left=0,
        param_right=0,
    )
    model = ParameterModel()
    for reset_after in range(PHASES + LATENCY):
        Layer().announce(dut)
        await cycle(dut)
        dut.layer_begin.value, dut.tile_valid.value = 0, 1
        await cycle(dut)
        dut.tile_valid.value = 0
        await cycles(dut, reset_after)
        dut.rst.value = 1
        await cycle(dut)
        dut.rst.value = 0
        await play(dut, [Layer()], model)
