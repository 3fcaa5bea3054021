"""The typed graph that a model becomes: tensors, operators, and who feeds whom."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import ModelError
from edge_runtime.model.operator_options import (
    Activation,
    ArgOptions,
    BatchMatMulOptions,
    BinaryOptions,
    BlockOptions,
    ConcatenationOptions,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    FullyConnectedOptions,
    GatherOptions,
    GeluOptions,
    IndexType,
    L2NormOptions,
    LeakyReluOptions,
    LstmOptions,
    MirrorMode,
    MirrorPadOptions,
    NoOptions,
    Options,
    PackOptions,
    Padding,
    PoolOptions,
    ReducerOptions,
    ResizeOptions,
    SoftmaxOptions,
    SplitOptions,
    SqueezeOptions,
    StridedSliceOptions,
    SvdfOptions,
    TransposeConvOptions,
    UnpackOptions,
)

__all__ = [
    "Activation",
    "ArgOptions",
    "BatchMatMulOptions",
    "BinaryOptions",
    "BlockOptions",
    "ConcatenationOptions",
    "Conv2DOptions",
    "DepthwiseConv2DOptions",
    "FullyConnectedOptions",
    "GatherOptions",
    "GeluOptions",
    "Graph",
    "IndexType",
    "L2NormOptions",
    "LeakyReluOptions",
    "LstmOptions",
    "MirrorMode",
    "MirrorPadOptions",
    "NoOptions",
    "OpKind",
    "Operator",
    "Options",
    "PackOptions",
    "Padding",
    "PoolOptions",
    "Quantization",
    "ReducerOptions",
    "ResizeOptions",
    "SoftmaxOptions",
    "SplitOptions",
    "SqueezeOptions",
    "StridedSliceOptions",
    "SvdfOptions",
    "Tensor",
    "TransposeConvOptions",
    "UnpackOptions",
    "describe",
    "options_of",
    "quantization_of",
]


class OpKind(str, Enum):
    """The operators that the reader understands, by their TFLite names."""

    ABS = "ABS"
    ADD = "ADD"
    ARG_MAX = "ARG_MAX"
    ARG_MIN = "ARG_MIN"
    AVERAGE_POOL_2D = "AVERAGE_POOL_2D"
    BATCH_MATMUL = "BATCH_MATMUL"
    BATCH_TO_SPACE_ND = "BATCH_TO_SPACE_ND"
    BROADCAST_TO = "BROADCAST_TO"
    CONCATENATION = "CONCATENATION"
    CONV_2D = "CONV_2D"
    DEPTHWISE_CONV_2D = "DEPTHWISE_CONV_2D"
    DEPTH_TO_SPACE = "DEPTH_TO_SPACE"
    DEQUANTIZE = "DEQUANTIZE"
    EXP = "EXP"
    EXPAND_DIMS = "EXPAND_DIMS"
    FULLY_CONNECTED = "FULLY_CONNECTED"
    GATHER = "GATHER"
    GELU = "GELU"
    HARD_SWISH = "HARD_SWISH"
    L2_NORMALIZATION = "L2_NORMALIZATION"
    LEAKY_RELU = "LEAKY_RELU"
    LOGISTIC = "LOGISTIC"
    LOG_SOFTMAX = "LOG_SOFTMAX"
    MAXIMUM = "MAXIMUM"
    MAX_POOL_2D = "MAX_POOL_2D"
    MEAN = "MEAN"
    MINIMUM = "MINIMUM"
    MIRROR_PAD = "MIRROR_PAD"
    MUL = "MUL"
    PACK = "PACK"
    PAD = "PAD"
    PADV2 = "PADV2"
    PRELU = "PRELU"
    QUANTIZE = "QUANTIZE"
    REDUCE_MAX = "REDUCE_MAX"
    REDUCE_MIN = "REDUCE_MIN"
    RELU = "RELU"
    RELU6 = "RELU6"
    RELU_0_TO_1 = "RELU_0_TO_1"
    RELU_N1_TO_1 = "RELU_N1_TO_1"
    RESHAPE = "RESHAPE"
    RESIZE_BILINEAR = "RESIZE_BILINEAR"
    RESIZE_NEAREST_NEIGHBOR = "RESIZE_NEAREST_NEIGHBOR"
    REVERSE_V2 = "REVERSE_V2"
    RSQRT = "RSQRT"
    SHAPE = "SHAPE"
    SLICE = "SLICE"
    SOFTMAX = "SOFTMAX"
    SPACE_TO_BATCH_ND = "SPACE_TO_BATCH_ND"
    SPACE_TO_DEPTH = "SPACE_TO_DEPTH"
    SPLIT = "SPLIT"
    SPLIT_V = "SPLIT_V"
    SQUEEZE = "SQUEEZE"
    SQUARED_DIFFERENCE = "SQUARED_DIFFERENCE"
    STRIDED_SLICE = "STRIDED_SLICE"
    SUB = "SUB"
    SVDF = "SVDF"
    TANH = "TANH"
    TILE = "TILE"
    TRANSPOSE = "TRANSPOSE"
    TRANSPOSE_CONV = "TRANSPOSE_CONV"
    UNIDIRECTIONAL_SEQUENCE_LSTM = "UNIDIRECTIONAL_SEQUENCE_LSTM"
    UNPACK = "UNPACK"


@dataclass(frozen=True)
class Quantization:
    """Affine quantisation: ``real = scale * (stored - zero_point)``.

    Parameters
    ----------
    scales
        float32[1] for the whole tensor, or float32[channels] along `axis`.
    zero_points
        int64, as long as `scales`.
    axis
        The dimension that the scales run along (TFLite's ``quantized_dimension``).
    """

    scales: npt.NDArray[np.float32]
    zero_points: npt.NDArray[np.int64]
    axis: int = 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Quantization):
            return NotImplemented
        return (
            self.axis == other.axis
            and np.array_equal(self.scales, other.scales)
            and np.array_equal(self.zero_points, other.zero_points)
        )

    def __hash__(self) -> int:
        return hash((self.axis, self.scales.tobytes(), self.zero_points.tobytes()))

    @property
    def scale(self) -> float:
        """The scale of a per-tensor quantisation, as the double that TFLite computes with."""
        return float(self.scales[0])

    @property
    def zero_point(self) -> int:
        """The zero point of a per-tensor quantisation."""
        return int(self.zero_points[0])

    @property
    def per_tensor(self) -> bool:
        """Whether one scale holds for the whole tensor."""
        return len(self.scales) == 1


@dataclass(frozen=True)
class Tensor:
    """One tensor of the graph.

    `data` is there for constants only (read-only, in `shape` and `dtype`). A variable keeps its value from one run to
    the next: an operator's state. An unsigned tensor is an int8 one that the file has as uint8, 128 higher: operators
    that write one follow TFLite's older kernels (see `edge_runtime.model.unsigned`).
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    quantization: Quantization | None = None
    data: npt.NDArray[Any] | None = None
    is_variable: bool = False
    unsigned: bool = False

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tensor):
            return NotImplemented
        return _identity(self) == _identity(other) and _same_data(self.data, other.data)

    def __hash__(self) -> int:
        return hash(_identity(self))

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def is_constant(self) -> bool:
        """Whether the model itself holds this tensor's values."""
        return self.data is not None


