"""UNIDIRECTIONAL_SEQUENCE_LSTM and SVDF.

Source: TensorFlow Lite 2.14, ``lite/kernels/unidirectional_sequence_lstm.cc`` and ``lite/kernels/svdf.cc``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from edge_runtime.errors import ModelError
from edge_runtime.model.graph import Activation, Graph, LstmOptions, Operator, SvdfOptions, Tensor, describe, options_of
from edge_runtime.model.operator_checks.needs import (
    INT8,
    INT32,
    check_factors,
    ends,
    need_constant,
    need_quantized,
    need_rank,
    need_same_quantization,
    need_shape,
    wrong,
)
from edge_runtime.model.recurrent import (
    CELL_STATE,
    GATES,
    HIDDEN,
    OUTPUT_STATE,
    UNUSED,
    cell_clip,
    cell_exponent,
    gate_factors,
    hidden_factor,
    svdf_factors,
)

__all__ = ["check_lstm", "check_svdf"]

_INT16 = np.dtype(np.int16)
#: Outside, TFLite's shifts are undefined or it refuses the cell.
_CELL_EXPONENTS = range(-15, -8)


def check_lstm(graph: Graph, operator: Operator) -> None:
    """Check a UNIDIRECTIONAL_SEQUENCE_LSTM without peepholes, projection, layer normalisation or coupled gates."""
    source, output = ends(graph, operator)
    need_rank(operator, "input", source, [3])
    _check_parts(graph, operator)
    time_major = options_of(operator, LstmOptions).time_major
    steps, batch = source.shape[:2] if time_major else source.shape[1::-1]
    cells = graph.tensor(operator.inputs[GATES["output"].input]).shape[0]
    need_shape(operator, "output", output, (*source.shape[:2], cells))
    for name in GATES:
        _check_gate(graph, operator, name, source.shape[2], cells)
    state, cell = (graph.tensor(operator.inputs[position]) for position in (OUTPUT_STATE, CELL_STATE))
    _check_state(operator, "output state", state, INT8, batch * cells)
    _check_state(operator, "cell state", cell, _INT16, batch * cells)
    need_same_quantization(operator, "output state", state, output)
    _check_scales(graph, operator)
    if steps < 1:
        raise wrong(operator, "input", source, "has no steps")


def _check_parts(graph: Graph, operator: Operator) -> None:
    for position, index in enumerate(operator.inputs):
        if position in UNUSED and index != -1:
            found = f"input {position}: {describe(graph.tensor(index))}"
            raise ModelError(
                f"{describe(operator)}, {found}: peepholes, projection and normalisation are not supported"
            )
        if position not in UNUSED and index == -1:
            raise ModelError(f"{describe(operator)}, input {position} is absent; coupled gates are not supported")
    if len(operator.intermediates) <= HIDDEN:
        raise ModelError(f"{describe(operator)} has {len(operator.intermediates)} intermediate tensors; it needs 5")


def _check_gate(graph: Graph, operator: Operator, name: str, inputs: int, cells: int) -> None:
    positions = GATES[name]
    shapes = {positions.input: (cells, inputs), positions.recurrent: (cells, cells), positions.bias: (cells,)}
    for position, shape in shapes.items():
        tensor, role = graph.tensor(operator.inputs[position]), f"input {position} ({name} gate)"
        need_constant(operator, role, tensor)
        quantization = need_quantized(operator, role, tensor, INT32 if position == positions.bias else INT8)
        need_shape(operator, role, tensor, shape)
        if not quantization.per_tensor or quantization.zero_point:
            raise wrong(operator, role, tensor, "has several scales or a zero point; it must have one scale and none")


def _check_scales(graph: Graph, operator: Operator) -> None:
    hidden = graph.tensor(operator.intermediates[HIDDEN])
    need_quantized(operator, "hidden output", hidden, hidden.dtype)
    exponent = cell_exponent(graph, operator)
    if exponent not in _CELL_EXPONENTS:
        raise ModelError(f"{describe(operator)} has a cell of scale 2**{exponent}; it must be 2**-15 to 2**-9")
    clip = options_of(operator, LstmOptions).cell_clip
    if not (math.isfinite(clip) and clip >= 0):
        raise ModelError(f"{describe(operator)} clips its cell at {clip}; it must be 0 or more")
    if clip and not cell_clip(graph, operator):
        raise ModelError(f"{describe(operator)} clips its cell at {clip}, less than a step")
    factors = [factor for name in GATES for factor in gate_factors(graph, operator, name)]
    check_factors(operator, [*factors, hidden_factor(graph, operator)])


def _check_state(operator: Operator, role: str, tensor: Tensor, dtype: np.dtype[Any], size: int) -> None:
    quantization = need_quantized(operator, role, tensor, dtype)
    if not tensor.is_variable or tensor.size != size or not quantization.per_tensor:
        found = f"has shape {list(tensor.shape)}; it must be a variable of {size} elements with one scale"
        raise wrong(operator, role, tensor, found)
    if dtype == _INT16 and quantization.zero_point:
        raise wrong(operator, role, tensor, f"has zero point {quantization.zero_point}; it must be 0")


def check_svdf(graph: Graph, operator: Operator) -> None:
    """Check an SVDF."""
    source, output = ends(graph, operator)
    features, time, state = (graph.tensor(operator.inputs[position]) for position in (1, 2, 4))
    options = options_of(operator, SvdfOptions)
    need_rank(operator, "input", source, [2])
    batch, inputs = source.shape
    filters, rank = features.shape[0] if features.shape else 0, options.rank
    if rank < 1 or filters % rank or options.activation is not Activation.RELU:
        found = f"{filters} filters of rank {rank} and activation {options.activation.value}"
        raise ModelError(f"{describe(operator)} has {found}; the rank must divide the filters, RELU come after them")
    _check_filters(operator, "feature weights", features, INT8, (filters, inputs))
    need_rank(operator, "time weights", time, [2])
    _check_filters(operator, "time weights", time, _INT16, (filters, time.shape[1]))
    _check_state(operator, "state", state, _INT16, batch * filters * time.shape[1])
    need_shape(operator, "output", output, (batch, filters // rank))
    if operator.inputs[3] != -1:
        _check_filters(operator, "bias", graph.tensor(operator.inputs[3]), INT32, (filters // rank,))
    check_factors(operator, svdf_factors(source, features, time, state, output))


def _check_filters(operator: Operator, role: str, tensor: Tensor, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    need_constant(operator, role, tensor)
    quantization = need_quantized(operator, role, tensor, dtype)
    need_shape(operator, role, tensor, shape)
    if not quantization.per_tensor or quantization.zero_point:
        raise wrong(operator, role, tensor, "has several scales or a zero point; it must have one scale and none")
