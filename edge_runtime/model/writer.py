"""Writes a `Graph` as a TFLite file: how a network with another head, or one made for a test, reaches TFLite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt
import tflite

from edge_runtime.model.graph import Graph, Operator, OpKind, Quantization, SqueezeOptions, Tensor
from edge_runtime.model.operator_versions import operator_version
from edge_runtime.model.options import options_type, write_options
from edge_runtime.model.tflite_schema import DTYPES, IDENTIFIER, VERSION
from edge_runtime.model.unsigned import joined_edges, to_uint8

__all__ = ["write_tflite"]

_LARGEST_OLD_CODE = 127
_NO_DATA = 0
_TENSOR_TYPES = {dtype: code for code, dtype in DTYPES.items()}


def write_tflite(graph: Graph) -> bytes:
    """Return `graph` as the bytes of a TFLite file.

    `read_tflite` gives the same graph back. What a graph does not hold (metadata, signatures, descriptions) is
    not in the file.

    Parameters
    ----------
    graph
        A graph as the reader returns it, or one that `edge_runtime.model.checks.check_graph` accepts.
    """
    return _Writer(graph).write()


class _Writer:
    def __init__(self, graph: Graph) -> None:
        graph = joined_edges(graph)
        self._graph = graph = replace(graph, tensors=tuple(to_uint8(tensor) for tensor in graph.tensors))
        self._builder = flatbuffers.Builder(1024)
        self._kinds = sorted({operator.kind for operator in graph.operators})
        self._constants = [tensor for tensor in graph.tensors if tensor.data is not None]

    def write(self) -> bytes:
        builder = self._builder
        buffers = self._offsets([self._buffer(None), *(self._buffer(tensor.data) for tensor in self._constants)])
        codes = self._offsets([self._code(kind) for kind in self._kinds])
        subgraphs = self._offsets([self._subgraph()])
        tflite.ModelStart(builder)
        tflite.ModelAddVersion(builder, VERSION)
        tflite.ModelAddOperatorCodes(builder, codes)
        tflite.ModelAddSubgraphs(builder, subgraphs)
        tflite.ModelAddBuffers(builder, buffers)
        builder.Finish(tflite.ModelEnd(builder), file_identifier=IDENTIFIER)
        return bytes(builder.Output())

    def _subgraph(self) -> Any:
        graph, builder = self._graph, self._builder
        places = {tensor.index: place for place, tensor in enumerate(self._constants, start=_NO_DATA + 1)}
        tensors = self._offsets([self._tensor(t, places.get(t.index, _NO_DATA)) for t in graph.tensors])
        operators = self._offsets([self._operator(operator) for operator in graph.operators])
        inputs, outputs = self._int32(graph.inputs), self._int32(graph.outputs)
        name = builder.CreateString(graph.name)
        tflite.SubGraphStart(builder)
        tflite.SubGraphAddTensors(builder, tensors)
        tflite.SubGraphAddInputs(builder, inputs)
        tflite.SubGraphAddOutputs(builder, outputs)
        tflite.SubGraphAddOperators(builder, operators)
        tflite.SubGraphAddName(builder, name)
        return tflite.SubGraphEnd(builder)

    def _buffer(self, data: npt.NDArray[Any] | None) -> Any:
        # the schema asks for data aligned to 16 bytes; the numbers are little-endian, as every machine here is
        content = None if data is None else self._vector(data.tobytes(), len(data.tobytes()), 1, 16)
        tflite.BufferStart(self._builder)
        if content is not None:
            tflite.BufferAddData(self._builder, content)
        return tflite.BufferEnd(self._builder)

    def _tensor(self, tensor: Tensor, place: int) -> Any:
        builder = self._builder
        shape = self._int32(tensor.shape)
        name = builder.CreateString(tensor.name)
        quantization = None if tensor.quantization is None else self._quantization(tensor.quantization)
        tflite.TensorStart(builder)
        tflite.TensorAddShape(builder, shape)
        tflite.TensorAddType(builder, _TENSOR_TYPES[tensor.dtype])
        tflite.TensorAddBuffer(builder, place)
        tflite.TensorAddName(builder, name)
        if quantization is not None:
            tflite.TensorAddQuantization(builder, quantization)
        if tensor.is_variable:
            tflite.TensorAddIsVariable(builder, True)
        tflite.TensorAddHasRank(builder, True)
        return tflite.TensorEnd(builder)

    def _quantization(self, quantization: Quantization) -> Any:
        builder = self._builder
        scales = builder.CreateNumpyVector(quantization.scales.astype("<f4"))
        zero_points = builder.CreateNumpyVector(quantization.zero_points.astype("<i8"))
        tflite.QuantizationParametersStart(builder)
        tflite.QuantizationParametersAddScale(builder, scales)
        tflite.QuantizationParametersAddZeroPoint(builder, zero_points)
        tflite.QuantizationParametersAddQuantizedDimension(builder, quantization.axis)
        return tflite.QuantizationParametersEnd(builder)

    def _code(self, kind: OpKind) -> Any:
        builder = self._builder
        code = getattr(tflite.BuiltinOperator, kind.value)
        tflite.OperatorCodeStart(builder)
        tflite.OperatorCodeAddDeprecatedBuiltinCode(builder, min(code, _LARGEST_OLD_CODE))
        tflite.OperatorCodeAddVersion(builder, operator_version(kind))
        tflite.OperatorCodeAddBuiltinCode(builder, code)
        return tflite.OperatorCodeEnd(builder)

    def _operator(self, operator: Operator) -> Any:
        builder = self._builder
        inputs, outputs, options = self._int32(operator.inputs), self._int32(operator.outputs), self._options(operator)
        intermediates = self._int32(operator.intermediates) if operator.intermediates else None
        tflite.OperatorStart(builder)
        tflite.OperatorAddOpcodeIndex(builder, self._kinds.index(operator.kind))
        tflite.OperatorAddInputs(builder, inputs)
        tflite.OperatorAddOutputs(builder, outputs)
        tflite.OperatorAddBuiltinOptionsType(builder, options_type(operator.kind))
        if options is not None:
            tflite.OperatorAddBuiltinOptions(builder, options)
        if intermediates is not None:
            tflite.OperatorAddIntermediates(builder, intermediates)
        return tflite.OperatorEnd(builder)

    def _options(self, operator: Operator) -> Any:
        options = operator.options
        vector = None
        if isinstance(options, SqueezeOptions):
            vector = self._int32(options.dims)
        elif operator.kind is OpKind.RESHAPE:
            vector = self._int32(self._graph.output_tensor(operator).shape)
        return write_options(self._builder, operator.kind, options, vector)

    def _int32(self, values: Sequence[int]) -> Any:
        return self._vector(np.asarray(values, "<i4").tobytes(), len(values), 4, 4)

    def _offsets(self, offsets: Sequence[Any]) -> Any:
        self._builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self._builder.PrependUOffsetTRelative(offset)
        return self._builder.EndVector()

    def _vector(self, content: bytes, length: int, size: int, alignment: int) -> Any:
        builder = self._builder
        builder.StartVector(size, length, alignment)
        builder.head -= len(content)
        builder.Bytes[builder.head : builder.head + len(content)] = content
        return builder.EndVector()
