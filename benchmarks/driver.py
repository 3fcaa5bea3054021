"""What the driver itself costs: Python's time for an inference above the bus, in microseconds.

The bus is the fake one, in memory; the time spent in it is measured and taken off. The network is the example's,
all of it on the overlay. Prints one JSON object. The ratio to pynq's DMA path is not measured
yet.
"""

from __future__ import annotations

import json
import statistics
import time

import numpy as np

from edge_runtime.accelerator import OverlayAccelerator
from edge_runtime.accelerator.bus import Bus, FakeBus
from edge_runtime.boards import load_board
from edge_runtime.compiler import compile_model
from edge_runtime.paths import examples_folder

INFERENCES = 2000
WARM_UP = 200


class TimedBus(Bus):
    """Passes everything on, and adds up how long that takes."""

    def __init__(self, inner: Bus) -> None:
        self._inner = inner
        self.seconds = 0.0
        self.calls = 0

    def read(self, offset: int, length: int) -> bytes:
        """Read, timed."""
        began = time.perf_counter()
        data = self._inner.read(offset, length)
        self._add(began)
        return data

    def write(self, offset: int, data: bytes) -> None:
        """Write, timed."""
        began = time.perf_counter()
        self._inner.write(offset, data)
        self._add(began)

    def wait_interrupt(self, deadline_s: float) -> bool:
        """Wait, timed."""
        began = time.perf_counter()
        came = self._inner.wait_interrupt(deadline_s)
        self._add(began)
        return came

    def close(self) -> None:
        """Close."""
        self._inner.close()

    def _add(self, began: float) -> None:
        self.seconds += time.perf_counter() - began
        self.calls += 1


def main() -> None:
    """Run many inferences and print the median of what each cost above the bus."""
    board = load_board("pynq_z2")
    bus = TimedBus(FakeBus(board.overlay))
    overlay = OverlayAccelerator(bus)
    program = compile_model(
        (examples_folder() / "activity" / "activity.tflite").read_bytes(), board.overlay, name="activity"
    )
    overlay.load(program)
    values = np.zeros(program.graph.tensors[program.graph.inputs[0]].shape, np.int8)
    above = []
    for number in range(WARM_UP + INFERENCES):
        before, calls, began = bus.seconds, bus.calls, time.perf_counter()
        overlay.infer([values])
        elapsed = time.perf_counter() - began
        if number >= WARM_UP:
            above.append(elapsed - (bus.seconds - before))
    result = {
        "benchmark": "driver",
        "overhead_us": round(statistics.median(above) * 1e6, 1),
        "bus_calls": bus.calls - calls,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
