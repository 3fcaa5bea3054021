"""What the reader refuses, and in which words; every message is one line that names the file."""

from __future__ import annotations

import struct
import time
from dataclasses import replace

import flatbuffers
import numpy as np
import pytest
import tflite

from edge_runtime.errors import ModelError
from edge_runtime.model import (
    Activation,
    FullyConnectedOptions,
    GraphBuilder,
    NoOptions,
    OpKind,
    Quantization,
    SoftmaxOptions,
    load_tflite,
    read_tflite,
    write_tflite,
)
from edge_runtime.model import writer as writer_module
from edge_runtime.model.checks import check_graph


def dense(activation: Activation = Activation.RELU, *, keep: bool = False):
    """Tensors: 0 input [2, 3], 1 weights [4, 3], 2 bias [4], 3 output [2, 4]; softmax to 4."""
    builder = GraphBuilder("dense")
    x = builder.input((2, 3), scale=0.5, zero_point=3)
    y = builder.fully_connected(
        x,
        np.arange(12).reshape(4, 3),
        [1, 2, 3, 4],
        weight_scale=0.25,
        scale=2.0,
        zero_point=-5,
        activation=activation,
        keep_num_dims=keep,
    )
    return builder.graph(builder.softmax(y))


def with_tensor(graph, index, **changes):
    tensors = list(graph.tensors)
    tensors[index] = replace(tensors[index], **changes)
    return replace(graph, tensors=tuple(tensors))


def with_operator(graph, index, **changes):
    operators = list(graph.operators)
    operators[index] = replace(operators[index], **changes)
    return replace(graph, operators=tuple(operators))


def affine(scale, zero_point=0, axis=0):
    scales = np.atleast_1d(np.asarray(scale)).astype(np.float32)
    return Quantization(scales, np.full(len(scales), zero_point), axis)


def refused(data: bytes, match: str) -> None:
    with pytest.raises(ModelError, match=match) as caught:
        read_tflite(data, "some.tflite")
    message = str(caught.value)
    assert message.startswith("some.tflite: ")
    assert "\n" not in message


class Patch:
    """Changes single fields of a file, as a damaged disk or another converter might."""

    def __init__(self, graph) -> None:
        self.data = bytearray(write_tflite(graph))
        self.model = tflite.Model.GetRootAs(self.data)
        self.subgraph = self.model.Subgraphs(0)

    def set(self, table, slot: int, form: str, value: float) -> bytes:
        struct.pack_into(form, self.data, table._tab.Pos + table._tab.Offset(4 + 2 * slot), value)
        return bytes(self.data)

    def alias(self, table, slot: int, other: int) -> bytes:
        """Let an absent field be where another field is."""
        vtable = table._tab.Pos - struct.unpack_from("<i", self.data, table._tab.Pos)[0]
        self.data[vtable + 4 + 2 * slot : vtable + 6 + 2 * slot] = self.data[vtable + 4 + 2 * other :][:2]
        return bytes(self.data)

    def vector(self, table, slot: int) -> int:
        return table._tab.Vector(table._tab.Offset(4 + 2 * slot))


def test_a_good_file_is_read(tmp_path):
    path = tmp_path / "a.b.tflite"
    path.write_bytes(write_tflite(dense()))
    graph = load_tflite(str(path))
    assert graph.name == "a.b"
    assert [operator.kind for operator in graph.operators] == [OpKind.FULLY_CONNECTED, OpKind.SOFTMAX]
    assert graph.operators[0].options == FullyConnectedOptions(Activation.RELU)
    assert graph.operators[1].options == SoftmaxOptions(1.0)
    assert graph.inputs == (0,)
    assert graph.tensor(1).data.tolist() == np.arange(12).reshape(4, 3).tolist()
    assert not graph.tensor(1).data.flags.writeable


def test_missing_file(tmp_path):
    with pytest.raises(ModelError, match=r"none\.tflite: cannot be read \(No such file"):
        load_tflite(tmp_path / "none.tflite")


