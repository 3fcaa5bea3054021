"""What operators carry beside their tensors, in TFLite's terms."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

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
    "IndexType",
    "L2NormOptions",
    "LeakyReluOptions",
    "LstmOptions",
    "MirrorMode",
    "MirrorPadOptions",
    "NoOptions",
    "Options",
    "PackOptions",
    "Padding",
    "PoolOptions",
    "ReducerOptions",
    "ResizeOptions",
    "SoftmaxOptions",
    "SplitOptions",
    "SqueezeOptions",
    "StridedSliceOptions",
    "SvdfOptions",
    "TransposeConvOptions",
    "UnpackOptions",
]


class Activation(str, Enum):
    """Activation functions that TFLite fuses into the operator before them."""

    NONE = "NONE"
    RELU = "RELU"
    RELU_N1_TO_1 = "RELU_N1_TO_1"
    RELU6 = "RELU6"


class Padding(str, Enum):
    """What lies around the picture: SAME gives ceil(length / stride) outputs, VALID reads nothing outside."""

    SAME = "SAME"
    VALID = "VALID"


class MirrorMode(str, Enum):
    """Whether the outermost elements are left out (REFLECT) or repeated (SYMMETRIC) when a border is mirrored."""

    REFLECT = "REFLECT"
    SYMMETRIC = "SYMMETRIC"


class IndexType(str, Enum):
    """What positions are given in."""

    INT32 = "INT32"
    INT64 = "INT64"


@dataclass(frozen=True)
class NoOptions:
    """For operators that carry none, or whose options follow from their tensors (RESHAPE's shape)."""


@dataclass(frozen=True)
class FullyConnectedOptions:
    """What FULLY_CONNECTED carries beside its tensors (input, weights [out, in], optional bias [out])."""

    activation: Activation = Activation.NONE
    keep_num_dims: bool = False


@dataclass(frozen=True)
class Conv2DOptions:
    """CONV_2D: input [n, h, w, c], weights [out, kernel h, kernel w, c / groups], optional bias [out]."""

    stride_h: int
    stride_w: int
    dilation_h: int = 1
    dilation_w: int = 1
    padding: Padding = Padding.SAME
    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class DepthwiseConv2DOptions:
    """DEPTHWISE_CONV_2D: input [n, h, w, c], weights [1, kernel h, kernel w, c x multiplier], optional bias."""

    stride_h: int
    stride_w: int
    dilation_h: int = 1
    dilation_w: int = 1
    padding: Padding = Padding.SAME
    activation: Activation = Activation.NONE
    depth_multiplier: int = 1


@dataclass(frozen=True)
class TransposeConvOptions:
    """TRANSPOSE_CONV: output shape [4], weights [out, kernel h, kernel w, c], input [n, h, w, c], optional bias [out].

    `padding` is that of the convolution from the output back to the input.
    """

    stride_h: int
    stride_w: int
    padding: Padding = Padding.SAME
    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class PoolOptions:
    """AVERAGE_POOL_2D and MAX_POOL_2D."""

    filter_h: int
    filter_w: int
    stride_h: int
    stride_w: int
    padding: Padding = Padding.VALID
    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class BinaryOptions:
    """ADD, SUB and MUL."""

    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class ArgOptions:
    """ARG_MAX and ARG_MIN: the type of the positions that come out."""

    output_type: IndexType = IndexType.INT64


@dataclass(frozen=True)
class BatchMatMulOptions:
    """BATCH_MATMUL: which of both operands is transposed."""

    adj_x: bool = False
    adj_y: bool = False


@dataclass(frozen=True)
class GeluOptions:
    """GELU: by a hyperbolic tangent rather than by the error function."""

    approximate: bool = False


@dataclass(frozen=True)
class L2NormOptions:
    """L2_NORMALIZATION's fused activation."""

    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class MirrorPadOptions:
    """MIRROR_PAD: what of the edge is mirrored."""

    mode: MirrorMode


@dataclass(frozen=True)
class BlockOptions:
    """DEPTH_TO_SPACE and SPACE_TO_DEPTH: how many lines and columns of a picture make one of the other."""

    size: int


@dataclass(frozen=True)
class ResizeOptions:
    """RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR: which places of both pictures lie on each other."""

    align_corners: bool = False
    half_pixel_centers: bool = False


@dataclass(frozen=True)
class ReducerOptions:
    """MEAN, SUM, REDUCE_MAX and REDUCE_MIN: whether the dimensions that are reduced stay, as 1."""

    keep_dims: bool = False


@dataclass(frozen=True)
class ConcatenationOptions:
    """CONCATENATION, along `axis` (negative from the end)."""

    axis: int
    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class SqueezeOptions:
    """SQUEEZE: which dimensions of 1 go; none named means all of them."""

    dims: tuple[int, ...] = ()


@dataclass(frozen=True)
class SoftmaxOptions:
    """SOFTMAX's `beta`, the factor before the exponential."""

    beta: float = 1.0


@dataclass(frozen=True)
class LeakyReluOptions:
    """LEAKY_RELU's slope below zero."""

    alpha: float


@dataclass(frozen=True)
class StridedSliceOptions:
    """STRIDED_SLICE's masks, a bit for each entry of begin, end and strides."""

    begin_mask: int = 0
    end_mask: int = 0
    ellipsis_mask: int = 0
    new_axis_mask: int = 0
    shrink_axis_mask: int = 0


@dataclass(frozen=True)
class SplitOptions:
    """SPLIT and SPLIT_V: into how many outputs."""

    count: int


@dataclass(frozen=True)
class PackOptions:
    """PACK: `count` inputs are stacked along a new dimension `axis`."""

    count: int
    axis: int = 0


@dataclass(frozen=True)
class UnpackOptions:
    """UNPACK: `count` outputs, one for each position along dimension `axis`."""

    count: int
    axis: int = 0


@dataclass(frozen=True)
class GatherOptions:
    """GATHER: positions along `axis`, the first `batch_dims` dimensions taken one by one."""

    axis: int = 0
    batch_dims: int = 0


@dataclass(frozen=True)
class LstmOptions:
    """UNIDIRECTIONAL_SEQUENCE_LSTM. Clips of 0 stand for none."""

    cell_clip: float = 0.0
    projection_clip: float = 0.0
    time_major: bool = False


@dataclass(frozen=True)
class SvdfOptions:
    """SVDF: how many filters make one unit, and what comes after them."""

    rank: int
    activation: Activation = Activation.NONE


Options = (
    NoOptions
    | ArgOptions
    | BatchMatMulOptions
    | FullyConnectedOptions
    | Conv2DOptions
    | DepthwiseConv2DOptions
    | PoolOptions
    | BinaryOptions
    | BlockOptions
    | ReducerOptions
    | ResizeOptions
    | ConcatenationOptions
    | SqueezeOptions
    | SoftmaxOptions
    | LeakyReluOptions
    | StridedSliceOptions
    | SplitOptions
    | PackOptions
    | UnpackOptions
    | GatherOptions
    | GeluOptions
    | L2NormOptions
    | LstmOptions
    | MirrorPadOptions
    | SvdfOptions
    | TransposeConvOptions
)
