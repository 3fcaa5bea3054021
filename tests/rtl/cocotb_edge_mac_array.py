"""edge_mac_array: dot products over several steps, with gaps, against numpy."""

from __future__ import annotations

import random

import cocotb
import numpy as np

from edge_runtime.compiler import OverlayParameters
from edge_runtime.compiler.packing import pack_lanes
from rtl.clocking import cycle, pack, parameters, start, unpack

K, OC, ACT = (parameters()[name] for name in ("K_LANES", "OC_LANES", "ACT_LATENCY"))
PACKED = bool(parameters()["PACKED"])
SUMS_AFTER = parameters()["SUMS_AFTER"]
TILE_LATENCY = ACT + 7 + (K // 4 - 1).bit_length() + 1
OVERLAY = OverlayParameters(
    k_lanes=K,
    oc_lanes=OC,
    requant_lanes=2,
    act_bytes=1024,
    row_buffer_bytes=64,
    vec_lanes=2,
    weight_rows=2,
    param_channels=16,
    descriptors=4,
    packed=PACKED,
)


class Step:
    """One step: weights int8[OC, K], activations int8[K], and where in a sum it stands."""

    def __init__(self, first: bool, last: bool) -> None:
        self.first, self.last = first, last
        if random.random() < 0.2:  # the largest sums that there can be
            self.weights = np.full((OC, K), random.choice([-127, 127]), np.int8)
            self.activations = np.full(K, random.choice([-128, 127]), np.int8)
        else:
            self.weights = np.array(random.choices(range(-127, 128), k=OC * K), np.int8).reshape(OC, K)
            self.activations = np.array(random.choices([-128, 127, *range(-128, 128)], k=K), np.int8)
        self.row = pack_lanes(self.weights.T.astype(np.int16)[None, None], OVERLAY).reshape(K, OC)


Line = list[Step | None]


def schedule(sums: int) -> Line:
    """A list of steps, one a cycle, None in the gaps."""
    line: Line = []
    for _ in range(sums):
        count = random.randint(1, 5)
        for place in range(count):
            line += [None] * random.choice([0, 0, 0, 2])
            line.append(Step(place == 0, place == count - 1))
    return line


def totals(line: Line) -> list[np.ndarray]:
    """Return the finished sums, int64[OC] each."""
    finished = []
    total = np.zeros(OC, np.int64)
    for step in filter(None, line):
        total = (0 if step.first else total) + step.weights.astype(int) @ step.activations.astype(int)
        if step.last:
            finished.append(total)
    return finished


def drive(dut, line: Line, time: int) -> None:
    """Set the inputs of one cycle: the step, the activations of an earlier one, the skewed weights of others."""

    def at(when: int) -> Step | None:
        return line[when] if 0 <= when < len(line) else None

    step = at(time)
    dut.step_valid.value = int(step is not None)
    # in a gap, whatever stands there
    dut.step_first.value = int(step.first) if step else random.getrandbits(1)
    dut.step_last.value = int(step.last) if step else random.getrandbits(1)
    arrived = at(time - ACT)
    dut.activations.value = pack(arrived.activations, 8) if arrived else random.getrandbits(8 * K)
    weights = np.zeros((K, OC), np.uint8)
    for lane in range(K):
        step = at(time - ACT - lane % 4)
        if step:
            weights[lane] = step.row[lane]
    dut.weights.value = int.from_bytes(weights.tobytes(), "little")


async def begin(dut) -> None:
    await start(dut, step_valid=0, step_first=0, step_last=0, activations=0, weights=0)


@cocotb.test()
async def sums_of_several_steps(dut):
    await begin(dut)
    line = schedule(60)
    announced, got = [], []
    ends = [time for time, step in enumerate(line) if step and step.last]
    for time in range(len(line) + TILE_LATENCY + 1):
        drive(dut, line, time)
        await cycle(dut)
        if int(dut.tile_valid.value):
            assert time == ends[len(announced)] + TILE_LATENCY - SUMS_AFTER
            announced.append(time)
        if len(got) < len(announced) and time == announced[len(got)] + SUMS_AFTER:
            got.append(unpack(dut.tile_sums, 32))
    assert np.array_equal(got, totals(line))


@cocotb.test()
async def a_reset_forgets_the_sums_under_way(dut):
    """Whenever it comes, up to the cycle before the sum would have been announced."""
    await begin(dut)
    for reset_at in range(TILE_LATENCY - SUMS_AFTER):
        line: Line = [Step(first=True, last=True)]
        for time in range(TILE_LATENCY + 2):
            drive(dut, line, time)
            dut.step_last.value = int(time == 0)
            dut.rst.value = int(time == reset_at)
            await cycle(dut)
            assert not int(dut.tile_valid.value), f"reset {reset_at} cycles after the step"
        dut.rst.value = 0
