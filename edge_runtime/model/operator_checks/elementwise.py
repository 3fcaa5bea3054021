"""Operators that work value by value: arithmetic with broadcasting, tables, and the way into and out of 8 bits.

Source: TensorFlow Lite 2.14, the ``Prepare`` functions of ``add.cc``, ``sub.cc``, ``mul.cc``, ``maximum_minimum.cc``,
``activations.cc``, ``quantize.cc`` and ``dequantize.cc`` under ``lite/kernels``.
"""

from __future__ import annotations

import math

from edge_runtime.errors import ModelError
from edge_runtime.model.graph import (
    BinaryOptions,
    Graph,
    LeakyReluOptions,
    Operator,
    SoftmaxOptions,
    Tensor,
    describe,
    options_of,
    quantization_of,
)
from edge_runtime.model.operator_checks.needs import (
    FLOAT32,
    check_factors,
    ends,
    need_byte,
    need_int8,
    need_same_quantization,
    need_shape,
    need_signed,
    wrong,
)
from edge_runtime.model.scales import (
    activation_limits,
    addition_scales,
    float_ratio,
    hard_swish_factors,
    leaky_factor,
    limits_of,
    log_softmax_scales,
    multiplication_factor,
    prelu_factor,
    relu_limits,
    requantize_factor,
    rsqrt_factor,
    squared_difference_scales,
)
from edge_runtime.model.shapes import broadcast_shape

__all__ = [
    "check_absolute",
    "check_addition",
    "check_dequantize",
    "check_exponential",
    "check_extreme",
    "check_gelu",
    "check_hard_swish",
    "check_inverse_root",
    "check_leaky_relu",
    "check_log_softmax",
    "check_logistic",
    "check_multiplication",
    "check_prelu",
    "check_quantize",
    "check_relu",
    "check_softmax",
    "check_squared_difference",
    "check_tanh",
]

_SHARE = 1 / 256
_SOFTMAX_ZERO_POINT = -128
_LOG_SHARE, _LOG_ZERO_POINT = 1 / 16, 127
#: One more, and a row of equal inputs overflows TFLite's sum.
_SOFTMAX_LARGEST = 4095
_SOFTMAX_SMALLEST_PRODUCT = 2.0**-26
#: Broadcasting further is not in all of TFLite's kernels.
_BROADCAST_DIMENSIONS = 4
#: Below, TFLite's float tables leave the range of its integers.
_SMALLEST_TANH_SCALE = 2.0**-24
_MOST_STEPS = 2.0**30
#: Beyond, TFLite shifts by more bits than there are.
_SMALLEST_ROOT_FACTOR, _LARGEST_ROOT_FACTOR = 2.0**-10, 2.0**20
_LARGEST_EXPONENT = math.log(_MOST_STEPS)
#: The cubes of such numbers are no float32 any more.
_LARGEST_CUBED = 1e12


def _check_two(graph: Graph, operator: Operator) -> tuple[Tensor, Tensor, Tensor]:
    """Return both inputs and the output, which is as large as they broadcast to."""
    one, output = ends(graph, operator)
    other = graph.tensor(operator.inputs[1])
    need_int8(operator, "input 1", other)
    need_shape(operator, "output", output, broadcast_shape(operator, one.shape, other.shape), "the inputs' come to")
    if one.shape != other.shape and len(output.shape) > _BROADCAST_DIMENSIONS:
        found = f"has shape {list(output.shape)}; inputs of two shapes may have {_BROADCAST_DIMENSIONS} dimensions"
        raise wrong(operator, "output", output, found)
    return one, other, output


def check_addition(graph: Graph, operator: Operator) -> None:
    """Check an ADD or SUB."""
    tensors = _check_two(graph, operator)
    try:
        addition_scales(*tensors)
    except ModelError as error:
        raise ModelError(f"{describe(operator)} has scales out of proportion: {error}") from None
    activation_limits(options_of(operator, BinaryOptions).activation, tensors[2])