def test_directory(tmp_path):
    with pytest.raises(ModelError, match=r"cannot be read \(Is a directory\); give the path of a \.tflite file"):
        load_tflite(tmp_path)


def test_path_with_a_zero():
    with pytest.raises(ModelError, match="cannot be read"):
        load_tflite("a\0b")


def test_empty():
    refused(b"", "the file is empty")


@pytest.mark.parametrize("data", [b"TFL3", b"abcd" * 100, b"\0" * 7, b"\x18\0\0\0TFL4" + b"\0" * 99])
def test_not_a_tflite_file(data):
    refused(data, "not a TFLite file: the identifier TFL3 is missing")


@pytest.mark.parametrize("seed", range(20))
def test_random_bytes_under_the_right_identifier(seed):
    random = np.random.default_rng(seed)
    refused(random.bytes(4) + b"TFL3" + random.bytes(500), "damaged")
    refused(struct.pack("<I", 8 + 4 * seed) + b"TFL3" + random.bytes(500), "damaged")


def test_every_truncation():
    data = write_tflite(dense())
    for length in range(8, len(data)):
        with pytest.raises(ModelError):
            read_tflite(data[:length], "cut")


def test_a_vector_of_billions_is_refused_at_once():
    patch = Patch(dense())
    before = time.perf_counter()
    for slot in (0, 1, 2, 3):
        changed = bytearray(patch.data)
        struct.pack_into("<I", changed, patch.vector(patch.subgraph, slot) - 4, 0x3FFFFFFF)
        refused(bytes(changed), "damaged or truncated: SubGraph")
    assert time.perf_counter() - before < 1


def test_wrong_schema_version():
    patch = Patch(dense())
    refused(patch.set(patch.model, 0, "<I", 2), "schema version 2 is not supported; it must be 3")


