"""What the driver itself costs: Python's time for an inference above the bus, in microseconds.

The bus is the fake one, in memory; the time spent in it is measured and taken off. The network is the example's, all of
it on the overlay, through its windows (jobs of the burst master are not measured). Beside it, what Python costs on the
whole way to a mapped register window: by this driver over `PynqBus`, and by pynq's own DMA driver for the same input
and output, in pynq's environment (``python tools/pynq_environment.py`` makes it). The windows are plain memory, so that
nothing is waited for. Prints one JSON object: ``ratio_pynq_dma`` is pynq's time over ours, null where that environment
is not there. pynq's DMA only moves the bytes; this driver also starts the engine and checks how its run ended.
"""

from __future__ import annotations

import json
import runpy
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from edge_runtime.accelerator import OverlayAccelerator
from edge_runtime.accelerator.bus import Bus, FakeBus, PynqBus
from edge_runtime.boards import load_board
from edge_runtime.compiler import OverlayParameters, Program, compile_model
from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.paths import examples_folder

INFERENCES = 2000
WARM_UP = 200
PYNQ = "3.0.1"
ROOT = Path(__file__).resolve().parents[1]


class TimedBus(Bus):
    """Passes everything on, and adds up how long that takes."""

    def __init__(self, inner: Bus) -> None:
        self._inner = inner
        self.seconds = 0.0

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


class WindowBus(PynqBus):
    """A register window alone: the burst master reaches no memory."""

    def allocate(self, length: int) -> None:
        """Give none."""


def pynq_dma_us(input_bytes: int, output_bytes: int) -> float | None:
    """Return the microseconds of pynq's DMA driver for an input and an output; None without pynq."""
    environment: Path = runpy.run_path(str(ROOT / "tools" / "pynq_environment.py"))["environment"](PYNQ)
    if not (environment / "finished").exists():
        return None
    script = ROOT / "benchmarks" / "peers" / "pynq_dma.py"
    sizes = (str(input_bytes), str(output_bytes), str(INFERENCES))
    done = subprocess.run([environment / "bin" / "python", script, *sizes], capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def mapped_bus(parameters: OverlayParameters) -> Bus:
    """Return a bus to a register window in plain memory, in which each run has ended."""
    interface, fake = host_interface(), FakeBus(parameters)
    array = np.zeros((1 << interface.address_width) // 4, np.uint32)
    for register in interface.registers.values():
        array[register.offset // 4] = int.from_bytes(fake.read(register.offset, 4), "little")
    array[interface.registers["IRQ_STATUS"].offset // 4] = 1
    return WindowBus(SimpleNamespace(mmio=SimpleNamespace(array=array)))


def per_inference_us(bus: Bus, program: Program, taken_off: Callable[[], float]) -> float:
    """Return the median microseconds of an inference over a bus, without the seconds that `taken_off` counts."""
    overlay = OverlayAccelerator(bus)
    overlay.load(program)
    values = np.zeros(program.graph.tensors[program.graph.inputs[0]].shape, np.int8)
    spent = []
    for _ in range(WARM_UP + INFERENCES):
        before, began = taken_off(), time.perf_counter()
        overlay.infer([values])
        spent.append(time.perf_counter() - began - (taken_off() - before))
    return statistics.median(spent[WARM_UP:]) * 1e6


def main() -> None:
    """Run many inferences each way and print the medians."""
    board = load_board("pynq_z2")
    model = (examples_folder() / "activity" / "activity.tflite").read_bytes()
    program = compile_model(model, board.overlay, name="activity")
    timed = TimedBus(FakeBus(board.overlay))
    overhead_us = per_inference_us(timed, program, lambda: timed.seconds)
    mapped_us = per_inference_us(mapped_bus(board.overlay), program, lambda: 0.0)
    sizes = [program.graph.tensors[index].size for index in (program.graph.inputs[0], program.graph.outputs[0])]
    theirs_us = pynq_dma_us(*sizes)
    result = {
        "benchmark": "driver",
        "overhead_us": round(overhead_us, 1),
        "mapped_us": round(mapped_us, 1),
        "pynq_dma_us": theirs_us and round(theirs_us, 1),
        "ratio_pynq_dma": theirs_us and round(theirs_us / mapped_us, 2),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
