"""How the options of TFLite's operators are stored: one table that both reader and writer go by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any

import numpy as np
import tflite

from edge_runtime.errors import ModelError
from edge_runtime.model.graph import OpKind
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
from edge_runtime.model.tflite_fields import integers

__all__ = ["new_shape", "options_type", "read_options", "write_options"]


@dataclass(frozen=True)
class _Format:
    """How one kind's options are stored.

    Parameters
    ----------
    table
        The schema's table, and the member of its union of options; "" for kinds that have none.
    options
        What they become.
    names
        From our names to the schema's.
    needed
        Whether TFLite has no sensible default for a missing table.
    fixed
        Numbers of the table, by the schema's names, that are supported with one value only.
    """

    table: str = ""
    options: type[Any] = NoOptions
    names: Mapping[str, str] | None = None
    needed: bool = False
    fixed: Mapping[str, int] = field(default_factory=dict)


_WINDOW = {"padding": "Padding", "stride_w": "StrideW", "stride_h": "StrideH", "activation": "FusedActivationFunction"}
_DILATED = {**_WINDOW, "dilation_w": "DilationWFactor", "dilation_h": "DilationHFactor"}
_POOL = {**_WINDOW, "filter_w": "FilterWidth", "filter_h": "FilterHeight"}
_FUSED = {"activation": "FusedActivationFunction"}
_KEEP_DIMS = {"keep_dims": "KeepDims"}
_MASKS = {
    "begin_mask": "BeginMask",
    "end_mask": "EndMask",
    "ellipsis_mask": "EllipsisMask",
    "new_axis_mask": "NewAxisMask",
    "shrink_axis_mask": "ShrinkAxisMask",
}
_POOLING = _Format("Pool2DOptions", PoolOptions, _POOL, needed=True)
_REDUCER = _Format("ReducerOptions", ReducerOptions, _KEEP_DIMS)
_EXTREMES = _Format("MaximumMinimumOptions")
_INDEX = {"output_type": "OutputType"}
_BLOCK = {"size": "BlockSize"}
_PLACES = {"align_corners": "AlignCorners", "half_pixel_centers": "HalfPixelCenters"}

_FORMATS: Mapping[OpKind, _Format] = {
    OpKind.ABS: _Format("AbsOptions"),
    OpKind.ADD: _Format("AddOptions", BinaryOptions, _FUSED),
    OpKind.ARG_MAX: _Format("ArgMaxOptions", ArgOptions, _INDEX, needed=True),
    OpKind.ARG_MIN: _Format("ArgMinOptions", ArgOptions, _INDEX, needed=True),
    OpKind.AVERAGE_POOL_2D: _POOLING,
    OpKind.BATCH_MATMUL: _Format("BatchMatMulOptions", BatchMatMulOptions, {"adj_x": "AdjX", "adj_y": "AdjY"}),
    OpKind.BATCH_TO_SPACE_ND: _Format("BatchToSpaceNDOptions"),
    OpKind.BROADCAST_TO: _Format("BroadcastToOptions"),
    OpKind.CONCATENATION: _Format(
        "ConcatenationOptions", ConcatenationOptions, {"axis": "Axis", **_FUSED}, needed=True
    ),
    OpKind.CONV_2D: _Format("Conv2DOptions", Conv2DOptions, _DILATED, needed=True),
    OpKind.DEPTHWISE_CONV_2D: _Format(
        "DepthwiseConv2DOptions",
        DepthwiseConv2DOptions,
        {**_DILATED, "depth_multiplier": "DepthMultiplier"},
        needed=True,
    ),
    OpKind.DEPTH_TO_SPACE: _Format("DepthToSpaceOptions", BlockOptions, _BLOCK, needed=True),
    OpKind.DEQUANTIZE: _Format("DequantizeOptions"),
    OpKind.EXP: _Format("ExpOptions"),
    OpKind.EXPAND_DIMS: _Format("ExpandDimsOptions"),
    OpKind.FULLY_CONNECTED: _Format(
        "FullyConnectedOptions",
        FullyConnectedOptions,
        {**_FUSED, "keep_num_dims": "KeepNumDims"},
        fixed={"WeightsFormat": tflite.FullyConnectedOptionsWeightsFormat.DEFAULT},
    ),
    OpKind.GATHER: _Format("GatherOptions", GatherOptions, {"axis": "Axis", "batch_dims": "BatchDims"}),
    OpKind.GELU: _Format("GeluOptions", GeluOptions, {"approximate": "Approximate"}),
    OpKind.HARD_SWISH: _Format("HardSwishOptions"),
    OpKind.L2_NORMALIZATION: _Format("L2NormOptions", L2NormOptions, _FUSED),
    OpKind.LEAKY_RELU: _Format("LeakyReluOptions", LeakyReluOptions, {"alpha": "Alpha"}, needed=True),
    OpKind.LOGISTIC: _Format(),
    OpKind.LOG_SOFTMAX: _Format("LogSoftmaxOptions"),
    OpKind.MAXIMUM: _EXTREMES,
    OpKind.MAX_POOL_2D: _POOLING,
    OpKind.MEAN: _REDUCER,
    OpKind.MINIMUM: _EXTREMES,
    OpKind.MIRROR_PAD: _Format("MirrorPadOptions", MirrorPadOptions, {"mode": "Mode"}, needed=True),
    OpKind.MUL: _Format("MulOptions", BinaryOptions, _FUSED),
    OpKind.PACK: _Format("PackOptions", PackOptions, {"count": "ValuesCount", "axis": "Axis"}, needed=True),
    OpKind.PAD: _Format("PadOptions"),
    OpKind.PADV2: _Format("PadV2Options"),
    OpKind.PRELU: _Format(),
    OpKind.QUANTIZE: _Format("QuantizeOptions"),
    OpKind.REDUCE_MAX: _REDUCER,
    OpKind.REDUCE_MIN: _REDUCER,
    OpKind.RELU: _Format(),
    OpKind.RELU6: _Format(),
    OpKind.RELU_0_TO_1: _Format(),
    OpKind.RELU_N1_TO_1: _Format(),
    OpKind.RESHAPE: _Format("ReshapeOptions"),
    OpKind.RESIZE_BILINEAR: _Format("ResizeBilinearOptions", ResizeOptions, _PLACES, needed=True),
    OpKind.RESIZE_NEAREST_NEIGHBOR: _Format("ResizeNearestNeighborOptions", ResizeOptions, _PLACES, needed=True),
    OpKind.REVERSE_V2: _Format("ReverseV2Options"),
    OpKind.RSQRT: _Format(),
    OpKind.SHAPE: _Format("ShapeOptions"),
    OpKind.SLICE: _Format("SliceOptions"),
    OpKind.SOFTMAX: _Format("SoftmaxOptions", SoftmaxOptions, {"beta": "Beta"}, needed=True),
    OpKind.SPACE_TO_BATCH_ND: _Format("SpaceToBatchNDOptions"),
    OpKind.SPACE_TO_DEPTH: _Format("SpaceToDepthOptions", BlockOptions, _BLOCK, needed=True),
    OpKind.SPLIT: _Format("SplitOptions", SplitOptions, {"count": "NumSplits"}, needed=True),
    OpKind.SPLIT_V: _Format("SplitVOptions", SplitOptions, {"count": "NumSplits"}, needed=True),
    OpKind.SQUEEZE: _Format("SqueezeOptions", SqueezeOptions, {"dims": "SqueezeDims"}),
    OpKind.SQUARED_DIFFERENCE: _Format("SquaredDifferenceOptions"),
    OpKind.STRIDED_SLICE: _Format("StridedSliceOptions", StridedSliceOptions, _MASKS, needed=True),
    OpKind.SUB: _Format("SubOptions", BinaryOptions, _FUSED),
    OpKind.SVDF: _Format("SVDFOptions", SvdfOptions, {"rank": "Rank", **_FUSED}, needed=True),
    OpKind.TANH: _Format(),
    OpKind.TILE: _Format("TileOptions"),
    OpKind.TRANSPOSE: _Format("TransposeOptions"),
    OpKind.TRANSPOSE_CONV: _Format("TransposeConvOptions", TransposeConvOptions, _WINDOW, needed=True),
    OpKind.UNIDIRECTIONAL_SEQUENCE_LSTM: _Format(
        "UnidirectionalSequenceLSTMOptions",
        LstmOptions,
        {"cell_clip": "CellClip", "projection_clip": "ProjClip", "time_major": "TimeMajor"},
        needed=True,
        fixed={"FusedActivationFunction": tflite.ActivationFunctionType.TANH},
    ),
    OpKind.UNPACK: _Format("UnpackOptions", UnpackOptions, {"count": "Num", "axis": "Axis"}, needed=True),
}

_CODES: Mapping[type[Enum], Mapping[Enum, int]] = {
    kind: {member: getattr(codes, member.value) for member in kind}
    for kind, codes in (
        (Activation, tflite.ActivationFunctionType),
        (IndexType, tflite.TensorType),
        (MirrorMode, tflite.MirrorPadMode),
        (Padding, tflite.Padding),
    )
}

# TFLite has room for no more, even where a shape tensor makes the option superfluous.
_MAX_NEW_DIMENSIONS = 8
#: By the name of each type of choices: what it is called, and the members by their numbers.
_CHOICES = {
    kind.__name__: (called, {code: member for member, code in _CODES[kind].items()})
    for kind, called in (
        (Activation, "fused activation"),
        (IndexType, "output type"),
        (MirrorMode, "mirror mode"),
        (Padding, "padding"),
    )
}


def options_type(kind: OpKind) -> int:
    """Return the type of options that TFLite gives a kind of operator."""
    return int(getattr(tflite.BuiltinOptions, _FORMATS[kind].table or "NONE"))


def read_options(operator: Any, what: str, kind: OpKind) -> Options:
    """Return an operator's options.

    Parameters
    ----------
    operator
        The ``tflite.Operator``.
    what
        Names the operator in messages.
    kind
        What the operator is.

    Raises
    ------
    ModelError
        If the options belong to another kind, are missing where TFLite has no sensible default, or ask for
        what is not supported.
    """
    found = operator.BuiltinOptionsType()
    if found not in (tflite.BuiltinOptions.NONE, options_type(kind)) or operator.BuiltinOptions2Type():
        raise ModelError(f"{what} carries the options of another operator (type {found})")
    union = None if found == tflite.BuiltinOptions.NONE else operator.BuiltinOptions()
    if kind is OpKind.RESHAPE and len(new_shape(operator)) > _MAX_NEW_DIMENSIONS:
        raise ModelError(f"{what} asks for more than {_MAX_NEW_DIMENSIONS} dimensions, which is not supported")
    form = _FORMATS[kind]
    if union is None:
        if form.needed:
            raise ModelError(f"{what} has no options; it needs {', '.join(form.names or ())}")
        default: Options = form.options()
        return default
    table = _table(form.table, union)
    for theirs, value in form.fixed.items():
        if getattr(table, theirs)() != value:
            raise ModelError(f"{what} has {theirs} {getattr(table, theirs)()}, which is not supported; only {value} is")
    options: Options = form.options(
        **{name: _read(table, theirs, form, name, what) for name, theirs in (form.names or {}).items()}
    )
    return options


def new_shape(operator: Any) -> tuple[int, ...]:
    """Return the shape that a RESHAPE carries as an option; nothing is the shape of a scalar."""
    if operator.BuiltinOptionsType() != tflite.BuiltinOptions.ReshapeOptions:
        return ()
    union = operator.BuiltinOptions()
    return () if union is None else integers(_table("ReshapeOptions", union), "NewShape")


def write_options(builder: Any, kind: OpKind, options: Options, vector: Any) -> Any:
    """Write an operator's options as a table, and return its offset, None where the kind has no table.

    Parameters
    ----------
    builder
        The ``flatbuffers.Builder``.
    kind, options
        The operator's.
    vector
        Offset of the vector of integers that RESHAPE (its new shape) and SQUEEZE (its dimensions) refer to; others
        have none.
    """
    form = _FORMATS[kind]
    if not form.table:
        return None
    getattr(tflite, f"{form.table}Start")(builder)
    for name, theirs in (form.names or {}).items():
        value = getattr(options, name)
        getattr(tflite, f"{form.table}Add{theirs}")(builder, vector if isinstance(value, tuple) else _stored(value))
    for theirs, value in form.fixed.items():
        getattr(tflite, f"{form.table}Add{theirs}")(builder, value)
    if kind is OpKind.RESHAPE:
        tflite.ReshapeOptionsAddNewShape(builder, vector)
    return builder.EndObject()


def _table(name: str, union: Any) -> Any:
    table = getattr(tflite, name)()
    table.Init(union.Bytes, union.Pos)
    return table


def _read(table: Any, theirs: str, form: _Format, name: str, what: str) -> Any:
    kind = {entry.name: entry.type for entry in fields(form.options)}[name]
    if kind == "tuple[int, ...]":
        return integers(table, theirs)
    value = getattr(table, theirs)()
    thing, meanings = _CHOICES.get(str(kind), ("", {}))
    if not meanings:
        return {"bool": bool, "int": int, "float": float}[str(kind)](value)
    if value not in meanings:
        known = ", ".join(member.value for member in meanings.values())
        raise ModelError(f"{what} has {thing} {value}, which is not supported; known are {known}")
    return meanings[value]


def _stored(value: Any) -> Any:
    if isinstance(value, Enum):
        return _CODES[type(value)][value]
    # flatbuffers stores floats as they are given: as float32 they come back the same
    return float(np.float32(value)) if isinstance(value, float) else value