def two_subgraphs() -> bytes:
    builder = flatbuffers.Builder(0)
    subgraphs = []
    for _ in range(2):
        tflite.SubGraphStart(builder)
        subgraphs.append(tflite.SubGraphEnd(builder))
    tflite.ModelStartSubgraphsVector(builder, 2)
    for subgraph in subgraphs:
        builder.PrependUOffsetTRelative(subgraph)
    vector = builder.EndVector()
    tflite.ModelStart(builder)
    tflite.ModelAddVersion(builder, 3)
    tflite.ModelAddSubgraphs(builder, vector)
    builder.Finish(tflite.ModelEnd(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def test_several_subgraphs():
    refused(two_subgraphs(), "has 2 subgraphs; only models with exactly 1")


def test_unknown_operators_are_all_named():
    patch = Patch(dense())
    for place, code in ((1, 123), (0, 32)):
        codes = patch.model.OperatorCodes(place)
        patch.set(codes, 0, "<b", code)
        data = patch.set(codes, 3, "<i", code)
    named = r"not supported: custom operator '' \(operator 0\), SELECT_V2 \(operator 1\); the operators known are ABS, "
    refused(data, named)


@pytest.mark.parametrize(("code", "name"), [(32, "custom operator ''"), (123, "SELECT_V2"), (121, "operator code 121")])
def test_unknown_operator_codes(monkeypatch, code, name):
    names = {k: v for k, v in vars(tflite.BuiltinOperator).items() if k.isupper() and v != 121}
    assert names  # the package's own table, less one that a later version might add
    monkeypatch.setattr("edge_runtime.model.reader._OPERATOR_NAMES", {v: k for k, v in names.items()})
    patch = Patch(dense())
    codes = patch.model.OperatorCodes(0)
    patch.set(codes, 0, "<b", code)
    refused(patch.set(codes, 3, "<i", code), rf"not supported: {name} \(operator 0\)")


def test_the_larger_operator_code_counts():
    patch = Patch(dense())
    refused(patch.set(patch.model.OperatorCodes(0), 3, "<i", 24), r"not supported: RNN \(operator 0\)")


def test_names_that_are_not_text():
    patch = Patch(dense())
    refused(patch.data.replace(b"t3", b"t\xff"), r"damaged: the name b't\\xff' is not UTF-8")


def test_signatures_that_are_not_text():
    refused(_with_signature(tensor=0, buffer=0).replace(b"\0name\0", b"\0nam\xff\0"), "the name .* is not UTF-8")


def test_operator_code_out_of_range():
    patch = Patch(dense())
    refused(patch.set(patch.subgraph.Operators(1), 0, "<I", 7), "operator code has index 7, of 2")


def test_tensor_index_out_of_range():
    refused(write_tflite(with_operator(dense(), 0, inputs=(0, 1, 77))), "operator 0 .* refers to tensor 77, of 5")
    refused(write_tflite(with_operator(dense(), 0, inputs=(-2, 1, 2))), "refers to tensor -2")
    refused(write_tflite(with_operator(dense(), 0, outputs=(-1,))), "refers to tensor -1")
    refused(write_tflite(replace(dense(), outputs=(5,))), "the network's outputs refers to tensor 5, of 5")


def test_buffer_out_of_range():
    patch = Patch(dense())
    refused(patch.set(patch.subgraph.Tensors(1), 2, "<I", 9), "refers to buffer 9, of 3")


def test_metadata_and_signatures_out_of_range():
    refused(_with_signature(tensor=9, buffer=0), "signature 0 refers to a tensor or subgraph that is not there")
    refused(_with_signature(tensor=0, buffer=9), "metadata 0 refers to buffer 9")
    assert read_tflite(_with_signature(tensor=0, buffer=0), "good").inputs == (0,)


def _with_signature(tensor: int, buffer: int) -> bytes:
    class Writer(writer_module._Writer):
        def _offsets(self, offsets):
            self.last = super()._offsets(offsets)
            return self.last

    def model_end(builder):
        tflite.ModelAddSignatureDefs(builder, signatures)
        tflite.ModelAddMetadata(builder, metadata)
        return builder.EndObject()

    writer = Writer(dense())
    builder = writer._builder
    name = builder.CreateString("name")
    tflite.TensorMapStart(builder)
    tflite.TensorMapAddName(builder, name)
    tflite.TensorMapAddTensorIndex(builder, tensor)
    inputs = writer._offsets([tflite.TensorMapEnd(builder)])
    tflite.SignatureDefStart(builder)
    tflite.SignatureDefAddInputs(builder, inputs)
    signatures = writer._offsets([tflite.SignatureDefEnd(builder)])
    tflite.MetadataStart(builder)
    tflite.MetadataAddName(builder, name)
    tflite.MetadataAddBuffer(builder, buffer)
    metadata = writer._offsets([tflite.MetadataEnd(builder)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tflite, "ModelEnd", model_end)
        return writer.write()


def test_data_that_does_not_fill_the_shape():
    graph = with_tensor(dense(), 1, data=np.zeros((4, 2), np.int8))
    refused(write_tflite(graph), r"tensor 1 \('t1'\) has 8 bytes of data; its shape and type need 12")


def test_data_outside_the_flatbuffer(monkeypatch):
    def buffer(self, data):
        tflite.BufferStart(self._builder)
        tflite.BufferAddOffset(self._builder, 4096)
        tflite.BufferAddSize(self._builder, 12)
        return tflite.BufferEnd(self._builder)

    monkeypatch.setattr(writer_module._Writer, "_buffer", buffer)
    refused(write_tflite(dense()), "has its data outside the FlatBuffer")


def test_variables_sparse_tensors_and_odd_schemes():
    patch = Patch(dense())
    refused(patch.alias(patch.subgraph.Tensors(0), 5, 8), r"tensor 0 \('t0'\) is a variable, and a network input")
    patch = Patch(dense())
    refused(patch.alias(patch.subgraph.Tensors(1), 5, 8), r"tensor 1 \('t1'\) is a variable with data")
    patch = Patch(dense())
    refused(patch.alias(patch.subgraph.Tensors(0), 6, 4), "is sparse, which is not supported")
    patch = Patch(dense())
    refused(patch.set(patch.subgraph.Tensors(0), 1, "<b", 17), "is of type INT4, which is not supported; give")


def test_quantisation_schemes_of_their_own(monkeypatch):
    def end(builder):
        tflite.QuantizationParametersAddDetailsType(builder, 1)
        return builder.EndObject()

    monkeypatch.setattr(tflite, "QuantizationParametersEnd", end)
    refused(write_tflite(dense()), r"tensor 0 \('t0'\) has a quantisation scheme of its own")


def test_shuffled_weights_and_unknown_activations():
    patch = Patch(dense(keep=True))
    refused(
        _options(patch, lambda options: patch.alias(options, 1, 2)),
        "has WeightsFormat 1, which is not supported; only 0 is",
    )
    patch = Patch(dense())
    match = "fused activation 4, which is not supported; known are NONE, RELU, RELU_N1_TO_1, RELU6"
    refused(_options(patch, lambda options: patch.set(options, 0, "<b", 4)), match)


def _options(patch, change) -> bytes:
    table = patch.subgraph.Operators(0).BuiltinOptions()
    options = tflite.FullyConnectedOptions()
    options.Init(table.Bytes, table.Pos)
    return change(options)


def test_options_of_another_operator():
    patch = Patch(dense())
    another = tflite.BuiltinOptions.PadOptions
    refused(patch.set(patch.subgraph.Operators(0), 3, "<B", another), "carries the options of another operator")
    patch = Patch(dense())
    refused(patch.set(patch.subgraph.Operators(1), 3, "<B", 0), "operator 1 .SOFTMAX. has no options; it needs beta")


def test_options_may_be_missing_where_they_have_a_default():
    patch = Patch(dense(Activation.NONE))
    graph = read_tflite(patch.set(patch.subgraph.Operators(0), 3, "<B", 0), "default")
    assert graph.operators[0].options == FullyConnectedOptions()


def test_a_reshape_whose_option_is_another_shape():
    builder = GraphBuilder("reshape")
    graph = builder.graph(builder.reshape(builder.input((6,), scale=1, zero_point=0), (2, 3), as_tensor=False))
    patch = Patch(graph)
    table = patch.subgraph.Operators(0).BuiltinOptions()
    options = tflite.ReshapeOptions()
    options.Init(table.Bytes, table.Pos)
    struct.pack_into("<ii", patch.data, patch.vector(options, 0), -1, 3)
    assert read_tflite(bytes(patch.data), "reshape.tflite") == graph
    struct.pack_into("<ii", patch.data, patch.vector(options, 0), 3, 2)
    refused(bytes(patch.data), r"operator 0 \(RESHAPE\) asks for shape \[3, 2\]; its output has \[2, 3\]")


def test_a_reshape_option_of_many_dimensions():
    class Writer(writer_module._Writer):
        def _options(self, operator):
            if operator.kind is not OpKind.RESHAPE:
                return super()._options(operator)
            shape = self._int32([1] * 9)
            tflite.ReshapeOptionsStart(self._builder)
            tflite.ReshapeOptionsAddNewShape(self._builder, shape)
            return tflite.ReshapeOptionsEnd(self._builder)

    data = Writer(conversions(lambda graph: graph)).write()
    refused(data, r"operator 1 \(RESHAPE\) asks for more than 8 dimensions")


def test_other_numbers_of_zero_points_than_scales():
    graph = with_tensor(dense(), 0, quantization=Quantization(np.ones(1, np.float32), np.zeros(2, np.int64)))
    refused(write_tflite(graph), r"tensor 0 \('t0'\) has 1 scales but 2 zero points")


def float_model():
    graph = dense()
    for index in (0, 1, 3, 4):
        data = graph.tensor(index).data
        graph = with_tensor(
            graph,
            index,
            dtype=np.dtype(np.float32),
            quantization=None,
            data=None if data is None else data.astype(np.float32),
        )
    return graph


def two_outputs():
    graph = dense()
    spare = replace(graph.tensor(4), index=5)
    return with_operator(replace(graph, tensors=(*graph.tensors, spare)), 1, outputs=(4, 5))


GRAPHS = {
    "float32": (
        float_model,
        r"operator 0 \(FULLY_CONNECTED\), input: tensor 0 \('t0'\) is float32: give an int8 model, e\.g\.",
    ),
    "hybrid": (lambda: with_tensor(dense(), 0, dtype=np.dtype(np.float32)), "is float32: give an int8 model"),
    "uint8": (
        lambda: with_tensor(dense(), 0, dtype=np.dtype(np.uint8)),
        "has both int8 and uint8 tensors; only QUANTIZE converts",
    ),
    "int16": (lambda: with_tensor(dense(), 0, dtype=np.dtype(np.int16)), "is int16: 16-bit activations"),
    "dynamic shape": (lambda: with_tensor(dense(), 0, shape=(-1, 3)), r"has shape \[-1, 3\]; every dimension"),
    "empty shape": (lambda: with_tensor(dense(), 0, shape=(0, 3)), r"has shape \[0, 3\]; every dimension"),
    "huge shape": (lambda: with_tensor(dense(), 0, shape=(2**31 - 1,) * 8), "more than 256 MiB"),
    "many dimensions": (lambda: with_tensor(dense(), 0, shape=(1,) * 9), "has 9 dimensions; at most 8"),
    "not quantised": (lambda: with_tensor(dense(), 0, quantization=None), "has no scale and zero point"),
    "zero scale": (lambda: with_tensor(dense(), 0, quantization=affine(0)), "scale 0.0; it must be positive"),
    "negative scale": (lambda: with_tensor(dense(), 0, quantization=affine(-1)), "scale -1.0; it must be positive"),
    "nan scale": (lambda: with_tensor(dense(), 0, quantization=affine(np.nan)), "scale nan; it must be positive"),
    "infinite scale": (lambda: with_tensor(dense(), 3, quantization=affine(np.inf)), "scale inf; it must be positive"),
    "subnormal scale": (lambda: with_tensor(dense(), 0, quantization=affine(1e-40)), "it must be positive"),
    "zero point": (lambda: with_tensor(dense(), 0, quantization=affine(1, 128)), "zero point 128; int8 allows -128 to"),
    "channel count": (
        lambda: with_tensor(dense(), 1, quantization=affine([1, 1, 1])),
        r"has 3 scales along dimension 0 of \[4, 3\]",
    ),
    "channel axis": (
        lambda: with_tensor(dense(), 1, quantization=affine([1] * 3, axis=7)),
        r"has 3 scales along dimension 7",
    ),
    "channels of inputs": (
        lambda: with_tensor(dense(), 1, quantization=affine([1] * 3, axis=1)),
        "has scales along dimension 1; it must be 0",
    ),
    "channels of activations": (
        lambda: with_tensor(dense(), 0, quantization=affine([1, 2])),
        "has a scale per channel; only weights may",
    ),
    "weights' zero point": (
        lambda: with_tensor(dense(), 1, quantization=affine(0.25, 2)),
        r"weights: tensor 1 \('t1'\) has zero points \[2\]; they must be 0",
    ),
    "weights computed": (
        lambda: with_operator(dense(), 0, inputs=(0, 0, 2)),
        r"weights: tensor 0 \('t0'\) is computed at run time; it must be a constant",
    ),
    "weights' rank": (
        lambda: with_tensor(dense(), 1, shape=(12,), data=np.zeros(12, np.int8)),
        r"has shape \[12\]; it must be \[outputs, inputs\]",
    ),
    "input size": (
        lambda: with_tensor(dense(), 0, shape=(2, 4)),
        r"input: tensor 0 \('t0'\) has shape \[2, 4\]; the weights take 3 features",
    ),
    "input's last dimension": (
        lambda: with_tensor(dense(keep=True), 0, shape=(3, 2)),
        r"has shape \[3, 2\]; the weights take 3 features",
    ),
    "output size": (
        lambda: with_tensor(dense(), 3, shape=(2, 5)),
        r"output: tensor 3 \('t3'\) has shape \[2, 5\]; it must be \[2, 4\]",
    ),
    "bias length": (
        lambda: with_tensor(dense(), 2, shape=(3,), data=np.zeros(3, np.int32)),
        r"bias: tensor 2 \('t2'\) has shape \[3\]; it must be \[4\]",
    ),
    "bias type": (
        lambda: with_tensor(dense(), 2, dtype=np.dtype(np.int64), data=np.zeros(4, np.int64)),
        r"bias: tensor 2 \('t2'\) is int64: it must be int32",
    ),
    "bias zero point": (
        lambda: with_tensor(dense(), 2, quantization=affine(0.125, 1)),
        r"has zero points \[1\]; they must be 0",
    ),
    "bias scale": (
        lambda: with_tensor(dense(), 2, quantization=affine(0.2)),
        r"has scale 0\.2; input scale x weight scale is 0\.125",
    ),
    "bias scales": (
        lambda: with_tensor(dense(), 2, quantization=affine([0.125] * 4)),
        "has 4 scales; it needs as many as the weights",
    ),
    "factor": (
        lambda: with_tensor(with_tensor(dense(), 3, quantization=affine(1e-11)), 2, quantization=affine(0.125)),
        r"operator 0 \(FULLY_CONNECTED\) has scales out of proportion",
    ),
    "no operators": (lambda: replace(dense(), operators=()), "has no operators"),
    "no inputs": (lambda: replace(dense(), inputs=()), "has no inputs"),
    "no outputs": (lambda: replace(dense(), outputs=()), "has no outputs"),
    "an output twice": (lambda: replace(dense(), outputs=(4, 4)), "names the same tensor twice among its outputs"),
    "a constant input": (lambda: replace(dense(), inputs=(0, 1)), "network input tensor 1 .* holds constant data"),
    "an uncomputed output": (lambda: replace(dense(), outputs=(0,)), "no operator computes network output tensor 0"),
    "operators out of order": (
        lambda: replace(dense(), operators=dense().operators[::-1]),
        "reads tensor 3 .* before anything has written it",
    ),
    "a loop": (lambda: with_operator(dense(), 0, inputs=(3, 1, 2)), "reads tensor 3 .* before anything has written"),
    "written twice": (lambda: with_operator(dense(), 1, outputs=(3,)), "writes tensor 3 .* already has a value"),
    "writes a constant": (lambda: with_operator(dense(), 0, outputs=(1,)), "writes tensor 1 .* already has a value"),
    "inputs missing": (lambda: with_operator(dense(), 0, inputs=(0,)), r"has inputs \[0\]; it needs 2 to 3"),
    "input absent": (lambda: with_operator(dense(), 0, inputs=(-1, 1, 2)), r"has inputs \[-1, 1, 2\]; it needs 2"),
    "too many inputs": (lambda: with_operator(dense(), 1, inputs=(3, 3)), r"has inputs \[3, 3\]; it needs 1 to 1"),
    "two outputs": (two_outputs, r"operator 1 \(SOFTMAX\) has 2 outputs; it needs 1"),
    "softmax scale": (
        lambda: with_tensor(dense(), 4, quantization=affine(1 / 255, -128)),
        "softmax gives 1/256 and -128",
    ),
    "softmax zero point": (lambda: with_tensor(dense(), 4, quantization=affine(1 / 256, 0)), "gives 1/256 and -128"),
    "softmax shape": (
        lambda: with_tensor(dense(), 4, shape=(2, 3)),
        r"has shape \[2, 3\]; the input's is \[2, 4\]",
    ),
    "softmax beta": (lambda: with_operator(dense(), 1, options=SoftmaxOptions(0.0)), "has beta 0.0; it must be"),
    "softmax nan": (lambda: with_operator(dense(), 1, options=SoftmaxOptions(float("nan"))), "has beta nan; it must"),
    "softmax exponents": (
        lambda: with_operator(dense(), 1, options=SoftmaxOptions(1e-9)),
        r"has beta x scale 2e-09; TFLite aborts unless it is above 2\*\*-26",
    ),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_networks_that_tflite_would_not_run_or_not_run_soundly(name):
    make, match = GRAPHS[name]
    refused(write_tflite(make()), match)


def conversions(change):
    builder = GraphBuilder("conversions")
    x = builder.quantize(builder.float_input((2, 3)), scale=1, zero_point=0)
    y = builder.dequantize(builder.reshape(x, (6,)))
    return change(builder.graph(y))


CONVERSIONS = {
    "quantize to float": (lambda g: with_tensor(g, 1, dtype=np.dtype(np.float32)), "output: .* is float32: give"),
    "quantize shape": (lambda g: with_tensor(g, 1, shape=(6,)), r"has shape \[6\]; the input's is \[2, 3\]"),
    "quantize from int32": (lambda g: with_tensor(g, 0, dtype=np.dtype(np.int32)), "is int32: it must be int8"),
    "dequantize to int8": (lambda g: with_tensor(g, 4, dtype=np.dtype(np.int8)), "is int8; it must be float32"),
    "dequantize shape": (lambda g: with_tensor(g, 4, shape=(2, 3)), r"has shape \[2, 3\]; the input's is \[6\]"),
    "reshape size": (lambda g: with_tensor(g, 3, shape=(7,)), r"has shape \[7\]; it must hold the input's 6 elements"),
    "reshape asks": (lambda g: with_tensor(g, 3, shape=(3, 2)), r"has shape \[3, 2\]; what is asked for is \[6\]"),
    "reshape of floats to int8": (
        lambda g: with_operator(replace(g, outputs=(3,)), 1, inputs=(0, 2)),
        r"operator 1 \(RESHAPE\), output: tensor 3 \('t3'\) is int8; it must be float32, as the input",
    ),
    "reshape to what is computed": (
        lambda g: with_operator(g, 1, inputs=(1, 1)),
        r"shape: tensor 1 \('t1'\) is computed at run time",
    ),
    "reshape without a shape": (
        lambda g: with_operator(g, 1, inputs=(1, -1)),
        r"operator 1 \(RESHAPE\) has inputs \[1, -1\]; it needs 1 to 2",
    ),
    "reshape to int8": (
        lambda g: with_tensor(g, 2, dtype=np.dtype(np.int8), data=np.array([6], np.int8)),
        r"is int8 \[1\]; it must be an int32 vector",
    ),
}


@pytest.mark.parametrize("name", CONVERSIONS)
def test_conversions_that_are_not_sound(name):
    change, match = CONVERSIONS[name]
    refused(write_tflite(conversions(change)), match)


@pytest.mark.parametrize("shape", [[-1], [6]])
def test_a_reshape_may_leave_one_length_open(shape):
    graph = conversions(lambda g: with_tensor(g, 2, data=np.array(shape, np.int32)))
    assert read_tflite(write_tflite(graph), "conversions.tflite") == graph


def test_requantisation_out_of_proportion():
    builder = GraphBuilder("requantize")
    x = builder.input((1,), scale=1e10, zero_point=0)
    y = builder.quantize(x, scale=1e-10, zero_point=0)
    with pytest.raises(ModelError, match=r"operator 0 \(QUANTIZE\) has scales out of proportion"):
        builder.graph(y)


def test_softmax_of_too_many_classes():
    builder = GraphBuilder("wide")
    y = builder.softmax(builder.input((1, 4096), scale=1, zero_point=0))
    with pytest.raises(ModelError, match=r"has shape \[1, 4096\]; its last dimension must be 1 to 4095"):
        builder.graph(y)


def test_options_of_the_wrong_kind_in_a_graph():
    graph = with_operator(dense(), 0, options=NoOptions())
    with pytest.raises(ModelError, match=r"carries NoOptions; it needs FullyConnectedOptions"):
        check_graph(graph)
