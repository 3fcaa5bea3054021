"""Cycles of an inference on the PYNQ-Z2's overlay, counted by the RTL, and how close that is to the array's limit.

The limit is every multiplier busy in every cycle. Prints one JSON object: for each network its cycles, the share of
the limit that it reaches (1 is the limit), and how many clock cycles a second the simulation makes here.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from edge_runtime.accelerator import OverlayAccelerator
from edge_runtime.accelerator.bus import VerilatorBus
from edge_runtime.accelerator.samples import sample_inputs
from edge_runtime.boards import load_board
from edge_runtime.compiler import compile_model
from edge_runtime.compiler.report import describe

ROOT = Path(__file__).resolve().parents[1]
MODELS = Path(os.environ.get("EDGE_RUNTIME_MODELS", ROOT.parent / "shared" / "models"))
NAMES = ("mlperf_ad_autoencoder", "mlperf_kws_dscnn", "mlperf_ic_resnet8", "mlperf_vww_mobilenet")
NETWORKS = (ROOT / "examples" / "activity" / "activity.tflite", *(MODELS / f"{name}.tflite" for name in NAMES))
INFERENCES = 20


def measure(path: Path, accelerator: OverlayAccelerator, bus: VerilatorBus) -> dict[str, float]:
    """Return a network's cycles, the share of the limit, and the simulation's speed."""
    program = compile_model(path.read_bytes(), accelerator.parameters, name=path.stem)
    accelerator.load(program)
    samples = list(sample_inputs(program.graph, INFERENCES, seed=0))
    began, before = time.perf_counter(), bus.cycles
    counts = {accelerator.infer(inputs).cycles for inputs in samples}
    elapsed = time.perf_counter() - began
    (cycles,) = counts
    macs = describe(program, board="pynq_z2", clock_hz=1).macs
    return {
        "cycles": cycles,
        "ratio_limit": round(macs / accelerator.parameters.macs_per_cycle / cycles, 4),
        "simulated_khz": round((bus.cycles - before) / elapsed / 1e3, 1),
        "simulated_inference_s": round(elapsed / INFERENCES, 4),
    }


def main() -> None:
    """Measure the networks that are there."""
    board = load_board("pynq_z2")
    with VerilatorBus(board.overlay) as bus:
        accelerator = OverlayAccelerator(bus)
        results = {path.stem: measure(path, accelerator, bus) for path in NETWORKS if path.is_file()}
    print(json.dumps({"benchmark": "accelerator", "parameters": board.overlay.hash, "networks": results}))


if __name__ == "__main__":
    main()
