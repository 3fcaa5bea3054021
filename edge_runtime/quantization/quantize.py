"""From a Keras model or a float TFLite file, with representative data, to an int8 TFLite file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge_runtime.accelerator.tflite import tflite
from edge_runtime.errors import ModelError
from edge_runtime.files import read_model
from edge_runtime.model.flatbuffer import verify
from edge_runtime.model.tflite_schema import IDENTIFIER, ROOT, TFLITE_SCHEMA
from edge_runtime.quantization.difference import Difference, compare, run
from edge_runtime.quantization.keras import KerasModel, is_keras
from edge_runtime.quantization.litert import quantize_float_tflite
from edge_runtime.quantization.samples import Samples, match_samples

__all__ = ["Quantized", "quantize_model"]

_HEADER_BYTES = 8


@dataclass(frozen=True)
class Quantized:
    """An int8 network, and what it changed.

    Parameters
    ----------
    model
        The int8 TFLite file.
    by
        What quantised it: package and version.
    difference
        Of its outputs from the float network's.
    """

    model: bytes
    by: str
    difference: Difference


def quantize_model(path: Path, samples: Samples) -> Quantized:
    """Quantise a network to int8: weights, activations, inputs and outputs.

    Parameters
    ----------
    path
        A ``.keras`` or ``.h5`` file or a SavedModel folder (by TensorFlow), or a float ``.tflite`` file (by
        ai-edge-quantizer).
    samples
        Representative data, as `load_samples` or `view_samples` gives it: a hundred or so typical inputs.

    Raises
    ------
    ToolError
        If what quantises it is not installed.
    ModelError
        If the model cannot be read or quantised, or is quantised already.
    DataError
        If the data does not fit the network's inputs.
    """
    return _from_keras(path, samples) if is_keras(path) else _from_tflite(path, samples)


def _from_keras(path: Path, samples: Samples) -> Quantized:
    keras = KerasModel(path)
    before = keras.to_float()
    details = tflite().interpreter(before).get_input_details()
    given = match_samples(samples, _shapes(details))
    after = keras.to_int8(given)
    return Quantized(after, f"TensorFlow {keras.version}", _difference(before, after, given))


def _from_tflite(path: Path, samples: Samples) -> Quantized:
    before = read_model(path)
    _check(before, path)
    details = tflite().interpreter(before).get_input_details()
    for detail in details:
        if detail["dtype"] != np.float32:
            raise ModelError(
                f"{path}: the input {detail['name']!r} is {np.dtype(detail['dtype'])}; only a float network can be "
                "quantised"
            )
    given = match_samples(samples, _shapes(details))
    after, by = quantize_float_tflite(before, given)
    return Quantized(after, by, _difference(before, after, given))


def _check(model: bytes, path: Path) -> None:
    """Hold a file against the schema before TFLite follows an offset in it."""
    if len(model) < _HEADER_BYTES or model[4:_HEADER_BYTES] != IDENTIFIER:
        raise ModelError(
            f"{path}: not a TFLite file; give a float .tflite, a .keras or .h5 file, or a SavedModel folder"
        )
    try:
        verify(model, ROOT, TFLITE_SCHEMA)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error


def _shapes(details: list[dict[str, Any]]) -> dict[str, list[int]]:
    """Return the inputs' shapes by their names, without what TensorFlow puts around a name."""
    return {_plain(str(detail["name"])): [int(size) for size in detail["shape"]] for detail in details}


def _plain(name: str) -> str:
    return name.removeprefix("serving_default_").removesuffix(":0")


def _difference(before: bytes, after: bytes, given: list[Any]) -> Difference:
    return compare(*(run(tflite().interpreter(model), given) for model in (before, after)))
