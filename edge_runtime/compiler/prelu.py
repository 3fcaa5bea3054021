"""PRELU with a factor for each channel, as three layers of the vector unit.

What is above zero and what is below are computed apart, each with zero in place of the other, and added: exact, as one
of the two is always zero. With one factor for all channels a PRELU is a table (`elementwise.py`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from edge_runtime.compiler.channel_scaling import lower_channel_scaling
from edge_runtime.compiler.elementwise import lower_lookup
from edge_runtime.compiler.elementwise_lowering import lower_sum, lower_table
from edge_runtime.compiler.engine_layer import EngineLayer
from edge_runtime.compiler.layout import form_of
from edge_runtime.compiler.requantisation import identity, with_bias
from edge_runtime.compiler.scope import Scope, Site
from edge_runtime.compiler.stored import stored_zero_point
from edge_runtime.model.channels import constant_of
from edge_runtime.model.fixed_point import multiply_by_quantized_multiplier, quantize_multiplier
from edge_runtime.model.graph import Graph, Operator, OpKind, Tensor, quantization_of
from edge_runtime.model.kernels.tables import lookup_table
from edge_runtime.model.scales import float_ratio, limits_of, prelu_factor

__all__ = ["has_channel_factors", "lower_prelu", "prelu_scratch"]

_Numbers = npt.NDArray[np.int32]


def has_channel_factors(graph: Graph, operator: Operator) -> bool:
    """Return whether a PRELU has a constant factor for each channel."""
    alpha = graph.tensor(operator.inputs[1])
    channels = form_of(graph.tensor(operator.inputs[0]).shape).channels
    return alpha.is_constant and alpha.size == channels == (1, *alpha.shape)[-1]


def prelu_scratch(graph: Graph, operators: Collection[int]) -> dict[int, tuple[int, int]]:
    """Return, by operator, the numbers of the two tensors between a PRELU's three layers; they lie as its input."""
    behind, count = len(graph.tensors), len(graph.operators)
    return {
        index: (behind + index, behind + count + index)
        for index in operators
        if graph.operators[index].kind is OpKind.PRELU and lookup_table(graph, graph.operators[index]) is None
    }


def lower_prelu(scope: Scope, operator: Operator) -> list[EngineLayer]:
    """Lower a PRELU whose factors are constants, one or one for each channel."""
    if operator.index not in scope.scratch:
        return lower_lookup(scope, operator)
    source, alpha = (scope.graph.tensor(index) for index in operator.inputs)
    output, (below, scaled) = scope.graph.output_tensor(operator), scope.scratch[operator.index]
    values = np.arange(256, dtype=np.uint8).view(np.int8).astype(np.int32)
    zero, output_zero = stored_zero_point(source), stored_zero_point(output)

    negative = lower_table(np.minimum(values, zero), identity(1), _site(scope, operator, source.index, below))
    factors = constant_of(alpha).reshape(-1).astype(np.int32) - np.int32(quantization_of(alpha).zero_point)
    factor = quantize_multiplier(prelu_factor(source, alpha, output))
    finish = with_bias(-zero * factors, *factor, zero_point=output_zero)
    product = lower_channel_scaling(factors, finish, _site(scope, operator, below, scaled))
    tables = np.stack([_positive(values - zero, source, output), values - output_zero], axis=1)
    total = lower_sum(tables.astype(np.int32), identity(1), scope.site(operator, source=source.index), scaled)
    return [negative, product, total]


def _positive(steps: _Numbers, source: Tensor, output: Tensor) -> _Numbers:
    """Return what becomes of numbers less their zero point where they are positive, and of zero."""
    factor = quantize_multiplier(float_ratio(source, output))
    scaled = multiply_by_quantized_multiplier(np.maximum(steps, 0), *factor)
    return np.clip(scaled + np.int32(stored_zero_point(output)), *limits_of(output))


def _site(scope: Scope, operator: Operator, source: int, target: int) -> Site:
    return replace(scope.site(operator, source=source), target=target, target_layout=scope.layouts[target])
