"""UNIDIRECTIONAL_SEQUENCE_LSTM in integers: int8 inputs, outputs and weights, an int16 cell.

Source: TensorFlow Lite 2.14, ``LstmStepInteger8x8_16`` in ``lite/kernels/lstm_eval.cc``,
``PopulateQuantizedLstmParams8x8_16`` in ``unidirectional_sequence_lstm.cc``, and
``lite/kernels/internal/reference/portable_tensor_utils.cc``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.model.channels import constant_of
from edge_runtime.model.fixed_point import QuantizedMultiplier, Rounding, quantize_multiplier, round_shift_right
from edge_runtime.model.graph import Graph, LstmOptions, Operator, options_of, quantization_of
from edge_runtime.model.kernels.accumulate import exact_matrix, sums_of
from edge_runtime.model.kernels.fixed_point_16 import logistic_table, tanh_table
from edge_runtime.model.kernels.kernel import Kernel
from edge_runtime.model.recurrent import (
    CELL_STATE,
    GATE_INTEGER_BITS,
    GATES,
    HIDDEN,
    OUTPUT_STATE,
    cell_clip,
    cell_exponent,
    gate_factors,
    hidden_factor,
)

__all__ = ["prepare_lstm"]

_Array = npt.NDArray[Any]
_SHORTEST, _LONGEST = -(1 << 15), (1 << 15) - 1


@dataclass(frozen=True)
class _Product:
    """A matrix product of int8 vectors, scaled."""

    matrix: _Array
    bias: npt.NDArray[np.int32]
    scale: QuantizedMultiplier

    def __call__(self, vectors: _Array) -> npt.NDArray[np.int32]:
        return self.scale(sums_of(vectors, self.matrix) + self.bias)


@dataclass(frozen=True)
class _Gate:
    """One of the four gates: what comes from the input, what from the output before, and a function as a table."""

    from_input: _Product
    from_state: _Product
    table: npt.NDArray[np.int16]

    def __call__(self, source: _Array, state: _Array) -> npt.NDArray[np.int32]:
        first = np.clip(self.from_input(source), _SHORTEST, _LONGEST)
        both = np.clip(self.from_state(state) + first, _SHORTEST, _LONGEST)
        return self.table[both.astype(np.int16).view(np.uint16)].astype(np.int32)


def prepare_lstm(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (always double)
    """Return a UNIDIRECTIONAL_SEQUENCE_LSTM as a kernel, which writes its new state into its variable inputs."""
    gates = {name: _gate(graph, operator, name) for name in GATES}
    step = _step(graph, operator, gates)
    time_major = options_of(operator, LstmOptions).time_major

    def lstm(inputs: Sequence[Any]) -> Sequence[_Array]:
        steps = inputs[0] if time_major else inputs[0].swapaxes(0, 1)
        # a state may come as a vector
        state = inputs[OUTPUT_STATE].reshape(steps.shape[1], -1)
        cell = inputs[CELL_STATE].reshape(steps.shape[1], -1)
        outputs = np.stack([step(source, state, cell) for source in steps])
        return (outputs if time_major else np.ascontiguousarray(outputs.swapaxes(0, 1)),)

    return lstm


def _step(graph: Graph, operator: Operator, gates: dict[str, _Gate]) -> Any:
    """Return a function that takes one moment's input, changes both states and returns the output."""
    exponent, clip = cell_exponent(graph, operator), cell_clip(graph, operator)
    tanh = tanh_table(15 + exponent)
    scale = QuantizedMultiplier(*quantize_multiplier(hidden_factor(graph, operator)))
    zero_point = quantization_of(graph.tensor(operator.intermediates[HIDDEN])).zero_point

    def step(source: _Array, state: _Array, cell: _Array) -> _Array:
        values = {name: gate(source, state) for name, gate in gates.items()}
        kept = _cut(values["forget"] * cell.astype(np.int32), 15)
        added = _cut(values["input"] * values["cell"], 30 + exponent)
        new = np.clip(kept + added, _SHORTEST, _LONGEST)
        cell[...] = np.clip(new, -clip, clip) if clip else new
        squashed = tanh[cell.view(np.uint16)].astype(np.int32)
        hidden = scale(values["output"] * squashed) + zero_point
        state[...] = np.clip(hidden, -128, 127)
        return state.copy()

    return step


def _cut(products: npt.NDArray[np.int32], bits: int) -> npt.NDArray[np.int32]:
    """Return products shifted to the right, rounded, and then cut to 16 bits as a cast in C does."""
    return round_shift_right(products.astype(np.int64), bits).astype(np.int16).astype(np.int32)


def _gate(graph: Graph, operator: Operator, name: str) -> _Gate:
    positions = GATES[name]
    from_input, from_state = gate_factors(graph, operator, name)
    table = tanh_table(GATE_INTEGER_BITS) if name == "cell" else logistic_table(GATE_INTEGER_BITS)
    bias = constant_of(graph.tensor(operator.inputs[positions.bias]))
    return _Gate(
        _product(graph, operator.inputs[0], operator.inputs[positions.input], bias, from_input),
        _product(graph, operator.inputs[OUTPUT_STATE], operator.inputs[positions.recurrent], 0, from_state),
        table,
    )


def _product(graph: Graph, source: int, weights: int, bias: _Array | int, factor: float) -> _Product:
    matrix, tensor = constant_of(graph.tensor(weights)), graph.tensor(source)
    folded = bias - quantization_of(tensor).zero_point * matrix.sum(axis=1, dtype=np.int64)
    scale = QuantizedMultiplier(*quantize_multiplier(factor))
    return _Product(exact_matrix(matrix, tensor), np.asarray(folded).astype(np.int32), scale)
