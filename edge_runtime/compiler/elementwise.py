"""ADD, SUB, MUL and the operators that are tables, as engine layers.

ADD and SUB scale each input before they sum: that is a table for each, and the sum goes through a requantisation
lane. A constant operand of one element is part of the table, and a constant of one number for each channel is a bias,
or the weights of a product. A smaller operand is spread to the larger one's size first (`spread.py`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge_runtime.compiler.channel_scaling import lower_channel_scaling
from edge_runtime.compiler.elementwise_lowering import lower_product, lower_rescaling, lower_sum, lower_table
from edge_runtime.compiler.engine_layer import EngineLayer
from edge_runtime.compiler.requantisation import Requantisation, identity, with_bias
from edge_runtime.compiler.scope import Scope
from edge_runtime.compiler.spread import spread_operand
from edge_runtime.compiler.stored import stored_limits, stored_offset, stored_zero_point
from edge_runtime.model.channels import constant_of
from edge_runtime.model.fixed_point import multiply_by_quantized_multiplier, quantize_multiplier
from edge_runtime.model.graph import BinaryOptions, Graph, Operator, OpKind, Tensor, options_of, quantization_of
from edge_runtime.model.kernels.tables import lookup_table
from edge_runtime.model.scales import ADDITION_LEFT_SHIFT, addition_scales, multiplication_factor

__all__ = ["lower_addition", "lower_lookup", "lower_multiplication"]

_Table = npt.NDArray[np.int32]

#: Operators that multiply by the ratio of two scales, or by one, and clamp.
_RESCALE = (
    OpKind.MAXIMUM,
    OpKind.MINIMUM,
    OpKind.QUANTIZE,
    OpKind.RELU,
    OpKind.RELU6,
    OpKind.RELU_0_TO_1,
    OpKind.RELU_N1_TO_1,
)

#: A requantisation lane shifts by fewer bits than that, either way.
_MOST_SHIFT = 30


def every_stored() -> _Table:
    """Return all stored numbers as int32[256], by their byte as an unsigned number."""
    return np.arange(256, dtype=np.uint8).view(np.int8).astype(np.int32)


def lower_lookup(scope: Scope, operator: Operator) -> list[EngineLayer]:
    """Lower an operator on single values."""
    source, output = scope.graph.tensor(operator.inputs[0]), scope.graph.output_tensor(operator)
    found = lookup_table(scope.graph, operator)
    assert found is not None  # noqa: S101 - placement has seen to it
    # the model's table goes by the tensor's own bytes
    by_stored = found[(every_stored() + stored_offset(source)) & 0xFF]
    table = by_stored.astype(np.int32) - stored_offset(output)
    rescaling = _rescaling(source, output, table) if operator.kind in _RESCALE else None
    if rescaling:
        return [lower_rescaling(rescaling, scope.site(operator))]
    return [_table_layer(scope, operator, operator.inputs[0], table, identity(1))]


def _rescaling(source: Tensor, output: Tensor, table: _Table) -> Requantisation | None:
    """Return what makes a table's numbers of its indices, so that no table is needed; None where nothing does."""
    multiplier, shift = quantize_multiplier(quantization_of(source).scale / quantization_of(output).scale)
    if abs(shift) > _MOST_SHIFT:
        return None
    offset, zero_point = np.int32(-stored_zero_point(source)), stored_zero_point(output)
    scaled = multiply_by_quantized_multiplier(every_stored() + offset, multiplier, shift)
    lowest, highest = int(table.min()), int(table.max())
    if not np.array_equal(np.clip(scaled.astype(np.int64) + zero_point, lowest, highest), table):
        return None
    bias = np.array([offset], np.int32)
    return with_bias(bias, multiplier, shift, zero_point=zero_point, lowest=lowest, highest=highest)


def _table_layer(scope: Scope, operator: Operator, source: int, table: _Table, finish: Requantisation) -> EngineLayer:
    return lower_table(table, finish, scope.site(operator, source=source))