def _identity(tensor: Tensor) -> tuple[Any, ...]:
    kind = tensor.dtype, tensor.is_variable, tensor.unsigned
    return tensor.index, tensor.name, tensor.shape, kind, tensor.quantization


def _same_data(one: npt.NDArray[Any] | None, other: npt.NDArray[Any] | None) -> bool:
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other)


@dataclass(frozen=True)
class Operator:
    """One operator.

    `inputs` and `outputs` are tensor indices, -1 for an optional input that is absent. `intermediates` are tensors that
    only tell how an LSTM's inner values are quantised.
    """

    index: int
    kind: OpKind
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Options = field(default_factory=NoOptions)
    intermediates: tuple[int, ...] = ()


@dataclass(frozen=True)
class Graph:
    """A whole network, operators in execution order.

    Raises nothing by itself: `edge_runtime.model.reader` only returns graphs whose indices, shapes and
    types it has checked.
    """

    name: str
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def tensor(self, index: int) -> Tensor:
        """Return the tensor with this index."""
        return self.tensors[index]

    def input_tensors(self, operator: Operator) -> tuple[Tensor | None, ...]:
        """Return an operator's inputs, None where an optional one is absent."""
        return tuple(self.tensors[i] if i >= 0 else None for i in operator.inputs)

    def activations_of(self, operator: Operator) -> tuple[int, ...]:
        """Return the tensors that an operator reads and others have to compute, each once, in order."""
        read = dict.fromkeys(index for index in operator.inputs if index >= 0)
        return tuple(i for i in read if not (self.tensors[i].is_constant or self.tensors[i].is_variable))

    def readers_of(self, tensor: int) -> list[Operator]:
        """Return the operators that read a tensor, in order."""
        return [operator for operator in self.operators if tensor in operator.inputs]

    def output_tensor(self, operator: Operator) -> Tensor:
        """Return an operator's first output."""
        return self.tensors[operator.outputs[0]]


_SomeOptions = TypeVar("_SomeOptions", bound=Options)


def describe(what: Tensor | Operator) -> str:
    """Name a tensor or operator as messages do."""
    if isinstance(what, Operator):
        return f"operator {what.index} ({what.kind.value})"
    return f"tensor {what.index} ({what.name!r})"


def options_of(operator: Operator, kind: type[_SomeOptions]) -> _SomeOptions:
    """Return an operator's options as what they must be.

    Raises
    ------
    ModelError
        If the operator carries options of another kind.
    """
    if not isinstance(operator.options, kind):
        found = type(operator.options).__name__
        raise ModelError(f"{describe(operator)} carries {found}; it needs {kind.__name__}")
    return operator.options


def quantization_of(tensor: Tensor) -> Quantization:
    """Return a tensor's quantisation where there must be one.

    Raises
    ------
    ModelError
        If the tensor is not quantised.
    """
    if tensor.quantization is None:
        raise ModelError(f"{describe(tensor)} is not quantised; it needs a scale and a zero point")
    return tensor.quantization
