"""edge_mac_array: dot products over several steps, with gaps, against numpy."""

from __future__ import annotations

import random

import cocotb
import numpy as np

from edge_runtime.compiler import OverlayParameters
from edge_runtime.compiler.packing import pack_weights
from rtl.clocking import cycle, pack, parameters, start, unpack

K, OC, ACT = (parameters()[name] for name in ("K_LANES", "OC_LANES", "ACT_LATENCY"))
PACKED = bool(parameters()["PACKED"])
TILE_LATENCY = ACT + 7 + (K // 4 - 1).bit_length() + 1
OVERLAY = OverlayParameters(
    k_lanes=K,
    oc_lanes=OC,
    requant_lanes=2,
    act_bytes=1024,
    weight_rows=2,
    param_channels=16,
    descriptors=4,
    packed=PACKED,
)


class Step:
    """One step: weights int8[OC, K], activations int8[K], and where in a sum it stands."""

    def __init__(self, first: bool, last: bool) -> None:
        self.first, self.last = first, last
        self.weights = np.array(random.choices(range(-127, 128), k=OC * K), np.int8).reshape(OC, K)
        self.activations = np.array(random.choices([-128, 127, *range(-128, 128)], k=K), np.int8)
        self.row = pack_weights(self.weights, OVERLAY).reshape(K, OC)


def schedule(sums: int) -> list[Step | None]:
    """A list of steps, one a cycle, None in the gaps."""
    line: list[Step | None] = []
    for _ in range(sums):
        count = random.randint(1, 5)
        for place in range(count):
            line += [None] * random.choice([0, 0, 0, 2])
            line.append(Step(place == 0, place == count - 1))
    return line


@cocotb.test()
async def sums_of_several_steps(dut):
    await start(dut, step_valid=0, step_first=0, step_last=0, activations=0, weights=0)
    line = schedule(60)
    expected = []
    total = np.zeros(OC, np.int64)
    for step in filter(None, line):
        total = (0 if step.first else total) + step.weights.astype(int) @ step.activations.astype(int)
        if step.last:
            expected.append(total)
    got = []
    ends = [time for time, step in enumerate(line) if step and step.last]
    for time in range(len(line) + TILE_LATENCY + 1):
        step = line[time] if time < len(line) else None
        dut.step_valid.value = int(step is not None)
        dut.step_first.value = int(step is not None and step.first)
        dut.step_last.value = int(step is not None and step.last)
        arrived = line[time - ACT] if ACT <= time < len(line) + ACT else None
        dut.activations.value = pack(arrived.activations, 8) if arrived else random.getrandbits(8 * K)
        weights = np.zeros((K, OC), np.uint8)
        for lane in range(K):
            at = time - ACT - lane % 4
            if 0 <= at < len(line) and line[at] is not None:
                weights[lane] = line[at].row[lane]
        dut.weights.value = int.from_bytes(weights.tobytes(), "little")
        await cycle(dut)
        if int(dut.tile_valid.value):
            assert time == ends[len(got)] + TILE_LATENCY
            got.append(unpack(dut.tile_sums, 32))
    assert np.array_equal(got, expected)
