"""Reads a TFLite file into a `Graph`, and lets nothing through that has not been checked."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import tflite

from edge_runtime.errors import ModelError
from edge_runtime.model.checks import check_graph, check_structure
from edge_runtime.model.dilation import join_dilations
from edge_runtime.model.flatbuffer import verify
from edge_runtime.model.folding import fold_constants
from edge_runtime.model.graph import Graph, Operator, OpKind, describe
from edge_runtime.model.operator_checks import shape_matches
from edge_runtime.model.options import new_shape, read_options
from edge_runtime.model.tensor_reader import read_tensors
from edge_runtime.model.tflite_fields import builtin_code, integers, names_of, text_of
from edge_runtime.model.tflite_schema import IDENTIFIER, ROOT, TFLITE_SCHEMA, VERSION
from edge_runtime.model.unsigned import shift_to_int8, split_edges

__all__ = ["load_tflite", "read_tflite"]

_HEADER_BYTES = 8
_OPERATOR_NAMES = names_of(tflite.BuiltinOperator)


def load_tflite(path: str | Path) -> Graph:
    """Read a TFLite file; the graph is named for it.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    Graph
        Checked: whoever gets it need not check indices, shapes, types or quantisation again.

    Raises
    ------
    ModelError
        If the file cannot be read, or `read_tflite` refuses what is in it.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ModelError(f"{path}: cannot be read ({reason}); give the path of a .tflite file") from None
    return read_tflite(data, path.name)


def read_tflite(data: bytes, name: str) -> Graph:
    """Read a TFLite model from memory.

    Parameters
    ----------
    data
        The whole file.
    name
        Stands at the head of messages; its stem becomes the graph's name.

    Returns
    -------
    Graph
        Checked, as by `load_tflite`.

    Raises
    ------
    ModelError
        If this is no TFLite file, if it is damaged, or if it has anything that is not supported: several
        subgraphs, an operator not in `OpKind`, a tensor that is not int8 where it should be.
    """
    try:
        return _read(data, Path(name).stem)
    except ModelError as error:
        raise ModelError(f"{name}: {error}") from None
    except (struct.error, IndexError, TypeError, ValueError, OverflowError) as error:
        # the schema's reader knows no errors of its own; `verify` should leave it nothing to stumble over
        raise ModelError(f"{name}: damaged: {error}") from error


def _read(data: bytes, name: str) -> Graph:
    _check_header(data)
    verify(data, ROOT, TFLITE_SCHEMA)
    model = tflite.Model.GetRootAs(data)
    _check_model(model)
    subgraph = model.Subgraphs(0)
    _check_references(model, subgraph.TensorsLength())
    kinds = _operator_kinds(model, subgraph)
    graph = Graph(
        name=name,
        tensors=tuple(read_tensors(model, subgraph)),
        operators=tuple(_operator(subgraph.Operators(i), i, kind) for i, kind in enumerate(kinds)),
        inputs=integers(subgraph, "Inputs"),
        outputs=integers(subgraph, "Outputs"),
    )
    check_structure(graph)
    _check_new_shapes(subgraph, graph)
    graph = join_dilations(fold_constants(shift_to_int8(graph)))
    check_graph(graph)
    return split_edges(graph)


def _check_header(data: bytes) -> None:
    if not data:
        raise ModelError("the file is empty")
    if len(data) < _HEADER_BYTES or data[4:_HEADER_BYTES] != IDENTIFIER:
        raise ModelError(f"not a TFLite file: the identifier {IDENTIFIER.decode()} is missing at byte 4")


def _check_model(model: Any) -> None:
    if model.Version() != VERSION:
        raise ModelError(f"schema version {model.Version()} is not supported; it must be {VERSION}")
    if model.SubgraphsLength() != 1:
        raise ModelError(f"has {model.SubgraphsLength()} subgraphs; only models with exactly 1 are supported")


def _check_references(model: Any, tensors: int) -> None:
    """Check the indices that TFLite follows, but that no graph holds."""
    for i in range(model.MetadataLength()):
        if model.Metadata(i).Buffer() >= model.BuffersLength():
            raise ModelError(f"damaged: metadata {i} refers to buffer {model.Metadata(i).Buffer()}, which is not there")
    for i in range(model.SignatureDefsLength()):
        signature = model.SignatureDefs(i)
        named = [signature.Inputs(j) for j in range(signature.InputsLength())]
        named += [signature.Outputs(j) for j in range(signature.OutputsLength())]
        if signature.SubgraphIndex() != 0 or any(entry.TensorIndex() >= tensors for entry in named):
            raise ModelError(f"damaged: signature {i} refers to a tensor or subgraph that is not there")
        # TFLite's Python wrapper trips over names that are not text
        for name in (signature.SignatureKey(), *(entry.Name() for entry in named)):
            text_of(name)


def _check_new_shapes(subgraph: Any, graph: Graph) -> None:
    """Check that a RESHAPE without a shape tensor carries, as an option, the shape that its output has."""
    for operator in graph.operators:
        if operator.kind is OpKind.RESHAPE and len(operator.inputs) == 1:
            asked, shape = new_shape(subgraph.Operators(operator.index)), graph.output_tensor(operator).shape
            if not shape_matches(asked, shape):
                raise ModelError(f"{describe(operator)} asks for shape {list(asked)}; its output has {list(shape)}")


def _operator_kinds(model: Any, subgraph: Any) -> list[OpKind]:
    """Return every operator's kind; unknown ones are all named at once, before anything else is complained about."""
    names = [_operator_name(model, subgraph.Operators(i)) for i in range(subgraph.OperatorsLength())]
    known = {kind.value for kind in OpKind}
    unknown = {name: i for i, name in reversed(list(enumerate(names))) if name not in known}
    if unknown:
        listed = ", ".join(f"{name} (operator {i})" for name, i in sorted(unknown.items(), key=lambda item: item[1]))
        raise ModelError(f"not supported: {listed}; the operators known are {', '.join(sorted(known))}")
    return [OpKind(name) for name in names]


def _operator_name(model: Any, operator: Any) -> str:
    index = operator.OpcodeIndex()
    if index >= model.OperatorCodesLength():
        raise ModelError(f"damaged: an operator code has index {index}, of {model.OperatorCodesLength()}")
    code = model.OperatorCodes(index)
    number = builtin_code(code)
    if number == tflite.BuiltinOperator.CUSTOM:
        return f"custom operator {text_of(code.CustomCode())!r}"
    return _OPERATOR_NAMES.get(number, f"operator code {number}")


def _operator(operator: Any, index: int, kind: OpKind) -> Operator:
    return Operator(
        index=index,
        kind=kind,
        inputs=integers(operator, "Inputs"),
        outputs=integers(operator, "Outputs"),
        options=read_options(operator, f"operator {index} ({kind.value})", kind),
        intermediates=integers(operator, "Intermediates"),
    )
