"""The netlist that place and route gets, simulated, gives the bits of the reference."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.accelerator.bus.serial_simulation import SimulatedSerialBoard
from edge_runtime.accelerator.bus.uart import UartBus
from edge_runtime.accelerator.overlay import OverlayAccelerator
from edge_runtime.board_files import HEADER_NAME, render_board_header
from edge_runtime.boards import load_board
from edge_runtime.compiler import compile_model
from edge_runtime.compiler.program import Program
from edge_runtime.model import write_tflite
from edge_runtime.model.interpreter import Interpreter
from edge_runtime.synthesis.design import board_design
from edge_runtime.synthesis.synth import map_design
from support.netlists import netlist_design
from support.random_networks import random_network

# A netlist runs some thousand times slower than the board.
PATIENCE_S = 600.0

# PAD, depthwise, convolutions, SUB, pooling, MEAN; tables and pairs of depthwise and convolution. All on the overlay.
NETWORKS = (21, 36)
INPUTS = 3


def shapes(program: Program) -> list[tuple[int, ...]]:
    return [program.graph.tensors[index].shape for index in program.graph.inputs]


@pytest.mark.slow
def test_the_netlist_of_the_colorlight_i5_runs_a_network(tmp_path: Path) -> None:
    board = load_board("colorlight_i5")
    whole = board_design(board)
    # the bitstream's own flow; only its rate on the line is another one
    headers = {**whole.headers, HEADER_NAME: render_board_header(board, simulated=True)}
    netlist, _ = map_design(replace(whole, headers=headers), tmp_path)
    programs = [compile_model(write_tflite(random_network(seed)), board.overlay, name="small") for seed in NETWORKS]
    random = np.random.default_rng(1)
    with SimulatedSerialBoard(board, design=netlist_design(board, netlist, tmp_path)) as simulated:
        bus = UartBus(simulated.port, board.serial.baud, patience_s=PATIENCE_S)
        with OverlayAccelerator(bus, deadline_s=PATIENCE_S) as overlay:
            for program in programs:
                overlay.load(program)
                reference = Interpreter(program.graph, program.rounding)
                for _ in range(INPUTS):
                    values = [random.integers(-128, 128, shape).astype(np.int8) for shape in shapes(program)]
                    inference = overlay.infer(values)
                    assert inference.cycles == program.cycles
                    assert np.array_equal(inference.outputs[0], reference.run(values)[0])
