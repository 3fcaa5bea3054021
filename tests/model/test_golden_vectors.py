"""The committed bits of tflite-runtime 2.14, for any Python: see `golden/make.py`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_runtime.model import Interpreter, Rounding, read_tflite

FOLDER = Path(__file__).parent / "golden"
NAMES = ["classifier", "dense", "softmax"]


def load(name: str) -> tuple[bytes, list[np.ndarray], list[np.ndarray]]:
    with np.load(FOLDER / f"{name}.npz") as arrays:
        return arrays["model"].tobytes(), numbered(arrays, "input"), numbered(arrays, "output")


def numbered(arrays, kind: str) -> list[np.ndarray]:
    return [arrays[name] for name in sorted(arrays) if name.startswith(kind)]


def results(run, inputs: list[np.ndarray]) -> list[np.ndarray]:
    samples = [run(list(sample)) for sample in zip(*inputs, strict=True)]
    return [np.stack(output) for output in zip(*samples, strict=True)]


def compare(expected: list[np.ndarray], got: list[np.ndarray]) -> None:
    for one, other in zip(expected, got, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", NAMES)
def test_the_interpreter_gives_the_bits_of_tflite_runtime(name):
    model, inputs, outputs = load(name)
    compare(outputs, results(Interpreter(read_tflite(model, name)).run, inputs))
    assert all(len(np.unique(output)) > 30 for output in outputs), "outputs that hardly vary show nothing"


@pytest.mark.parametrize("name", ["classifier", "dense"])
def test_the_interpreter_gives_the_bits_of_ai_edge_litert(name):
    model, inputs, _ = load(name)
    with np.load(FOLDER / f"{name}_litert.npz") as arrays:
        outputs = numbered(arrays, "output")
    compare(outputs, results(Interpreter(read_tflite(model, name), Rounding.SINGLE).run, inputs))


@pytest.mark.parametrize("name", NAMES)
def test_tflite_gives_the_committed_bits(golden_interpreter, name):
    model, inputs, outputs = load(name)
    compare(outputs, results(golden_interpreter(model), inputs))


def test_the_vectors_tell_the_roundings_apart():
    model, inputs, outputs = load("dense")
    single = results(Interpreter(read_tflite(model, "dense"), Rounding.SINGLE).run, inputs)
    assert any((one != other).any() for one, other in zip(single, outputs, strict=True))
