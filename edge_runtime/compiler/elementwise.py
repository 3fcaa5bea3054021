"""ADD, SUB, MUL and the operators that are tables, as engine layers.

ADD and SUB scale each input before they sum: that is a table for each, and the sum goes through a requantisation
lane. A constant operand of one element is part of the table.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge_runtime.compiler.elementwise_lowering import lower_product, lower_sum, lower_table
from edge_runtime.compiler.engine_layer import EngineLayer
from edge_runtime.compiler.requantisation import Requantisation, identity, with_bias
from edge_runtime.compiler.scope import Scope
from edge_runtime.compiler.stored import stored_limits, stored_offset, stored_zero_point
from edge_runtime.model.channels import constant_of
from edge_runtime.model.fixed_point import multiply_by_quantized_multiplier, quantize_multiplier
from edge_runtime.model.graph import BinaryOptions, Graph, Operator, OpKind, Tensor, options_of
from edge_runtime.model.kernels.tables import lookup_table
from edge_runtime.model.scales import ADDITION_LEFT_SHIFT, addition_scales, multiplication_factor

__all__ = ["lower_addition", "lower_lookup", "lower_multiplication"]

_Table = npt.NDArray[np.int32]


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
    return [_table_layer(scope, operator, operator.inputs[0], table, identity(1))]


def _table_layer(scope: Scope, operator: Operator, source: int, table: _Table, finish: Requantisation) -> EngineLayer:
    return lower_table(table, finish, scope.site(operator, source=source))


def lower_addition(scope: Scope, operator: Operator) -> list[EngineLayer]:
    """Lower an ADD or SUB of two tensors that lie alike, or of one and a constant of one element."""
    graph = scope.graph
    one, other = (graph.tensor(index) for index in operator.inputs[:2])
    scales = addition_scales(one, other, graph.output_tensor(operator))
    tables = np.stack([_scaled(one, scales.one), _scaled(other, scales.other)], axis=1)
    if operator.kind is OpKind.SUB:
        tables[:, 1] = -tables[:, 1]
    finish = _finish(graph, operator, scales.output)
    for varying, constant in ((0, 1), (1, 0)):
        tensor = graph.tensor(operator.inputs[constant])
        if tensor.is_constant:
            table = tables[:, varying] + tables[_byte(tensor), constant]
            return [_table_layer(scope, operator, operator.inputs[varying], table, finish)]
    return [lower_sum(tables, finish, scope.site(operator), operator.inputs[1])]


def _scaled(tensor: Tensor, factor: tuple[int, int]) -> _Table:
    """Return what an ADD makes of each stored number, before the sum."""
    steps = (every_stored() - np.int32(stored_zero_point(tensor))) << ADDITION_LEFT_SHIFT
    return multiply_by_quantized_multiplier(steps, *factor)


def _byte(tensor: Tensor) -> int:
    """Return the stored byte, as an unsigned number, of a constant of one element."""
    return (int(constant_of(tensor).reshape(-1)[0]) - stored_offset(tensor)) & 0xFF


def _finish(graph: Graph, operator: Operator, factor: tuple[int, int]) -> Requantisation:
    output = graph.output_tensor(operator)
    activation = options_of(operator, BinaryOptions).activation
    lowest, highest = stored_limits(activation, output)
    return with_bias(
        np.zeros(1, np.int32), *factor, zero_point=stored_zero_point(output), lowest=lowest, highest=highest
    )


def lower_multiplication(scope: Scope, operator: Operator) -> list[EngineLayer]:
    """Lower a MUL of two tensors that lie alike, or of one and a constant of one element."""
    graph = scope.graph
    pair = [graph.tensor(index) for index in operator.inputs[:2]]
    factor = quantize_multiplier(multiplication_factor(pair[0], pair[1], graph.output_tensor(operator)))
    finish = _finish(graph, operator, factor)
    steps = [every_stored() - np.int32(stored_zero_point(tensor)) for tensor in pair]
    for varying, constant in ((0, 1), (1, 0)):
        if pair[constant].is_constant:
            table = steps[varying] * steps[constant][_byte(pair[constant])]
            return [_table_layer(scope, operator, operator.inputs[varying], table, finish)]
    offsets = [-stored_zero_point(tensor) for tensor in pair]
    return [lower_product((offsets[0], offsets[1]), finish, scope.site(operator), operator.inputs[1])]
