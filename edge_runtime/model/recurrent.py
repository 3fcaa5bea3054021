"""UNIDIRECTIONAL_SEQUENCE_LSTM and SVDF: which tensor is what, and the factors that follow from their scales.

Source: TensorFlow Lite 2.14, ``lite/kernels/lstm_shared.h``, ``unidirectional_sequence_lstm.cc`` and ``svdf.cc``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edge_runtime.errors import ModelError
from edge_runtime.model.graph import Graph, LstmOptions, Operator, Tensor, describe, options_of, quantization_of

__all__ = [
    "CELL_STATE",
    "GATES",
    "GATE_INTEGER_BITS",
    "HIDDEN",
    "OUTPUT_STATE",
    "UNUSED",
    "GateInputs",
    "cell_clip",
    "cell_exponent",
    "gate_factors",
    "hidden_factor",
    "svdf_factors",
]


@dataclass(frozen=True)
class GateInputs:
    """Where an LSTM's inputs have a gate's weights for the input and for the output before, and its bias."""

    input: int
    recurrent: int
    bias: int


GATES: Mapping[str, GateInputs] = {
    "input": GateInputs(1, 5, 12),
    "forget": GateInputs(2, 6, 13),
    "cell": GateInputs(3, 7, 14),
    "output": GateInputs(4, 8, 15),
}
OUTPUT_STATE, CELL_STATE = 18, 19

#: Peepholes, projection and layer normalisation, which an LSTM need not have.
UNUSED = (9, 10, 11, 16, 17, 20, 21, 22, 23)

#: Which of an LSTM's intermediate tensors is the output before its zero point is taken off.
HIDDEN = 4

#: A gate's sum is Q3.12.
GATE_INTEGER_BITS = 3
_GATE_SCALE = 2.0**-12


def gate_factors(graph: Graph, operator: Operator, gate: str) -> tuple[float, float]:
    """Return a gate's factors: from products with the input, and from products with the output before."""
    positions = GATES[gate]
    pairs = ((0, positions.input), (OUTPUT_STATE, positions.recurrent))
    with np.errstate(over="ignore", under="ignore"):
        first, second = (
            float(_scale(graph, operator, weights) * _scale(graph, operator, source) / np.float32(_GATE_SCALE))
            for source, weights in pairs
        )
    return first, second


def hidden_factor(graph: Graph, operator: Operator) -> float:
    """Return the factor from products of two Q0.15 to the output."""
    scale = quantization_of(graph.tensor(operator.intermediates[HIDDEN])).scale
    return 2.0**-15 / scale * 2.0**-15


def cell_exponent(graph: Graph, operator: Operator) -> int:
    """Return the power of two that the cell's scale is.

    Raises
    ------
    ModelError
        If it is none.
    """
    cell = graph.tensor(operator.inputs[CELL_STATE])
    scale = quantization_of(cell).scale
    fraction, exponent = math.frexp(scale)
    if fraction != 0.5:
        raise ModelError(f"{describe(operator)}, cell state: {describe(cell)} has scale {scale:g}, no power of two")
    return exponent - 1


def cell_clip(graph: Graph, operator: Operator) -> int:
    """Return the largest magnitude of the cell, in its steps; 0 for no limit."""
    clip = np.float32(options_of(operator, LstmOptions).cell_clip)
    with np.errstate(over="ignore"):
        steps = float(clip / _scale(graph, operator, CELL_STATE))
    return int(min(max(steps, -(2.0**15)), 2.0**15 - 1))


def svdf_factors(source: Tensor, features: Tensor, time: Tensor, state: Tensor, output: Tensor) -> tuple[float, float]:
    """Return an SVDF's factors: from products with features to the state, and from products with time to the output."""
    scales = [quantization_of(tensor).scales[0] for tensor in (source, features, state, time, output)]
    with np.errstate(over="ignore", under="ignore"):
        # in float32, as the compiler of TFLite has it
        return float(scales[0] * scales[1] / scales[2]), float(scales[2] * scales[3] / scales[4])


def _scale(graph: Graph, operator: Operator, position: int) -> np.float32:
    scale: np.float32 = quantization_of(graph.tensor(operator.inputs[position])).scales[0]
    return scale