def lower_addition(scope: Scope, operator: Operator) -> list[EngineLayer]:
    """Lower an ADD or SUB of two tensors, or of one and a constant of one element or one for each channel."""
    graph = scope.graph
    pair = [graph.tensor(index) for index in operator.inputs[:2]]
    scales = addition_scales(pair[0], pair[1], graph.output_tensor(operator))
    tables = np.stack([_scaled(pair[0], scales.one), _scaled(pair[1], scales.other)], axis=1)
    if operator.kind is OpKind.SUB:
        tables[:, 1] = -tables[:, 1]
    for varying, constant in ((0, 1), (1, 0)):
        if pair[constant].is_constant:
            finish = _finish(graph, operator, scales.output, tables[_bytes(pair[constant]), constant])
            return [_table_layer(scope, operator, operator.inputs[varying], tables[:, varying], finish)]
    finish = _finish(graph, operator, scales.output)
    if operator.inputs[0] == operator.inputs[1]:
        return [_table_layer(scope, operator, operator.inputs[0], tables.sum(axis=1, dtype=np.int32), finish)]
    before, (one, other) = spread_operand(scope, operator)
    return [*before, lower_sum(tables, finish, scope.site(operator, source=one), other)]


def _scaled(tensor: Tensor, factor: tuple[int, int]) -> _Table:
    """Return what an ADD makes of each stored number, before the sum."""
    steps = (every_stored() - np.int32(stored_zero_point(tensor))) << ADDITION_LEFT_SHIFT
    return multiply_by_quantized_multiplier(steps, *factor)


def _bytes(tensor: Tensor) -> _Table:
    """Return a constant's stored bytes, as unsigned numbers."""
    values: _Table = (constant_of(tensor).reshape(-1).astype(np.int32) - stored_offset(tensor)) & 0xFF
    return values


def _finish(graph: Graph, operator: Operator, factor: tuple[int, int], bias: _Table | None = None) -> Requantisation:
    output = graph.output_tensor(operator)
    activation = options_of(operator, BinaryOptions).activation
    lowest, highest = stored_limits(activation, output)
    added = np.zeros(1, np.int32) if bias is None else bias
    return with_bias(added, *factor, zero_point=stored_zero_point(output), lowest=lowest, highest=highest)


def lower_multiplication(scope: Scope, operator: Operator) -> list[EngineLayer]:
    """Lower a MUL of two tensors, or of one and a constant of one element or one for each channel."""
    graph = scope.graph
    pair = [graph.tensor(index) for index in operator.inputs[:2]]
    factor = quantize_multiplier(multiplication_factor(pair[0], pair[1], graph.output_tensor(operator)))
    finish = _finish(graph, operator, factor)
    steps = [every_stored() - np.int32(stored_zero_point(tensor)) for tensor in pair]
    for varying, constant in ((0, 1), (1, 0)):
        if pair[constant].is_constant:
            factors = steps[constant][_bytes(pair[constant])]
            if len(factors) > 1:
                return [_scaled_channels(scope, operator, operator.inputs[varying], factors, factor)]
            return [_table_layer(scope, operator, operator.inputs[varying], steps[varying] * factors, finish)]
    if operator.inputs[0] == operator.inputs[1]:
        return [_table_layer(scope, operator, operator.inputs[0], steps[0] * steps[1], finish)]
    before, (one, other) = spread_operand(scope, operator)
    offsets = [-stored_zero_point(tensor) for tensor in pair]
    return [*before, lower_product((offsets[0], offsets[1]), finish, scope.site(operator, source=one), other)]


def _scaled_channels(
    scope: Scope, operator: Operator, source: int, factors: _Table, factor: tuple[int, int]
) -> EngineLayer:
    bias = -stored_zero_point(scope.graph.tensor(source)) * factors
    finish = _finish(scope.graph, operator, factor, bias)
    return lower_channel_scaling(factors, finish, scope.site(operator, source=source))
