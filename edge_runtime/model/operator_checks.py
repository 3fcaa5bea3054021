"""Checks one operator: that its tensors' shapes, types and quantisation are what TFLite's int8 kernels compute with.

Each rule is TFLite's own or stricter; where TFLite would read beyond a tensor or abort the process, there is a
rule here.

Source: TensorFlow Lite 2.14, the ``Prepare`` functions under ``lite/kernels``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import ModelError
from edge_runtime.model.fixed_point import quantize_multiplier
from edge_runtime.model.graph import (
    FullyConnectedOptions,
    Graph,
    Operator,
    OpKind,
    Quantization,
    SoftmaxOptions,
    Tensor,
    describe,
    options_of,
    quantization_of,
)
from edge_runtime.model.scales import activation_limits, fully_connected_factors, requantize_factor

__all__ = ["check_operator", "shape_matches"]

_INT8, _INT32, _FLOAT32 = (np.dtype(t) for t in (np.int8, np.int32, np.float32))

#: Which input of a FULLY_CONNECTED is the bias.
_BIAS = 2

#: TFLite's tolerance for a bias whose scale is not input scale x weight scale, in output steps.
_BIAS_SCALE_TOLERANCE = 0.02

_SOFTMAX_SCALE, _SOFTMAX_ZERO_POINT = 1 / 256, -128
#: One more, and a row of equal inputs overflows TFLite's sum.
_SOFTMAX_LARGEST = 4095
_SOFTMAX_SMALLEST_PRODUCT = 2.0**-26

_ADVICE = {
    _FLOAT32: "give an int8 model, e.g. converted with representative data and TFLITE_BUILTINS_INT8",
    np.dtype(np.uint8): "the older uint8 scheme is not supported; convert the model again, to int8",
    np.dtype(np.int16): "16-bit activations are not supported yet; convert the model again, to int8",
}


def check_operator(graph: Graph, operator: Operator) -> None:
    """Check one operator, whose tensor indices are known to be in range.

    Raises
    ------
    ModelError
        If TFLite's int8 kernel would refuse, crash on, or read something else than it should from these tensors.
    """
    fewest, most = _INPUT_COUNTS[operator.kind]
    # TFLite reads through a null pointer where another input than a bias is absent
    needed = operator.inputs[:_BIAS] if operator.kind is OpKind.FULLY_CONNECTED else operator.inputs
    if not fewest <= len(operator.inputs) <= most or -1 in needed:
        raise ModelError(f"{describe(operator)} has inputs {list(operator.inputs)}; it needs {fewest} to {most}")
    if len(operator.outputs) != 1:
        raise ModelError(f"{describe(operator)} has {len(operator.outputs)} outputs; it needs 1")
    _CHECKS[operator.kind](graph, operator)


def shape_matches(asked: Sequence[int], shape: tuple[int, ...]) -> bool:
    """Return whether a RESHAPE that asks for `asked`, where one length may be -1, gives `shape`, sizes being equal."""
    if len(asked) != len(shape) or list(asked).count(-1) > 1:
        return False
    return all(want in (-1, have) for want, have in zip(asked, shape, strict=True))


def _fully_connected(graph: Graph, operator: Operator) -> None:
    source, weights = graph.tensor(operator.inputs[0]), graph.tensor(operator.inputs[1])
    output = graph.output_tensor(operator)
    _need_int8(operator, "input", source)
    _need_int8(operator, "output", output)
    _check_weights(operator, weights)
    _check_product(operator, source, weights, output)
    _check_factors(operator, fully_connected_factors(source, weights, output))
    activation_limits(options_of(operator, FullyConnectedOptions).activation, output)
    bias = _optional(graph, operator, _BIAS)
    if bias is not None:
        _check_bias(operator, weights, bias)
        _check_bias_scale(operator, source, weights, bias, output)


def _check_weights(operator: Operator, weights: Tensor) -> None:
    _need_constant(operator, "weights", weights)
    quantization = _need_quantized(operator, "weights", weights, _INT8)
    if len(weights.shape) != 2:
        raise _wrong(operator, "weights", weights, f"has shape {list(weights.shape)}; it must be [outputs, inputs]")
    if quantization.zero_points.any():
        raise _wrong(
            operator, "weights", weights, f"has zero points {quantization.zero_points.tolist()}; they must be 0"
        )
    if not quantization.per_tensor and quantization.axis != 0:
        raise _wrong(operator, "weights", weights, f"has scales along dimension {quantization.axis}; it must be 0")


def _check_product(operator: Operator, source: Tensor, weights: Tensor, output: Tensor) -> None:
    classes, features = weights.shape
    expected: tuple[int, ...] = (source.size // features, classes)
    fits = source.shape != () and source.size % features == 0
    if options_of(operator, FullyConnectedOptions).keep_num_dims:
        expected = (*source.shape[:-1], classes)
        fits = source.shape[-1:] == (features,)
    if not fits:
        raise _wrong(operator, "input", source, f"has shape {list(source.shape)}; the weights take {features} features")
    if output.shape != expected:
        raise _wrong(operator, "output", output, f"has shape {list(output.shape)}; it must be {list(expected)}")


def _check_bias(operator: Operator, weights: Tensor, bias: Tensor) -> None:
    _need_constant(operator, "bias", bias)
    quantization = _need_quantized(operator, "bias", bias, _INT32)
    if bias.shape != weights.shape[:1]:
        raise _wrong(operator, "bias", bias, f"has shape {list(bias.shape)}; it must be {list(weights.shape[:1])}")
    if quantization.zero_points.any():
        raise _wrong(operator, "bias", bias, f"has zero points {quantization.zero_points.tolist()}; they must be 0")
    if len(quantization.scales) != len(quantization_of(weights).scales):
        raise _wrong(operator, "bias", bias, f"has {len(quantization.scales)} scales; it needs as many as the weights")


def _check_bias_scale(operator: Operator, source: Tensor, weights: Tensor, bias: Tensor, output: Tensor) -> None:
    """Check what TFLite checks: that one step of bias is one step of the products."""
    expected = quantization_of(source).scale * _scales(weights)
    off = np.abs(_scales(bias) - expected) / quantization_of(output).scale
    worst = int(off.argmax())
    if off[worst] > _BIAS_SCALE_TOLERANCE:
        found = f"has scale {_scales(bias)[worst]:g}; input scale x weight scale is {expected[worst]:g}"
        raise _wrong(operator, "bias", bias, found)


def _reshape(graph: Graph, operator: Operator) -> None:
    source, output = graph.tensor(operator.inputs[0]), graph.output_tensor(operator)
    _need_int8(operator, "input", source)
    _need_int8(operator, "output", output)
    if source.size != output.size:
        found = f"has shape {list(output.shape)}; it must hold the input's {source.size} elements"
        raise _wrong(operator, "output", output, found)
    shape = _optional(graph, operator, 1)
    if shape is not None:
        _check_shape_input(operator, shape, output)


def _check_shape_input(operator: Operator, shape: Tensor, output: Tensor) -> None:
    _need_constant(operator, "shape", shape)
    if shape.dtype != _INT32 or len(shape.shape) != 1 or shape.data is None:
        raise _wrong(operator, "shape", shape, f"is {shape.dtype} {list(shape.shape)}; it must be an int32 vector")
    asked = shape.data.tolist()
    if not shape_matches(asked, output.shape):
        raise _wrong(operator, "output", output, f"has shape {list(output.shape)}; what is asked for is {asked}")


def _quantize(graph: Graph, operator: Operator) -> None:
    source, output = graph.tensor(operator.inputs[0]), graph.output_tensor(operator)
    _need_int8(operator, "output", output)
    _need_same_shape(operator, source, output)
    if source.dtype == _FLOAT32:
        return
    _need_int8(operator, "input", source)
    _check_factors(operator, np.array([requantize_factor(source, output)]))


def _dequantize(graph: Graph, operator: Operator) -> None:
    source, output = graph.tensor(operator.inputs[0]), graph.output_tensor(operator)
    _need_int8(operator, "input", source)
    _need_same_shape(operator, source, output)
    if output.dtype != _FLOAT32:
        raise _wrong(operator, "output", output, f"is {output.dtype}; it must be float32")


def _softmax(graph: Graph, operator: Operator) -> None:
    source, output = graph.tensor(operator.inputs[0]), graph.output_tensor(operator)
    _need_int8(operator, "input", source)
    _need_int8(operator, "output", output)
    _need_same_shape(operator, source, output)
    if not source.shape or source.shape[-1] > _SOFTMAX_LARGEST:
        found = f"has shape {list(source.shape)}; its last dimension must be 1 to {_SOFTMAX_LARGEST}"
        raise _wrong(operator, "input", source, found)
    _check_exponents(operator, source)
    given = quantization_of(output)
    if (given.scale, given.zero_point) != (_SOFTMAX_SCALE, _SOFTMAX_ZERO_POINT):
        found = f"has scale {given.scale:g} and zero point {given.zero_point}; softmax gives 1/256 and -128"
        raise _wrong(operator, "output", output, found)


def _check_exponents(operator: Operator, source: Tensor) -> None:
    beta = options_of(operator, SoftmaxOptions).beta
    if not (math.isfinite(beta) and beta > 0):
        raise ModelError(f"{describe(operator)} has beta {beta}; it must be positive and finite")
    product = beta * quantization_of(source).scale
    if product <= _SOFTMAX_SMALLEST_PRODUCT:
        raise _wrong(
            operator, "input", source, f"has beta x scale {product:g}; TFLite aborts unless it is above 2**-26"
        )


def _optional(graph: Graph, operator: Operator, position: int) -> Tensor | None:
    index = operator.inputs[position] if position < len(operator.inputs) else -1
    return None if index == -1 else graph.tensor(index)


def _scales(tensor: Tensor) -> npt.NDArray[np.float64]:
    return quantization_of(tensor).scales.astype(np.float64)


def _check_factors(operator: Operator, factors: npt.NDArray[np.float64]) -> None:
    try:
        quantize_multiplier(float(factors.max()))
    except ModelError as error:
        raise ModelError(f"{describe(operator)} has scales out of proportion: {error}") from None


def _need_int8(operator: Operator, role: str, tensor: Tensor) -> None:
    if not _need_quantized(operator, role, tensor, _INT8).per_tensor:
        raise _wrong(operator, role, tensor, "has a scale per channel; only weights may")


def _need_quantized(operator: Operator, role: str, tensor: Tensor, dtype: np.dtype[np.generic]) -> Quantization:
    if tensor.dtype != dtype:
        advice = _ADVICE.get(tensor.dtype, f"it must be {dtype}")
        raise _wrong(operator, role, tensor, f"is {tensor.dtype}: {advice}")
    if tensor.quantization is None:
        raise _wrong(operator, role, tensor, "has no scale and zero point")
    return tensor.quantization


def _need_constant(operator: Operator, role: str, tensor: Tensor) -> None:
    if not tensor.is_constant:
        raise _wrong(operator, role, tensor, "is computed at run time; it must be a constant")


def _need_same_shape(operator: Operator, source: Tensor, output: Tensor) -> None:
    if source.shape != output.shape:
        found = f"has shape {list(output.shape)}; the input's is {list(source.shape)}"
        raise _wrong(operator, "output", output, found)


def _wrong(operator: Operator, role: str, tensor: Tensor, found: str) -> ModelError:
    return ModelError(f"{describe(operator)}, {role}: {describe(tensor)} {found}")


_INPUT_COUNTS: Mapping[OpKind, tuple[int, int]] = {
    OpKind.FULLY_CONNECTED: (2, 3),
    OpKind.RESHAPE: (1, 2),
    OpKind.QUANTIZE: (1, 1),
    OpKind.DEQUANTIZE: (1, 1),
    OpKind.SOFTMAX: (1, 1),
}

_CHECKS: Mapping[OpKind, Callable[[Graph, Operator], None]] = {
    OpKind.FULLY_CONNECTED: _fully_connected,
    OpKind.RESHAPE: _reshape,
    OpKind.QUANTIZE: _quantize,
    OpKind.DEQUANTIZE: _dequantize,
    OpKind.SOFTMAX: _softmax,
}
