"""edge_mac_chain: two exact sums of four products every cycle, with the compiler's way of storing weights."""

from __future__ import annotations

import random

import cocotb
import numpy as np

from edge_runtime.compiler import OverlayParameters
from edge_runtime.compiler.packing import pack_lanes
from rtl.clocking import cycle, parameters, signed, start

PACKED = bool(parameters()["PACKED"])
LANES, LATENCY = 4, 7
OVERLAY = OverlayParameters(
    k_lanes=4,
    oc_lanes=4,
    requant_lanes=2,
    act_bytes=256,
    weight_rows=2,
    param_channels=8,
    descriptors=4,
    packed=PACKED,
    row_buffer_bytes=64,
    vec_lanes=2,
)


def stored(weights: np.ndarray) -> np.ndarray | None:
    """Two channels' weights int8[2, 4] as bytes uint8[4 lanes, 2], or None where they would take two passes."""
    lanes = np.zeros((1, 1, LANES, OVERLAY.oc_lanes), np.int16)
    lanes[0, 0, :, :2] = weights.T
    rows = pack_lanes(lanes, OVERLAY)
    return None if rows.shape[1] > 1 else rows.reshape(LANES, OVERLAY.oc_lanes)[:, :2]


def draw() -> tuple[np.ndarray, np.ndarray]:
    """Draw weights that take one pass, often extreme ones, and activations."""
    choices = [[-128, 127], [-127, 127], [-128, -1, 0, 1, 127], range(-128, 128)]
    while True:
        weights = np.array(random.choices(random.choice(choices), k=2 * LANES), np.int8).reshape(2, LANES)
        if stored(weights) is not None:
            return weights, np.array(random.choices(random.choice(choices), k=LANES), np.int8)


@cocotb.test()
async def sums_stream(dut):
    await start(dut, weights=0, activations=0)
    drawn = [draw() for _ in range(2000)]
    bytes_of = [stored(weights) for weights, _ in drawn]
    for time in range(len(drawn) + LATENCY):
        weights = activations = 0
        for lane in range(LANES):
            step = time - lane  # lane i comes i cycles after lane 0
            if 0 <= step < len(drawn):
                low, high = (int(byte) for byte in bytes_of[step][lane])
                weights |= (high << 8 | low) << 16 * lane
                activations |= (int(drawn[step][1][lane]) & 0xFF) << 8 * lane
        dut.weights.value = weights
        dut.activations.value = activations
        await cycle(dut)
        done = time - LATENCY
        if done >= 0:
            low, high = drawn[done][0].astype(int) @ drawn[done][1].astype(int)
            assert signed(int(dut.low_sum.value), 18) == low
            assert signed(int(dut.high_sum.value), 18) == high