def check_squared_difference(graph: Graph, operator: Operator) -> None:
    """Check a SQUARED_DIFFERENCE."""
    tensors = _check_two(graph, operator)
    need_signed(operator, tensors[2])
    try:
        squared_difference_scales(*tensors)
    except ModelError as error:
        raise ModelError(f"{describe(operator)} has scales out of proportion: {error}") from None


def check_multiplication(graph: Graph, operator: Operator) -> None:
    """Check a MUL."""
    tensors = _check_two(graph, operator)
    check_factors(operator, multiplication_factor(*tensors))
    activation_limits(options_of(operator, BinaryOptions).activation, tensors[2])


def check_extreme(graph: Graph, operator: Operator) -> None:
    """Check a MAXIMUM or MINIMUM, which compares numbers as they are stored."""
    one, other, output = _check_two(graph, operator)
    need_same_quantization(operator, "input", one, output)
    need_same_quantization(operator, "input 1", other, output)


def _check_one(graph: Graph, operator: Operator) -> tuple[Tensor, Tensor]:
    source, output = ends(graph, operator)
    _need_same_shape(operator, source, output)
    return source, output


def check_relu(graph: Graph, operator: Operator) -> None:
    """Check a RELU, RELU6, RELU_0_TO_1 or RELU_N1_TO_1."""
    source, output = _check_one(graph, operator)
    check_factors(operator, float_ratio(source, output))
    relu_limits(operator.kind, output)


def check_leaky_relu(graph: Graph, operator: Operator) -> None:
    """Check a LEAKY_RELU."""
    source, output = _check_one(graph, operator)
    alpha = options_of(operator, LeakyReluOptions).alpha
    check_factors(operator, [float_ratio(source, output), leaky_factor(source, output, alpha)])


def check_prelu(graph: Graph, operator: Operator) -> None:
    """Check a PRELU."""
    source, alpha, output = _check_two(graph, operator)
    _need_same_shape(operator, source, output)
    check_factors(operator, [float_ratio(source, output), prelu_factor(source, alpha, output)])


def check_hard_swish(graph: Graph, operator: Operator) -> None:
    """Check a HARD_SWISH."""
    source, output = _check_one(graph, operator)
    try:
        hard_swish_factors(source, output)
    except ModelError as error:
        raise ModelError(f"{describe(operator)} has scales out of proportion: {error}") from None


def check_logistic(graph: Graph, operator: Operator) -> None:
    """Check a LOGISTIC."""
    _, output = _check_one(graph, operator)
    scale = quantization_of(output).scale
    if scale != _SHARE:
        raise wrong(operator, "output", output, f"has scale {scale:g}; LOGISTIC gives 1/256")


def check_absolute(graph: Graph, operator: Operator) -> None:
    """Check an ABS."""
    source, output = _check_one(graph, operator)
    need_signed(operator, output)
    check_factors(operator, float_ratio(source, output))


def check_exponential(graph: Graph, operator: Operator) -> None:
    """Check an EXP."""
    source, output = _check_one(graph, operator)
    need_signed(operator, output)
    given = quantization_of(source)
    largest = given.scale * (limits_of(source)[1] - given.zero_point)
    if largest - math.log(quantization_of(output).scale) > _LARGEST_EXPONENT:
        found = f"stands for up to {largest:g}, whose exponential is more of the output's steps than TFLite can count"
        raise wrong(operator, "input", source, found)


def check_gelu(graph: Graph, operator: Operator) -> None:
    """Check a GELU."""
    source, output = _check_one(graph, operator)
    given = quantization_of(source)
    largest = given.scale * max(abs(limit - given.zero_point) for limit in limits_of(source))
    if largest / quantization_of(output).scale >= _MOST_STEPS or largest > _LARGEST_CUBED:
        raise wrong(operator, "input", source, f"stands for up to {largest:g}, which is too much for GELU")


