"""The model room: reads TFLite files into a typed graph and runs them, bit for bit as TFLite's reference kernels."""

from __future__ import annotations

from edge_runtime.model.builder import GraphBuilder
from edge_runtime.model.fixed_point import (
    QuantizedMultiplier,
    Rounding,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
)
from edge_runtime.model.graph import (
    Activation,
    BinaryOptions,
    ConcatenationOptions,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    FullyConnectedOptions,
    Graph,
    NoOptions,
    Operator,
    OpKind,
    Padding,
    PoolOptions,
    Quantization,
    ReducerOptions,
    SoftmaxOptions,
    Tensor,
)
from edge_runtime.model.head import HeadSite, QuantizedHead, apply_head, find_head, quantize_head
from edge_runtime.model.interpreter import Interpreter
from edge_runtime.model.kernels import lookup_table
from edge_runtime.model.reader import load_tflite, read_tflite
from edge_runtime.model.scales import activation_limits, fully_connected_factors, requantize_factor
from edge_runtime.model.writer import write_tflite

__all__ = [
    "Activation",
    "BinaryOptions",
    "ConcatenationOptions",
    "Conv2DOptions",
    "DepthwiseConv2DOptions",
    "FullyConnectedOptions",
    "Graph",
    "GraphBuilder",
    "HeadSite",
    "Interpreter",
    "NoOptions",
    "OpKind",
    "Operator",
    "Padding",
    "PoolOptions",
    "Quantization",
    "QuantizedHead",
    "QuantizedMultiplier",
    "ReducerOptions",
    "Rounding",
    "SoftmaxOptions",
    "Tensor",
    "activation_limits",
    "apply_head",
    "find_head",
    "fully_connected_factors",
    "load_tflite",
    "lookup_table",
    "multiply_by_quantized_multiplier",
    "quantize_head",
    "quantize_multiplier",
    "read_tflite",
    "requantize_factor",
    "write_tflite",
]
