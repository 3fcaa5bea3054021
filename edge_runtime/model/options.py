"""Reads the options that an operator of a TFLite file carries beside its tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tflite

from edge_runtime.errors import ModelError
from edge_runtime.model.graph import Activation, FullyConnectedOptions, NoOptions, OpKind, Options, SoftmaxOptions

__all__ = ["ACTIVATION_CODES", "OPTIONS_TYPES", "new_shape", "read_options"]

#: TFLite's codes for the activations that can be fused.
ACTIVATION_CODES: Mapping[Activation, int] = {
    activation: getattr(tflite.ActivationFunctionType, activation.value) for activation in Activation
}

#: The type of options that TFLite gives each kind of operator.
OPTIONS_TYPES: Mapping[OpKind, int] = {
    OpKind.FULLY_CONNECTED: tflite.BuiltinOptions.FullyConnectedOptions,
    OpKind.RESHAPE: tflite.BuiltinOptions.ReshapeOptions,
    OpKind.QUANTIZE: tflite.BuiltinOptions.QuantizeOptions,
    OpKind.DEQUANTIZE: tflite.BuiltinOptions.DequantizeOptions,
    OpKind.SOFTMAX: tflite.BuiltinOptions.SoftmaxOptions,
}

# TFLite has room for no more, even where a shape tensor makes the option superfluous.
_MAX_NEW_DIMENSIONS = 8
_ACTIVATIONS = {code: activation for activation, code in ACTIVATION_CODES.items()}


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
    if found not in (tflite.BuiltinOptions.NONE, OPTIONS_TYPES[kind]) or operator.BuiltinOptions2Type():
        raise ModelError(f"{what} carries the options of another operator (type {found})")
    table = None if found == tflite.BuiltinOptions.NONE else operator.BuiltinOptions()
    if kind is OpKind.FULLY_CONNECTED:
        return FullyConnectedOptions() if table is None else _fully_connected(table, what)
    if kind is OpKind.SOFTMAX:
        return _softmax(table, what)
    if kind is OpKind.RESHAPE and len(new_shape(operator)) > _MAX_NEW_DIMENSIONS:
        raise ModelError(f"{what} asks for more than {_MAX_NEW_DIMENSIONS} dimensions, which is not supported")
    return NoOptions()


def new_shape(operator: Any) -> tuple[int, ...]:
    """Return the shape that a RESHAPE carries as an option; nothing is the shape of a scalar."""
    if operator.BuiltinOptionsType() != tflite.BuiltinOptions.ReshapeOptions:
        return ()
    table = operator.BuiltinOptions()
    if table is None:
        return ()
    options = tflite.ReshapeOptions()
    options.Init(table.Bytes, table.Pos)
    return tuple(options.NewShapeAsNumpy().tolist()) if options.NewShapeLength() else ()


def _fully_connected(table: Any, what: str) -> FullyConnectedOptions:
    options = tflite.FullyConnectedOptions()
    options.Init(table.Bytes, table.Pos)
    if options.WeightsFormat() != tflite.FullyConnectedOptionsWeightsFormat.DEFAULT:
        raise ModelError(f"{what} has shuffled weights, which are not supported")
    code = options.FusedActivationFunction()
    if code not in _ACTIVATIONS:
        known = ", ".join(activation.value for activation in Activation)
        raise ModelError(f"{what} has fused activation {code}, which is not supported; known are {known}")
    return FullyConnectedOptions(_ACTIVATIONS[code], options.KeepNumDims())


def _softmax(table: Any, what: str) -> SoftmaxOptions:
    if table is None:
        raise ModelError(f"{what} has no options; beta is needed")
    options = tflite.SoftmaxOptions()
    options.Init(table.Bytes, table.Pos)
    return SoftmaxOptions(float(options.Beta()))