def check_inverse_root(graph: Graph, operator: Operator) -> None:
    """Check an RSQRT."""
    source, output = _check_one(graph, operator)
    need_signed(operator, output)
    zero_point, lowest = quantization_of(source).zero_point, limits_of(source)[0]
    if zero_point != lowest:
        found = f"has zero point {zero_point}; it must be {lowest}, as TFLite stops at roots of negative numbers"
        raise wrong(operator, "input", source, found)
    factor = rsqrt_factor(source, output)
    check_factors(operator, factor)
    if not _SMALLEST_ROOT_FACTOR <= factor < _LARGEST_ROOT_FACTOR:
        raise ModelError(f"{describe(operator)} has scales out of proportion: a factor of {factor:g} is out of range")


def check_tanh(graph: Graph, operator: Operator) -> None:
    """Check a TANH."""
    _, output = _check_one(graph, operator)
    scale = quantization_of(output).scale
    if scale < _SMALLEST_TANH_SCALE:
        raise wrong(operator, "output", output, f"has scale {scale:g}; TANH needs {_SMALLEST_TANH_SCALE:g} or more")


def check_quantize(graph: Graph, operator: Operator) -> None:
    """Check a QUANTIZE."""
    source, output = graph.tensor(operator.inputs[0]), graph.output_tensor(operator)
    need_byte(operator, "output", output)
    _need_same_shape(operator, source, output)
    if source.dtype == FLOAT32:
        return
    need_byte(operator, "input", source)
    check_factors(operator, requantize_factor(source, output))


def check_dequantize(graph: Graph, operator: Operator) -> None:
    """Check a DEQUANTIZE."""
    source, output = graph.tensor(operator.inputs[0]), graph.output_tensor(operator)
    need_byte(operator, "input", source)
    _need_same_shape(operator, source, output)
    if output.dtype != FLOAT32:
        raise wrong(operator, "output", output, f"is {output.dtype}; it must be float32")


def check_log_softmax(graph: Graph, operator: Operator) -> None:
    """Check a LOG_SOFTMAX."""
    source, output = _check_one(graph, operator)
    need_signed(operator, output)
    _need_rows(operator, source)
    scale = quantization_of(source).scale
    if log_softmax_scales(scale) is None:
        raise wrong(operator, "input", source, f"has scale {scale:g}; TFLite aborts unless it is above 2**-26")
    given = quantization_of(output)
    if (given.scale, given.zero_point) != (_LOG_SHARE, _LOG_ZERO_POINT):
        found = f"has scale {given.scale:g} and zero point {given.zero_point}; LOG_SOFTMAX gives 1/16 and 127"
        raise wrong(operator, "output", output, found)


def _need_rows(operator: Operator, source: Tensor) -> None:
    if not source.shape or source.shape[-1] > _SOFTMAX_LARGEST:
        found = f"has shape {list(source.shape)}; its last dimension must be 1 to {_SOFTMAX_LARGEST}"
        raise wrong(operator, "input", source, found)


def check_softmax(graph: Graph, operator: Operator) -> None:
    """Check a SOFTMAX."""
    source, output = _check_one(graph, operator)
    _need_rows(operator, source)
    _check_exponents(operator, source)
    given = quantization_of(output)
    if (given.scale, given.zero_point) != (_SHARE, _SOFTMAX_ZERO_POINT):
        found = f"has scale {given.scale:g} and zero point {given.zero_point}; softmax gives 1/256 and -128"
        raise wrong(operator, "output", output, found)


def _check_exponents(operator: Operator, source: Tensor) -> None:
    beta = options_of(operator, SoftmaxOptions).beta
    if not (math.isfinite(beta) and beta > 0):
        raise ModelError(f"{describe(operator)} has beta {beta}; it must be positive and finite")
    product = beta * quantization_of(source).scale
    if product <= _SOFTMAX_SMALLEST_PRODUCT:
        raise wrong(operator, "input", source, f"has beta x scale {product:g}; TFLite aborts unless it is above 2**-26")


def _need_same_shape(operator: Operator, source: Tensor, output: Tensor) -> None:
    need_shape(operator, "output", output, source.shape, "the input's is")
