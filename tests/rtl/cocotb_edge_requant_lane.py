"""edge_requant_lane against the reference arithmetic, one number a cycle."""

from __future__ import annotations

import random

import cocotb
import numpy as np

from edge_runtime.model import Rounding, multiply_by_quantized_multiplier
from rtl.clocking import cycle, signed, start

LATENCY = 9
EXTREMES = (0, 1, -1, 2**31 - 1, -(2**31), 2**30, -(2**30), 12345, -12345)


def draw() -> dict[str, int]:
    """Draw an accumulator and a channel's parameters; only one of the shifts is used, as in programs."""
    shift = random.randint(-31, 30)
    narrow = random.getrandbits(1)
    return {
        "accumulator": random.randint(-(2**12), 2**12)
        if narrow
        else random.choice([*EXTREMES, random.randint(-(2**31), 2**31 - 1)]),
        "bias": random.choice(
            [0, random.choice(EXTREMES), random.randint(-(2**12), 2**12), random.randint(-(2**31), 2**31 - 1)]
        ),
        "multiplier": random.choice([0, 2**30, 2**31 - 1, random.randint(2**30, 2**31 - 1)]),
        "left": max(shift, 0),
        "right": max(-shift, 0),
    }


def expected(vector: dict[str, int], rounding: Rounding, zero_point: int, low: int, high: int) -> int:
    biased = np.array([signed(vector["accumulator"] + vector["bias"], 32)], np.int32)
    if rounding is Rounding.SINGLE:  # the lane shifts left before it multiplies, modulo 2**32
        biased = np.array([signed(int(biased[0]) << vector["left"], 32)], np.int32)
    left = 0 if rounding is Rounding.SINGLE else vector["left"]
    scaled = multiply_by_quantized_multiplier(biased, vector["multiplier"], left - vector["right"], rounding)
    return min(max(signed(int(scaled[0]) + zero_point, 32), low), high)


async def stream(dut, rounding: Rounding) -> None:
    await start(
        dut,
        accumulator=0,
        bias=0,
        multiplier=0,
        left=0,
        right=0,
        single_rounding=0,
        zero_point=0,
        clamp_min=0,
        clamp_max=0,
    )
    for _ in range(12):
        zero_point = random.choice([-128, 0, 127, random.randint(-128, 127)])
        low, high = random.choice([(-128, 127), sorted(random.sample(range(-128, 128), 2))])
        dut.single_rounding.value = int(rounding is Rounding.SINGLE)
        dut.zero_point.value = zero_point & 0xFF
        dut.clamp_min.value = low & 0xFF
        dut.clamp_max.value = high & 0xFF
        vectors = [draw() for _ in range(400)]
        for time in range(len(vectors) + LATENCY):
            for name, value in vectors[min(time, len(vectors) - 1)].items():
                width = {"accumulator": 32, "bias": 32, "multiplier": 31}.get(name, 5)
                getattr(dut, name).value = value & ((1 << width) - 1)
            await cycle(dut)
            if time >= LATENCY:
                vector = vectors[time - LATENCY]
                assert signed(int(dut.result.value), 8) == expected(vector, rounding, zero_point, low, high), vector


@cocotb.test()
async def double_rounding(dut):
    await stream(dut, Rounding.DOUBLE)


@cocotb.test()
async def single_rounding(dut):
    await stream(dut, Rounding.SINGLE)
