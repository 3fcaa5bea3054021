"""FULLY_CONNECTED, CONV_2D, DEPTHWISE_CONV_2D and TRANSPOSE_CONV.

Source: TensorFlow Lite 2.14, ``fully_connected.cc``, ``conv.cc``, ``depthwise_conv.cc``, ``transpose_conv.cc`` and
``kernel_util.cc`` under ``lite/kernels``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import ModelError
from edge_runtime.model.channels import bias_of, channel_factors, source_of
from edge_runtime.model.geometry import check_padded, transposed_window, window_of
from edge_runtime.model.graph import (
    Conv2DOptions,
    DepthwiseConv2DOptions,
    FullyConnectedOptions,
    Graph,
    Operator,
    Tensor,
    TransposeConvOptions,
    describe,
    options_of,
    quantization_of,
)
from edge_runtime.model.operator_checks.needs import (
    INT8,
    INT32,
    check_factors,
    ends,
    need_constant,
    need_int8,
    need_quantized,
    need_rank,
    need_shape,
    need_vector,
    wrong,
)
from edge_runtime.model.scales import activation_limits

__all__ = ["check_convolution", "check_depthwise", "check_fully_connected", "check_transpose_convolution"]

#: TFLite's tolerance for a bias whose scale is not input scale x weight scale, in output steps.
_BIAS_SCALE_TOLERANCE = 0.02

#: TFLite keeps strides in 16 bits.
_LONGEST_STRIDE = (1 << 15) - 1


def check_fully_connected(graph: Graph, operator: Operator) -> None:
    """Check a FULLY_CONNECTED."""
    source, output = ends(graph, operator)
    weights = graph.tensor(operator.inputs[1])
    _check_weights(operator, weights, rank=2, axis=0, layout="[outputs, inputs]")
    _check_product(operator, source, weights, output)
    check_factors(operator, channel_factors(graph, operator))
    activation_limits(options_of(operator, FullyConnectedOptions).activation, output)
    bias = bias_of(graph, operator)
    if bias is not None:
        _check_bias(operator, bias, channels=weights.shape[0], scales=len(quantization_of(weights).scales))
        _check_bias_scale(operator, source, weights, bias, output)


def check_convolution(graph: Graph, operator: Operator) -> None:
    """Check a CONV_2D; fewer input channels in the weights than in the picture make it a grouped one."""
    source, output = ends(graph, operator)
    weights = graph.tensor(operator.inputs[1])
    need_rank(operator, "input", source, [4])
    _check_weights(operator, weights, rank=4, axis=0, layout="[outputs, height, width, inputs]")
    channels = source.shape[3]
    groups = channels // weights.shape[3]
    if groups == 0 or channels % weights.shape[3] or weights.shape[0] % groups:
        found = f"has shape {list(weights.shape)}, which does not divide {channels} input channels"
        raise wrong(operator, "weights", weights, found)
    activation = options_of(operator, Conv2DOptions).activation
    _check_windowed(graph, operator, weights.shape[0])
    activation_limits(activation, output)


def check_depthwise(graph: Graph, operator: Operator) -> None:
    """Check a DEPTHWISE_CONV_2D."""
    source, output = ends(graph, operator)
    weights = graph.tensor(operator.inputs[1])
    need_rank(operator, "input", source, [4])
    _check_weights(operator, weights, rank=4, axis=3, layout="[1, height, width, outputs]")
    options = options_of(operator, DepthwiseConv2DOptions)
    channels, outputs = source.shape[3], weights.shape[3]
    if weights.shape[0] != 1 or outputs % channels:
        found = f"has shape {list(weights.shape)}; it must be [1, height, width, a multiple of {channels}]"
        raise wrong(operator, "weights", weights, found)
    if options.depth_multiplier != outputs // channels:
        found = f"makes {outputs} channels of {channels}; the option says {options.depth_multiplier} of each"
        raise wrong(operator, "weights", weights, found)
    _check_windowed(graph, operator, outputs)
    activation_limits(options.activation, output)


def _check_windowed(graph: Graph, operator: Operator, channels: int) -> None:
    window = window_of(graph, operator)
    output, source = graph.output_tensor(operator), graph.tensor(operator.inputs[0])
    check_padded(operator, source.shape, window)
    need_shape(operator, "output", output, (source.shape[0], window.h.outputs, window.w.outputs, channels))
    check_factors(operator, channel_factors(graph, operator))
    _check_optional_bias(graph, operator, channels)


def check_transpose_convolution(graph: Graph, operator: Operator) -> None:
    """Check a TRANSPOSE_CONV; the picture it gives may have any size, as in TFLite."""
    source, output = source_of(graph, operator), graph.output_tensor(operator)
    weights = graph.tensor(operator.inputs[1])
    for role, tensor in (("input", source), ("output", output)):
        need_int8(operator, role, tensor)
        need_rank(operator, role, tensor, [4])
    need_vector(graph, operator, 0, "output shape", output.shape)
    _check_weights(operator, weights, rank=4, axis=0, layout="[outputs, height, width, inputs]")
    outputs, _, _, inputs = weights.shape
    need_shape(operator, "input", source, (output.shape[0], *source.shape[1:3], inputs))
    need_shape(operator, "output", output, (*output.shape[:3], outputs))
    options = options_of(operator, TransposeConvOptions)
    if max(options.stride_h, options.stride_w) > _LONGEST_STRIDE:
        found = f"has strides of {options.stride_h} and {options.stride_w}; {_LONGEST_STRIDE} is the most"
        raise ModelError(f"{describe(operator)} {found}")
    transposed_window(graph, operator)
    check_factors(operator, channel_factors(graph, operator))
    _check_optional_bias(graph, operator, outputs)
    activation_limits(options.activation, output)


def _check_optional_bias(graph: Graph, operator: Operator, channels: int) -> None:
    bias, output = bias_of(graph, operator), graph.output_tensor(operator)
    if bias is None:
        return
    _check_bias(operator, bias, channels=channels, scales=None)
    if output.unsigned:
        _check_bias_scale(operator, source_of(graph, operator), graph.tensor(operator.inputs[1]), bias, output)


def _check_weights(operator: Operator, weights: Tensor, *, rank: int, axis: int, layout: str) -> None:
    need_constant(operator, "weights", weights)
    quantization = need_quantized(operator, "weights", weights, INT8)
    if len(weights.shape) != rank:
        raise wrong(operator, "weights", weights, f"has shape {list(weights.shape)}; it must be {layout}")
    if weights.unsigned and not quantization.per_tensor:
        raise wrong(operator, "weights", weights, "has a scale per channel, which uint8 weights cannot have")
    if quantization.zero_points.any() and not weights.unsigned:
        raise wrong(
            operator, "weights", weights, f"has zero points {quantization.zero_points.tolist()}; they must be 0"
        )
    if not quantization.per_tensor and quantization.axis != axis:
        raise wrong(operator, "weights", weights, f"has scales along dimension {quantization.axis}; it must be {axis}")


def _check_product(operator: Operator, source: Tensor, weights: Tensor, output: Tensor) -> None:
    classes, features = weights.shape
    expected: tuple[int, ...] = (source.size // features, classes)
    fits = source.shape != () and source.size % features == 0
    if options_of(operator, FullyConnectedOptions).keep_num_dims:
        expected = (*source.shape[:-1], classes)
        fits = source.shape[-1:] == (features,)
    if not fits:
        raise wrong(operator, "input", source, f"has shape {list(source.shape)}; the weights take {features} features")
    need_shape(operator, "output", output, expected)


def _check_bias(operator: Operator, bias: Tensor, *, channels: int, scales: int | None) -> None:
    need_constant(operator, "bias", bias)
    quantization = need_quantized(operator, "bias", bias, INT32)
    need_shape(operator, "bias", bias, (channels,))
    if quantization.zero_points.any():
        raise wrong(operator, "bias", bias, f"has zero points {quantization.zero_points.tolist()}; they must be 0")
    if scales is not None and len(quantization.scales) != scales:
        raise wrong(operator, "bias", bias, f"has {len(quantization.scales)} scales; it needs as many as the weights")


def _check_bias_scale(operator: Operator, source: Tensor, weights: Tensor, bias: Tensor, output: Tensor) -> None:
    """Check what TFLite checks: that one step of bias is one step of the products."""
    expected = quantization_of(source).scale * _scales(weights)
    off = np.abs(_scales(bias) - expected) / quantization_of(output).scale
    worst = int(off.argmax())
    if off[worst] > _BIAS_SCALE_TOLERANCE:
        found = f"has scale {_scales(bias)[worst]:g}; input scale x weight scale is {expected[worst]:g}"
        raise wrong(operator, "bias", bias, found)


def _scales(tensor: Tensor) -> npt.NDArray[np.float64]:
    return quantization_of(tensor).scales.astype(np.float64)
