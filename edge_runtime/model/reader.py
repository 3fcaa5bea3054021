"""Reads a TFLite file into a `Graph`, and lets nothing through that has not been checked."""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt
import tflite

from edge_runtime.errors import ModelError
from edge_runtime.model.checks import check_graph
from edge_runtime.model.flatbuffer import verify
from edge_runtime.model.graph import Graph, Operator, OpKind, Quantization, Tensor, describe
from edge_runtime.model.operator_checks import shape_matches
from edge_runtime.model.options import new_shape, read_options
from edge_runtime.model.tflite_schema import DTYPES, IDENTIFIER, ROOT, TFLITE_SCHEMA, VERSION

__all__ = ["load_tflite", "read_tflite"]

_HEADER_BYTES = 8
_MAX_RANK = 8
_BUILTIN_CODE_FIELD = 10


def _names(enumeration: type) -> dict[int, str]:
    return {code: name for name, code in vars(enumeration).items() if not name.startswith("_")}


_OPERATOR_NAMES = _names(tflite.BuiltinOperator)
_TYPE_NAMES = _names(tflite.TensorType)


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
        tensors=tuple(_Tensors(model, subgraph).read_all()),
        operators=tuple(_operator(subgraph.Operators(i), i, kind) for i, kind in enumerate(kinds)),
        inputs=_integers(subgraph, "Inputs"),
        outputs=_integers(subgraph, "Outputs"),
    )
    check_graph(graph)
    _check_new_shapes(subgraph, graph)
    return graph


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
            _text(name)


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
    number = _builtin_code(code)
    if number == tflite.BuiltinOperator.CUSTOM:
        return f"custom operator {_text(code.CustomCode())!r}"
    return _OPERATOR_NAMES.get(number, f"operator code {number}")


def _builtin_code(code: Any) -> int:
    """Return the larger of the old field and the new, as TFLite does; the package's accessor knows another rule."""
    offset = code._tab.Offset(_BUILTIN_CODE_FIELD)
    new = code._tab.Get(flatbuffers.number_types.Int32Flags, offset + code._tab.Pos) if offset else 0
    return int(max(new, code.DeprecatedBuiltinCode()))


def _operator(operator: Any, index: int, kind: OpKind) -> Operator:
    return Operator(
        index=index,
        kind=kind,
        inputs=_integers(operator, "Inputs"),
        outputs=_integers(operator, "Outputs"),
        options=read_options(operator, f"operator {index} ({kind.value})", kind),
    )


class _Tensors:
    """Reads a subgraph's tensors."""

    def __init__(self, model: Any, subgraph: Any) -> None:
        self._model = model
        self._subgraph = subgraph

    def read_all(self) -> list[Tensor]:
        return [self._read(self._subgraph.Tensors(i), i) for i in range(self._subgraph.TensorsLength())]

    def _read(self, tensor: Any, index: int) -> Tensor:
        name = _text(tensor.Name())
        what = f"tensor {index} ({name!r})"
        _refuse_features(tensor, what)
        dtype = DTYPES[tensor.Type()]
        shape = _shape(tensor, what)
        return Tensor(index, name, shape, dtype, _quantization(tensor, what), self._data(tensor, shape, dtype, what))

    def _data(self, tensor: Any, shape: tuple[int, ...], dtype: np.dtype[Any], what: str) -> npt.NDArray[Any] | None:
        index = tensor.Buffer()
        if index >= self._model.BuffersLength():
            raise ModelError(f"damaged: {what} refers to buffer {index}, of {self._model.BuffersLength()}")
        buffer = self._model.Buffers(index)
        if buffer.Offset() or buffer.Size():
            raise ModelError(f"{what} has its data outside the FlatBuffer, which is not supported")
        if buffer.DataLength() == 0:
            return None
        expected = math.prod(shape) * dtype.itemsize
        if buffer.DataLength() != expected:
            raise ModelError(f"{what} has {buffer.DataLength()} bytes of data; its shape and type need {expected}")
        data = buffer.DataAsNumpy().view(dtype).reshape(shape)
        data.flags.writeable = False
        return data  # type: ignore[no-any-return]


def _refuse_features(tensor: Any, what: str) -> None:
    features = {
        "sparse": tensor.Sparsity() is not None,
        "a variable": tensor.IsVariable(),
        "a variant": not tensor.VariantTensorsIsNone(),
        f"of type {_TYPE_NAMES.get(tensor.Type(), tensor.Type())}": tensor.Type() not in DTYPES,
    }
    for feature, present in features.items():
        if present:
            raise ModelError(f"{what} is {feature}, which is not supported; give a plain int8 model")


def _shape(tensor: Any, what: str) -> tuple[int, ...]:
    if tensor.ShapeLength() > _MAX_RANK:
        raise ModelError(f"{what} has {tensor.ShapeLength()} dimensions; at most {_MAX_RANK} are supported")
    shape = _integers(tensor, "Shape")
    if any(length < 1 for length in shape):
        raise ModelError(f"{what} has shape {list(shape)}; every dimension must be fixed and at least 1")
    return shape


def _quantization(tensor: Any, what: str) -> Quantization | None:
    parameters = tensor.Quantization()
    if parameters is None or parameters.ScaleLength() == 0:
        return None
    if parameters.DetailsType():
        raise ModelError(f"{what} has a quantisation scheme of its own, which is not supported; only affine ones are")
    if parameters.ScaleLength() != parameters.ZeroPointLength():
        raise ModelError(f"{what} has {parameters.ScaleLength()} scales but {parameters.ZeroPointLength()} zero points")
    return Quantization(
        parameters.ScaleAsNumpy().astype(np.float32),
        parameters.ZeroPointAsNumpy().astype(np.int64),
        parameters.QuantizedDimension(),
    )


def _integers(table: Any, field: str) -> tuple[int, ...]:
    """Return a vector of integers; a missing one is empty."""
    if getattr(table, f"{field}Length")() == 0:
        return ()
    return tuple(getattr(table, f"{field}AsNumpy")().tolist())


def _text(text: bytes | None) -> str:
    try:
        return (text or b"").decode()
    except UnicodeDecodeError:
        raise ModelError(f"damaged: the name {text!r} is not UTF-8") from None
