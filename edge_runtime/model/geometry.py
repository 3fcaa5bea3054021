"""Where windows lie, and how large things come out: what follows from shapes and options alone.

Source: TensorFlow Lite 2.14, ``ComputePaddingHeightWidth`` in ``lite/kernels/padding.h``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edge_runtime.errors import ModelError
from edge_runtime.model.graph import (
    BatchMatMulOptions,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    Graph,
    LstmOptions,
    Operator,
    OpKind,
    Padding,
    PoolOptions,
    TransposeConvOptions,
    describe,
    options_of,
)

__all__ = [
    "Axis",
    "Window",
    "check_padded",
    "operator_macs",
    "operator_work",
    "transposed_window",
    "window_axis",
    "window_of",
]

#: More than any network for a small device needs.
_LARGEST_PADDED = 1 << 27


@dataclass(frozen=True)
class Axis:
    """A sliding window along one dimension.

    Output ``i`` reads the inputs ``i * stride - pad + k * dilation``, k from 0 to ``kernel - 1``; those outside the
    input are padding. `pad` is what lies before the input; what lies behind it follows from `outputs`.
    """

    kernel: int
    stride: int
    dilation: int
    pad: int
    outputs: int

    def pad_after(self, inputs: int) -> int:
        """Return how far the last window reaches beyond an input of this length."""
        reach = (self.outputs - 1) * self.stride + (self.kernel - 1) * self.dilation + 1
        return max(0, reach - self.pad - inputs)


@dataclass(frozen=True)
class Window:
    """A sliding window over height and width."""

    h: Axis
    w: Axis


def window_axis(length: int, kernel: int, *, stride: int, dilation: int, padding: Padding) -> Axis:
    """Return how a window lies along a dimension.

    Raises
    ------
    ModelError
        If kernel, stride or dilation is below 1, or nothing comes out.

    Examples
    --------
    >>> window_axis(96, 3, stride=2, dilation=1, padding=Padding.SAME)
    Axis(kernel=3, stride=2, dilation=1, pad=0, outputs=48)
    """
    for name, value in (("kernel", kernel), ("stride", stride), ("dilation", dilation)):
        if value < 1:
            raise ModelError(f"has a {name} of {value}; it must be at least 1")
    reach = (kernel - 1) * dilation + 1
    span = length if padding is Padding.SAME else length - reach + 1
    outputs = -(-span // stride)
    if outputs < 1:
        raise ModelError(f"has a window of {reach} on an input of {length}, which leaves no output")
    total = max(0, (outputs - 1) * stride + reach - length)
    return Axis(kernel, stride, dilation, total // 2, outputs)


def window_of(graph: Graph, operator: Operator) -> Window:
    """Return the window of a CONV_2D, DEPTHWISE_CONV_2D, AVERAGE_POOL_2D or MAX_POOL_2D.

    Raises
    ------
    ModelError
        If the operator has no window, or an impossible one.
    """
    options = operator.options
    _, height, width, _ = graph.tensor(operator.inputs[0]).shape
    if isinstance(options, PoolOptions):
        kernel, dilation = (options.filter_h, options.filter_w), (1, 1)
    elif isinstance(options, (Conv2DOptions, DepthwiseConv2DOptions)):
        shape = graph.tensor(operator.inputs[1]).shape
        kernel, dilation = (shape[1], shape[2]), (options.dilation_h, options.dilation_w)
    else:
        raise ModelError(f"{describe(operator)} has no window")
    try:
        return Window(
            window_axis(height, kernel[0], stride=options.stride_h, dilation=dilation[0], padding=options.padding),
            window_axis(width, kernel[1], stride=options.stride_w, dilation=dilation[1], padding=options.padding),
        )
    except ModelError as error:
        raise ModelError(f"{describe(operator)} {error}") from None


def transposed_window(graph: Graph, operator: Operator) -> Window:
    """Return the window over its output that a TRANSPOSE_CONV adds each element of its input to.

    Raises
    ------
    ModelError
        If it is an impossible one.
    """
    options = options_of(operator, TransposeConvOptions)
    _, height, width, _ = graph.output_tensor(operator).shape
    _, kernel_h, kernel_w, _ = graph.tensor(operator.inputs[1]).shape
    try:
        return Window(
            window_axis(height, kernel_h, stride=options.stride_h, dilation=1, padding=options.padding),
            window_axis(width, kernel_w, stride=options.stride_w, dilation=1, padding=options.padding),
        )
    except ModelError as error:
        raise ModelError(f"{describe(operator)} goes backwards over its output and {error}") from None


def check_padded(operator: Operator, shape: Sequence[int], window: Window) -> None:
    """Check that a picture with all that the windows read around it is not absurdly large.

    Raises
    ------
    ModelError
        If it is: a dilation or kernel of a damaged file.
    """
    batch, height, width, channels = shape
    padded = (height + window.h.pad + window.h.pad_after(height), width + window.w.pad + window.w.pad_after(width))
    if batch * math.prod(padded) * channels > _LARGEST_PADDED:
        raise ModelError(f"{describe(operator)} reads {padded[0]} x {padded[1]} around a picture of {height} x {width}")


def operator_work(graph: Graph, operator: Operator) -> int:
    """Return roughly how many elements an operator goes through, for a bound on what a network may ask for."""
    if isinstance(operator.options, PoolOptions):
        return graph.output_tensor(operator).size * operator.options.filter_h * operator.options.filter_w
    if isinstance(operator.options, BatchMatMulOptions):
        depth = graph.tensor(operator.inputs[0]).shape[-2 if operator.options.adj_x else -1]
        return graph.output_tensor(operator).size * depth
    if isinstance(operator.options, LstmOptions):
        source = graph.tensor(operator.inputs[0])
        weights = sum(graph.tensor(index).size for index in operator.inputs if index != -1)
        return math.prod(source.shape[:-1]) * weights
    return operator_macs(graph, operator)


def operator_macs(graph: Graph, operator: Operator) -> int:
    """Return the multiplications of inputs by weights in one operator, as MLPerf Tiny counts them.

    Windows that reach over the edge count in full.
    """
    if operator.kind is OpKind.FULLY_CONNECTED:
        outputs, features = graph.tensor(operator.inputs[1]).shape
        return graph.tensor(operator.inputs[0]).size // features * features * outputs
    if operator.kind is OpKind.TRANSPOSE_CONV:
        return graph.tensor(operator.inputs[2]).size * math.prod(graph.tensor(operator.inputs[1]).shape[:3])
    if operator.kind in (OpKind.CONV_2D, OpKind.DEPTHWISE_CONV_2D):
        per_output = graph.tensor(operator.inputs[1]).shape[1:]
        taps = math.prod(per_output) if operator.kind is OpKind.CONV_2D else math.prod(per_output[:2])
        return graph.output_tensor(operator).size * taps
    return 0
