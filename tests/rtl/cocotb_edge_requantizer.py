"""edge_requantizer: whole layers of tiles, against the reference arithmetic, with addresses and masks."""

from __future__ import annotations

import random

import cocotb
import numpy as np

from edge_runtime.model import Rounding, multiply_by_quantized_multiplier
from rtl.clocking import cycle, pack, parameters, start, unpack

OC, LANES = parameters()["OC_LANES"], parameters()["LANES"]
PHASES = OC // LANES
LATENCY = 2 + 9  # parameters, lane
ROWS = 1 << parameters()["PARAM_ROW_WIDTH"]


class ParameterModel:
    """The parameter memory: random channels, a row two cycles after it is asked for."""

    def __init__(self) -> None:
        channels = ROWS * LANES
        self.bias = np.array([random.randint(-(2**20), 2**20) for _ in range(channels)], np.int32)
        self.multiplier = np.array([random.randint(2**30, 2**31 - 1) for _ in range(channels)], np.int32)
        self.shift = np.array([random.randint(-20, 2) for _ in range(channels)], np.int32)
        self._asked = [0, 0]

    def serve(self, dut) -> None:
        self._asked.append(int(dut.param_read_row.value) if int(dut.param_read_en.value) else 0)
        channels = slice(self._asked[-2] * LANES, (self._asked[-2] + 1) * LANES)
        dut.param_bias.value = pack(self.bias[channels], 32)
        dut.param_multiplier.value = pack(self.multiplier[channels], 31)
        dut.param_left.value = pack(np.maximum(self.shift[channels], 0), 5)
        dut.param_right.value = pack(np.maximum(-self.shift[channels], 0), 5)


async def play_layer(dut, model: ParameterModel) -> None:
    positions, tiles, last = random.randint(1, 3), random.randint(1, 3), random.randint(1, OC)
    output, stride, row = random.randint(0, 100), (tiles - 1) * OC + last + random.randint(0, 3), random.randint(0, 3)
    zero_point, rounding = random.randint(-128, 127), random.choice(list(Rounding))
    low, high = random.choice([(-128, 127), tuple(sorted(random.sample(range(-128, 128), 2)))])
    settings = {
        "output": output, "output_stride": stride, "positions": positions, "tiles": tiles, "last_channels": last,
        "param_row": row, "single_rounding": int(rounding is Rounding.SINGLE), "zero_point": zero_point & 0xFF,
        "clamp_min": low & 0xFF, "clamp_max": high & 0xFF,
    }  # fmt: skip
    for name, value in settings.items():
        getattr(dut, f"layer_{name}").value = value
    dut.layer_start.value = 1
    await cycle(dut)
    model.serve(dut)
    dut.layer_start.value = 0
    expected: dict[int, int] = {}
    written: dict[int, int] = {}
    queue = []
    for position in range(positions):
        for tile in range(tiles):
            sums = np.array([random.randint(-(2**24), 2**24) for _ in range(OC)], np.int32)
            queue.append(sums)
            channel = (row + tile * PHASES) * LANES
            values = multiply_by_quantized_multiplier(
                sums + model.bias[channel : channel + OC],
                model.multiplier[channel : channel + OC],
                model.shift[channel : channel + OC],
                rounding,
            )
            for place in range(last if tile == tiles - 1 else OC):
                expected[output + position * stride + tile * OC + place] = int(
                    np.clip(int(values[place]) + zero_point, low, high)
                )
    wait, done, last_tile = 0, None, 0
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
        results = unpack(dut.write_data, 8)
        for lane in range(LANES):
            if int(dut.write_en.value) >> lane & 1:
                address = int(dut.write_addr.value) + lane
                assert address not in written
                written[address] = int(results[lane])
        if int(dut.layer_done.value):
            done = time
            break
    assert done == last_tile + PHASES - 1 + LATENCY, "layer_done comes with the last write"
    assert written == expected


@cocotb.test()
async def random_layers(dut):
    await start(
        dut, layer_start=0, tile_valid=0, tile_sums=0, param_bias=0, param_multiplier=0, param_left=0, param_right=0
    )
    model = ParameterModel()
    for _ in range(25):
        await play_layer(dut, model)
