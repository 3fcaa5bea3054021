"""A float TFLite file becomes an int8 one, by `ai-edge-quantizer`."""

from __future__ import annotations

import importlib.metadata
import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt

from edge_runtime.errors import ModelError, ToolError

__all__ = ["quantize_float_tflite"]

_PACKAGE = "ai-edge-quantizer"
_SIGNATURE = "serving_default"
_IDENTIFIER = b"TFL3"


def quantize_float_tflite(model: bytes, samples: Sequence[npt.NDArray[np.float32]]) -> tuple[bytes, str]:
    """Quantise weights and activations to int8, inputs and outputs too.

    Parameters
    ----------
    model
        A float TFLite file that has been checked.
    samples
        For each input float32[samples, 1, …].

    Returns
    -------
    The int8 file, and package and version of what made it.

    Raises
    ------
    ToolError
        If `ai-edge-quantizer` is not installed.
    ModelError
        If it cannot quantise the model.
    """
    try:
        import ai_edge_quantizer  # noqa: F401, PLC0415
        from ai_edge_litert import schema_py_generated as schema  # noqa: PLC0415
    except ImportError as error:
        raise ToolError(
            "a float .tflite file is quantised by ai-edge-quantizer: pip install 'edge-runtime[quantize]'"
        ) from error
    signed, names = _with_signature(model, schema)
    given = [dict(zip(names, sample, strict=True)) for sample in zip(*samples, strict=True)]
    try:
        with _quiet():
            quantized = _quantize(signed, given)
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"ai-edge-quantizer cannot quantise this model: {_first_line(error)}") from error
    return bytes(quantized), f"{_PACKAGE} {importlib.metadata.version(_PACKAGE)}"


def _quantize(model: bytes, given: list[dict[str, npt.NDArray[np.float32]]]) -> Any:
    from ai_edge_quantizer import calibrator, quantizer, recipe, recipe_manager  # noqa: PLC0415
    from ai_edge_quantizer.utils import qsv_utils  # noqa: PLC0415

    rules = recipe_manager.RecipeManager()
    rules.load_quantization_recipe(recipe.static_wi8_ai8())
    # The whole range that was seen, as TFLite's converter takes it; the quantizer's own choice, a moving average of
    # each sample's range, clips what few samples reach.
    ranges = calibrator.Calibrator(model, num_threads=1, qsv_update_func=qsv_utils.min_max_update)
    ranges.calibrate({_SIGNATURE: given}, rules)
    work = quantizer.Quantizer(model, recipe.static_wi8_ai8())
    return work.quantize(ranges.get_model_qsvs(), enable_progress_report=False).quantized_model


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep progress bars, and warnings about what they are for, away from the report."""
    with redirect_stderr(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _with_signature(model: bytes, schema: Any) -> tuple[bytes, list[str]]:
    """Return the model with one signature over all its inputs and outputs, and the inputs' names in it."""
    table = schema.ModelT.InitFromPackedBuf(model, 0)
    subgraph = table.subgraphs[0]
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = _SIGNATURE, 0
    signature.inputs = [_named(schema, f"input_{n}", tensor) for n, tensor in enumerate(subgraph.inputs)]
    signature.outputs = [_named(schema, f"output_{n}", tensor) for n, tensor in enumerate(subgraph.outputs)]
    table.signatureDefs = [signature]
    builder = flatbuffers.Builder(len(model))
    builder.Finish(table.Pack(builder), _IDENTIFIER)
    return bytes(builder.Output()), [entry.name for entry in signature.inputs]


def _named(schema: Any, name: str, tensor: int) -> Any:
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = name, int(tensor)
    return entry


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
