from __future__ import annotations

import numpy as np
import pytest
import tflite

from edge_runtime.accelerator.tflite import tflite as golden
from edge_runtime.errors import ModelError
from edge_runtime.model import Interpreter, OpKind, read_tflite, write_tflite
from edge_runtime.model.operator_versions import lower_versions, operator_version
from support.random_operators import MAKERS, network_of


def versions(model: bytes) -> list[int]:
    tables = tflite.Model.GetRootAs(model)
    return [tables.OperatorCodes(index).Version() for index in range(tables.OperatorCodesLength())]


def of_version(model: bytes, monkeypatch: pytest.MonkeyPatch, kind: OpKind, version: int) -> bytes:
    """The same network as a later converter marks it."""
    monkeypatch.setattr("edge_runtime.model.writer.operator_version", lambda given: version if given is kind else 1)
    return write_tflite(read_tflite(model, "made"))


def test_files_of_a_later_converter_run_in_tflite(golden_interpreter, monkeypatch):
    graph = network_of(MAKERS["transpose_convolution"], 3, 1)
    later = of_version(write_tflite(graph), monkeypatch, OpKind.TRANSPOSE_CONV, 4)
    assert versions(later) == [4]
    with pytest.raises(ModelError, match="TRANSPOSE_CONV"):
        golden().interpreter(later)
    interpreter = golden().interpreter_of_checked(later)
    values = np.random.default_rng(1).integers(-128, 128, graph.tensor(graph.inputs[0]).shape).astype(np.int8)
    interpreter.set_tensor(graph.inputs[0], values)
    interpreter.invoke()
    np.testing.assert_array_equal(interpreter.get_tensor(graph.outputs[0]), Interpreter(graph).run([values])[0])


def test_only_versions_are_lowered(monkeypatch):
    model = write_tflite(read_tflite(write_tflite(network_of(MAKERS["transpose_convolution"], 3, 1)), "made"))
    later = of_version(model, monkeypatch, OpKind.TRANSPOSE_CONV, 4)
    assert later != model
    assert lower_versions(later) == model
    assert lower_versions(model) == model
    assert versions(model) == [operator_version(OpKind.TRANSPOSE_CONV)] == [3]


def test_what_is_no_matter_of_versions_stays_refused(golden_interpreter, monkeypatch):
    later = of_version(write_tflite(network_of(MAKERS["tile"], 3, 1)), monkeypatch, OpKind.TILE, 9)
    monkeypatch.setattr("edge_runtime.accelerator.tflite.lower_versions", lambda model: model)
    with pytest.raises(ModelError, match="refuses the model"):
        golden().interpreter_of_checked(later)
