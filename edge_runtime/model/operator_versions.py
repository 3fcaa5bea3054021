"""Versions of operators: which one TFLite needs to know for what these graphs hold.

A version only says which features a file may use, so that an older TFLite refuses a newer file; the kernel is the same.
Converters go by their own release: TensorFlow 2.15 marks every TRANSPOSE_CONV as of version 4, for the fused activation
that tflite-runtime 2.14 computes too, but knows as version 3.
"""

from __future__ import annotations

from collections.abc import Mapping

import tflite

from edge_runtime.model.graph import OpKind
from edge_runtime.model.tflite_fields import builtin_code, names_of

__all__ = ["lower_versions", "operator_version"]

#: What these graphs can need, all of it known to tflite-runtime 2.14; 2 elsewhere.
_VERSIONS: Mapping[OpKind, int] = {
    OpKind.BROADCAST_TO: 3,
    OpKind.CONV_2D: 3,
    OpKind.DEPTHWISE_CONV_2D: 3,
    OpKind.DEPTH_TO_SPACE: 1,
    OpKind.EXPAND_DIMS: 1,
    OpKind.FULLY_CONNECTED: 6,
    OpKind.HARD_SWISH: 1,
    OpKind.PRELU: 1,
    OpKind.RELU_0_TO_1: 1,
    OpKind.RELU_N1_TO_1: 1,
    OpKind.RESHAPE: 1,
    OpKind.RESIZE_BILINEAR: 3,
    OpKind.RESIZE_NEAREST_NEIGHBOR: 3,
    OpKind.SHAPE: 1,
    OpKind.SQUEEZE: 1,
    OpKind.SVDF: 3,
    OpKind.TRANSPOSE_CONV: 3,
    OpKind.UNIDIRECTIONAL_SEQUENCE_LSTM: 1,
}
_ORDINARY_VERSION = 2

#: Where an OperatorCode's version stands in its vtable.
_VERSION_SLOT = 8

_NAMES = names_of(tflite.BuiltinOperator)


def operator_version(kind: OpKind) -> int:
    """Return the version under which a kind of operator is written."""
    return _VERSIONS.get(kind, _ORDINARY_VERSION)


def lower_versions(model: bytes) -> bytes:
    """Return a model whose operators are of no later version than they would be written with.

    Parameters
    ----------
    model
        A TFLite file that `read_tflite` accepts: it then uses no feature that a later version is needed for.
    """
    lowered, tables = bytearray(model), tflite.Model.GetRootAs(model)
    known = {kind.value: kind for kind in OpKind}
    for index in range(tables.OperatorCodesLength()):
        code = tables.OperatorCodes(index)
        kind = known.get(_NAMES.get(builtin_code(code), ""))
        offset = code._tab.Offset(_VERSION_SLOT)
        if kind and offset and code.Version() > operator_version(kind):
            place = code._tab.Pos + offset
            lowered[place : place + 4] = operator_version(kind).to_bytes(4, "little")
    return bytes(lowered)
