"""What a TFLite file holds, as far as it must be checked: data for `edge_runtime.model.flatbuffer`.

Source: TensorFlow Lite, ``lite/schema/schema.fbs``. Everything that TFLite's own interpreter follows while it
loads a model is listed; tables that only operators unknown to us carry are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tflite

from edge_runtime.model.flatbuffer import Field, OneOf, Scalar, String, TableOf, VectorOf

__all__ = ["DTYPES", "IDENTIFIER", "ROOT", "TFLITE_SCHEMA", "VERSION"]

IDENTIFIER = b"TFL3"
VERSION = 3
ROOT = "Model"

#: numpy's type for each of TFLite's that has one.
DTYPES: Mapping[int, np.dtype[Any]] = {
    tflite.TensorType.FLOAT32: np.dtype(np.float32),
    tflite.TensorType.FLOAT16: np.dtype(np.float16),
    tflite.TensorType.INT32: np.dtype(np.int32),
    tflite.TensorType.UINT8: np.dtype(np.uint8),
    tflite.TensorType.INT64: np.dtype(np.int64),
    tflite.TensorType.BOOL: np.dtype(np.bool_),
    tflite.TensorType.INT16: np.dtype(np.int16),
    tflite.TensorType.INT8: np.dtype(np.int8),
    tflite.TensorType.FLOAT64: np.dtype(np.float64),
}

_BYTE, _INT32, _FLOAT32, _INT64 = Scalar(1), Scalar(4), Scalar(4), Scalar(8)

#: The tables of operators' options.
_OPTIONS: Mapping[str, tuple[Field, ...]] = {
    "AbsOptions": (),
    "AddOptions": (_BYTE, _BYTE),  # activation, pot_scale_int16
    "ArgMaxOptions": (_BYTE,),
    "ArgMinOptions": (_BYTE,),
    "BatchMatMulOptions": (_BYTE, _BYTE, _BYTE),
    "BatchToSpaceNDOptions": (),
    "BroadcastToOptions": (),
    "ConcatenationOptions": (_INT32, _BYTE),  # axis, activation
    "Conv2DOptions": (_BYTE, _INT32, _INT32, _BYTE, _INT32, _INT32, _BYTE),  # padding, strides, activation, dilations
    "DepthToSpaceOptions": (_INT32,),
    "DepthwiseConv2DOptions": (
        _BYTE,
        _INT32,
        _INT32,
        _INT32,
        _BYTE,
        _INT32,
        _INT32,
    ),  # the multiplier after the strides
    "DequantizeOptions": (),
    "ExpOptions": (),
    "ExpandDimsOptions": (),
    "FullyConnectedOptions": (_BYTE, _BYTE, _BYTE, _BYTE, _BYTE),
    "GatherOptions": (_INT32, _INT32),
    "GeluOptions": (_BYTE,),
    "HardSwishOptions": (),
    "L2NormOptions": (_BYTE,),
    "LeakyReluOptions": (_FLOAT32,),
    "MaximumMinimumOptions": (),
    "MirrorPadOptions": (_BYTE,),
    "MulOptions": (_BYTE,),
    "PackOptions": (_INT32, _INT32),
    "PadOptions": (),
    "PadV2Options": (),
    "Pool2DOptions": (_BYTE, _INT32, _INT32, _INT32, _INT32, _BYTE),  # padding, strides, filter, activation
    "QuantizeOptions": (),
    "ReducerOptions": (_BYTE,),
    "ReshapeOptions": (VectorOf(_INT32),),
    "ResizeBilinearOptions": (_INT32, _INT32, _BYTE, _BYTE),  # two deprecated; align_corners, half_pixel_centers
    "ResizeNearestNeighborOptions": (_BYTE, _BYTE),
    "ReverseV2Options": (),
    "ShapeOptions": (_BYTE,),
    "SliceOptions": (),
    "SoftmaxOptions": (_FLOAT32,),
    "SpaceToBatchNDOptions": (),
    "SpaceToDepthOptions": (_INT32,),
    "SplitOptions": (_INT32,),
    "SplitVOptions": (_INT32,),
    "SquaredDifferenceOptions": (),
    "SqueezeOptions": (VectorOf(_INT32),),
    "StridedSliceOptions": (_INT32, _INT32, _INT32, _INT32, _INT32, _BYTE),
    "SVDFOptions": (_INT32, _BYTE, _BYTE),
    "SubOptions": (_BYTE, _BYTE),
    "TileOptions": (),
    "TransposeConvOptions": (_BYTE, _INT32, _INT32, _BYTE, _BYTE),  # padding, strides, activation, type of the bias
    "TransposeOptions": (),
    "UnidirectionalSequenceLSTMOptions": (_BYTE, _FLOAT32, _FLOAT32, _BYTE, _BYTE, _BYTE),
    "UnpackOptions": (_INT32, _INT32),
}

_BUILTIN_OPTIONS = OneOf({getattr(tflite.BuiltinOptions, table): table for table in _OPTIONS})

TFLITE_SCHEMA: Mapping[str, tuple[Field, ...]] = {
    "Model": (
        _INT32,  # version
        VectorOf(TableOf("OperatorCode")),
        VectorOf(TableOf("SubGraph")),
        String(),  # description
        VectorOf(TableOf("Buffer")),
        VectorOf(_INT32),  # metadata_buffer
        VectorOf(TableOf("Metadata")),
        VectorOf(TableOf("SignatureDef")),
    ),
    "OperatorCode": (_BYTE, String(), _INT32, _INT32),  # deprecated code, custom code, version, code
    "SubGraph": (
        VectorOf(TableOf("Tensor")),
        VectorOf(_INT32),  # inputs
        VectorOf(_INT32),  # outputs
        VectorOf(TableOf("Operator")),
        String(),  # name
    ),
    "Tensor": (
        VectorOf(_INT32),  # shape
        _BYTE,  # type
        _INT32,  # buffer
        String(),  # name
        TableOf("QuantizationParameters"),
        _BYTE,  # is_variable
        TableOf("SparsityParameters"),
        VectorOf(_INT32),  # shape_signature
        _BYTE,  # has_rank
        None,  # variant_tensors: refused by the reader
    ),
    "QuantizationParameters": (
        VectorOf(_FLOAT32),  # min
        VectorOf(_FLOAT32),  # max
        VectorOf(_FLOAT32),  # scale
        VectorOf(_INT64),  # zero_point
        _BYTE,  # details_type
        None,  # details: refused by the reader
        _INT32,  # quantized_dimension
    ),
    "SparsityParameters": (),  # refused by the reader
    "Operator": (
        _INT32,  # opcode_index
        VectorOf(_INT32),  # inputs
        VectorOf(_INT32),  # outputs
        _BYTE,  # builtin_options_type
        _BUILTIN_OPTIONS,
        VectorOf(_BYTE),  # custom_options
        _BYTE,  # custom_options_format
        VectorOf(_BYTE),  # mutating_variable_inputs
        VectorOf(_INT32),  # intermediates
    ),
    **_OPTIONS,
    "Buffer": (VectorOf(_BYTE), _INT64, _INT64),  # data, offset, size
    "Metadata": (String(), _INT32),  # name, buffer
    "SignatureDef": (
        VectorOf(TableOf("TensorMap")),
        VectorOf(TableOf("TensorMap")),
        String(),  # signature_key
        None,
        _INT32,  # subgraph_index
    ),
    "TensorMap": (String(), _INT32),  # name, tensor_index
}
