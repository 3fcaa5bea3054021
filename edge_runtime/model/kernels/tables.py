"""Operators on single 8-bit values: what becomes of each of the 256, as a table.

Source: TensorFlow Lite 2.14, ``lite/kernels/activations.cc`` (``PopulateLookupTable`` and ``ReluX`` among it),
``reference/hard_swish.h``, ``reference/leaky_relu.h`` and ``reference/requantize.h`` under ``lite/kernels/internal``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.model.fixed_point import Rounding, multiply_by_quantized_multiplier, quantize_multiplier
from edge_runtime.model.graph import (
    GeluOptions,
    Graph,
    LeakyReluOptions,
    Operator,
    OpKind,
    Tensor,
    options_of,
    quantization_of,
)
from edge_runtime.model.kernels.hard_swish import hard_swish_steps
from edge_runtime.model.kernels.inverse_root import inverse_square_root
from edge_runtime.model.kernels.kernel import Kernel
from edge_runtime.model.kernels.prelu import prelu_steps
from edge_runtime.model.kernels.table import every_value, table_kernel
from edge_runtime.model.scales import (
    float_ratio,
    leaky_factor,
    limits_of,
    relu_limits,
    requantize_factor,
    rsqrt_factor,
)

__all__ = ["lookup_table", "prepare_table"]

_Steps = npt.NDArray[np.int32]

#: Inverse roots are kept with so many bits after the point.
_ROOT_SHIFT = 20


def lookup_table(graph: Graph, operator: Operator) -> npt.NDArray[Any] | None:
    """Return what an operator makes of each value of its input, where that is all that it does.

    Returns
    -------
    numpy.ndarray or None
        [256], of the output's dtype (int8 or uint8), by the input's byte read as an unsigned number: for an int8 input
        0…127 come first, and then -128…-1. None for operators that are no such table.
    """
    source = graph.tensor(operator.inputs[0])
    if operator.kind in _OF_TWO:
        return _OF_TWO[operator.kind](graph, operator)
    table = _TABLES.get(operator.kind)
    if table is None or source.dtype not in (np.int8, np.uint8):
        return None
    output = graph.output_tensor(operator)
    if output.dtype not in (np.int8, np.uint8):
        return None
    steps = table(operator, source, output)
    return np.clip(steps, *limits_of(output)).astype(output.dtype)


def prepare_table(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (always double)
    """Return an operator that is a table as a kernel."""
    table = lookup_table(graph, operator)
    assert table is not None  # noqa: S101 - the checks let nothing else through
    return table_kernel(table)


def _centred(source: Tensor) -> _Steps:
    return every_value(source.dtype) - np.int32(quantization_of(source).zero_point)


def _requantize(operator: Operator, source: Tensor, output: Tensor) -> _Steps:  # noqa: ARG001 (tables have one signature)
    factor = quantize_multiplier(requantize_factor(source, output))
    return multiply_by_quantized_multiplier(_centred(source), *factor) + np.int32(quantization_of(output).zero_point)


def _relu(operator: Operator, source: Tensor, output: Tensor) -> _Steps:
    scaled = multiply_by_quantized_multiplier(_centred(source), *quantize_multiplier(float_ratio(source, output)))
    return np.clip(scaled + np.int32(quantization_of(output).zero_point), *relu_limits(operator.kind, output))


def _leaky_relu(operator: Operator, source: Tensor, output: Tensor) -> _Steps:
    steps = _centred(source)
    above = multiply_by_quantized_multiplier(steps, *quantize_multiplier(float_ratio(source, output)))
    alpha = options_of(operator, LeakyReluOptions).alpha
    below = multiply_by_quantized_multiplier(steps, *quantize_multiplier(leaky_factor(source, output, alpha)))
    return np.where(steps >= 0, above, below) + np.int32(quantization_of(output).zero_point)


def _hard_swish(operator: Operator, source: Tensor, output: Tensor) -> _Steps:  # noqa: ARG001 (tables have one signature)
    return hard_swish_steps(_centred(source), source, output)


def _absolute(operator: Operator, source: Tensor, output: Tensor) -> _Steps:  # noqa: ARG001 (tables have one signature)
    scaled = np.abs(_centred(source))
    if quantization_of(source).scale != quantization_of(output).scale:
        scaled = multiply_by_quantized_multiplier(scaled, *quantize_multiplier(float_ratio(source, output)))
    return scaled + np.int32(quantization_of(output).zero_point)


def _inverse_root(operator: Operator, source: Tensor, output: Tensor) -> _Steps:  # noqa: ARG001 (tables have one signature)
    steps = _centred(source)
    multipliers, shifts = inverse_square_root(steps.astype(np.int64))
    fine = (shifts + _ROOT_SHIFT).astype(np.int32)
    roots = multiply_by_quantized_multiplier(np.ones_like(steps), multipliers.astype(np.int32), fine)
    multiplier, shift = quantize_multiplier(rsqrt_factor(source, output))
    scaled = multiply_by_quantized_multiplier(roots, multiplier, shift - _ROOT_SHIFT)
    # the largest number stands for one over nothing
    return np.where(steps == 0, limits_of(output)[1], scaled + np.int32(quantization_of(output).zero_point))


def _bounded(graph: Graph, operator: Operator) -> npt.NDArray[Any] | None:
    """Return a MAXIMUM or MINIMUM as a table, where the second of its operands is one number."""
    source, bound = (graph.tensor(index) for index in operator.inputs)
    if bound.data is None or bound.size != 1 or graph.output_tensor(operator).shape != source.shape:
        return None
    extreme = np.maximum if operator.kind is OpKind.MAXIMUM else np.minimum
    return np.asarray(extreme(every_value(source.dtype), bound.data.reshape(-1)[0])).astype(source.dtype)


def _prelu(graph: Graph, operator: Operator) -> npt.NDArray[Any] | None:
    """Return a PRELU as a table, where there is but one factor for what is negative."""
    source, alpha = (graph.tensor(index) for index in operator.inputs)
    output = graph.output_tensor(operator)
    if alpha.data is None or alpha.data.min() != alpha.data.max():
        return None
    steps = prelu_steps(every_value(source.dtype), alpha.data.reshape(-1)[:1], source, alpha, output)
    return np.clip(steps, *limits_of(output)).astype(output.dtype)


def _real_function(function: Callable[[float], np.float32]) -> Callable[[Operator, Tensor, Tensor], _Steps]:
    """Return a table of a function of reals, rounded to float32 wherever TFLite is."""

    def steps(operator: Operator, source: Tensor, output: Tensor) -> _Steps:  # noqa: ARG001 (tables have one signature)
        with np.errstate(over="ignore"):
            reals = quantization_of(source).scales[0] * _centred(source).astype(np.float32)
        inverse = np.float32(1) / quantization_of(output).scales[0]
        values = np.array([function(float(real)) for real in reals], np.float32) * inverse
        rounded = np.trunc(values + np.copysign(0.5, values, dtype=np.float64)).astype(np.float32)
        return np.asarray(rounded + np.float32(quantization_of(output).zero_point)).astype(np.int64).astype(np.int32)

    return steps


def _tanh(real: float) -> np.float32:
    return np.float32(math.tanh(real))


def _logistic(real: float) -> np.float32:
    with np.errstate(over="ignore"):
        exponential = np.float32(np.exp(np.float64(-real)))
    return np.float32(1) / (np.float32(1) + exponential)


def _exp(real: float) -> np.float32:
    with np.errstate(over="ignore"):
        return np.float32(np.exp(np.float64(real)))


def _gelu(operator: Operator, source: Tensor, output: Tensor) -> _Steps:
    approximate = options_of(operator, GeluOptions).approximate
    return _real_function(_gelu_by_tanh if approximate else _gelu_by_erf)(operator, source, output)


def _gelu_by_erf(real: float) -> np.float32:
    x = np.float32(real)
    error = np.float32(math.erf(float(x * np.float32(math.sqrt(0.5)))))
    return np.float32(0.5) * x * (np.float32(1) + error)


def _gelu_by_tanh(real: float) -> np.float32:
    x = np.float32(real)
    inner = np.float32(math.sqrt(2 / math.pi)) * (x + np.float32(0.044715) * x * x * x)
    return np.float32(0.5) * x * (np.float32(1) + np.float32(math.tanh(float(inner))))


_TABLES: Mapping[OpKind, Callable[[Operator, Tensor, Tensor], _Steps]] = {
    OpKind.ABS: _absolute,
    OpKind.EXP: _real_function(_exp),
    OpKind.GELU: _gelu,
    OpKind.HARD_SWISH: _hard_swish,
    OpKind.LEAKY_RELU: _leaky_relu,
    OpKind.LOGISTIC: _real_function(_logistic),
    OpKind.QUANTIZE: _requantize,
    OpKind.RELU: _relu,
    OpKind.RELU6: _relu,
    OpKind.RELU_0_TO_1: _relu,
    OpKind.RELU_N1_TO_1: _relu,
    OpKind.RSQRT: _inverse_root,
    OpKind.TANH: _real_function(_tanh),
}

#: Of two operands, of which one may be a constant.
_OF_TWO: Mapping[OpKind, Callable[[Graph, Operator], npt.NDArray[Any] | None]] = {
    OpKind.MAXIMUM: _bounded,
    OpKind.MINIMUM: _bounded,
    OpKind.PRELU: _prelu,
}
