"""Write the golden vectors of the example network: what tflite-runtime 2.14's reference kernels answer.

They are committed, so that a Python for which there is no tflite-runtime still checks against the same bits.
Run it with a Python that has tflite-runtime 2.14 (3.11 or earlier) after the network was trained again:
``python tools/make_golden.py``.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from edge_runtime.accelerator.samples import sample_inputs
from edge_runtime.accelerator.tflite import tflite
from edge_runtime.model import read_tflite

ROOT = Path(__file__).resolve().parents[1]
MODEL = ROOT / "examples" / "activity" / "activity.tflite"
GOLDEN = ROOT / "tests" / "golden" / "activity.npz"
SAMPLES = 200


def main() -> None:
    """Run the network and save inputs, outputs, the kernels' name and the network's SHA-256."""
    golden = tflite()
    if not golden.name.startswith("tflite-runtime 2.14"):
        raise SystemExit(f"error: golden vectors come from tflite-runtime 2.14; this Python has {golden.name}")
    model = MODEL.read_bytes()
    graph = read_tflite(model, MODEL.name)
    interpreter = golden.interpreter(model)
    inputs = [arrays[0] for arrays in sample_inputs(graph, SAMPLES, seed=0)]
    outputs = []
    for array in inputs:
        interpreter.set_tensor(graph.inputs[0], array)
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(graph.outputs[0]))
    digest = hashlib.sha256(model).hexdigest()
    np.savez_compressed(GOLDEN, inputs=inputs, outputs=outputs, golden=golden.name, model_sha256=digest)


if __name__ == "__main__":
    main()
