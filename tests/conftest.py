"""What several rooms' tests need: the models that are not in the repository, and TFLite's reference kernels."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).resolve().parents[1]

# A busy machine is no failure.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

Run = Callable[[Sequence[np.ndarray]], list[np.ndarray]]


@pytest.fixture(scope="session")
def shared_models() -> Path:
    """Real int8 models that nobody here wrote."""
    beside = REPOSITORY.parent / "shared" / "models"
    given = os.environ.get("EDGE_RUNTIME_MODELS")
    folder = Path(given) if given else beside
    if not folder.is_dir():
        where = f"EDGE_RUNTIME_MODELS={given}" if given else "../shared/models"
        pytest.skip(f"the shared models are not at {where}; set EDGE_RUNTIME_MODELS to where they are")
    return folder


@pytest.fixture(scope="session")
def golden_interpreter() -> Callable[[bytes], Run]:
    """tflite-runtime 2.14 with its reference kernels: from a model's bytes to a function from inputs to outputs."""
    if sys.version_info >= (3, 12):
        pytest.skip(
            "the golden reference, tflite-runtime 2.14, has no wheel for Python 3.12 and later; golden vectors do"
        )
    module = pytest.importorskip(
        "tflite_runtime.interpreter", reason="tflite-runtime is missing: pip install 'edge-runtime[cpu]'"
    )

    def prepare(model: bytes) -> Run:
        resolver = module.OpResolverType.BUILTIN_REF
        interpreter = module.Interpreter(model_content=model, experimental_op_resolver_type=resolver)
        interpreter.allocate_tensors()

        def run(inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
            return _invoke(interpreter, inputs)

        return run

    return prepare


def _invoke(interpreter: Any, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    for detail, array in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(detail["index"], array)
    interpreter.invoke()
    return [interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()]
