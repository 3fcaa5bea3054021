"""TFLite's own interpreter with its reference kernels: which package it is, and how one is made.

`tflite-runtime` where it is installed (CPython up to 3.11), else `ai-edge-litert`. Their kernels differ: a claim
of exactness names the one it was held against.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from edge_runtime.errors import ModelError, ToolError
from edge_runtime.model.fixed_point import Rounding
from edge_runtime.model.operator_versions import lower_versions

__all__ = ["TFLite", "tflite"]

# Package, module, and how its reference kernel of FULLY_CONNECTED rounds.
_PACKAGES = (
    ("tflite-runtime", "tflite_runtime.interpreter", Rounding.DOUBLE),
    ("ai-edge-litert", "ai_edge_litert.interpreter", Rounding.SINGLE),
)


@dataclass(frozen=True)
class TFLite:
    """The TFLite of this Python.

    Parameters
    ----------
    module
        Its interpreter module.
    name
        Package, version and kernels, for reports.
    rounding
        How its FULLY_CONNECTED rounds.
    """

    module: Any
    name: str
    rounding: Rounding

    def interpreter(self, model: bytes) -> Any:
        """Return an interpreter of a checked model, its tensors allocated, with the reference kernels.

        Raises
        ------
        ModelError
            If TFLite refuses the model.
        """
        try:
            interpreter = self.module.Interpreter(
                model_content=model,
                experimental_op_resolver_type=self.module.OpResolverType.BUILTIN_REF,
                num_threads=1,
            )
            interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"{self.name} refuses the model: {error}") from error
        return interpreter

    def interpreter_of_checked(self, model: bytes) -> Any:
        """Return an interpreter of a model that `read_tflite` accepts, even if a later converter made it.

        Versions of operators that this TFLite does not know are lowered (see `lower_versions`).

        Raises
        ------
        ModelError
            If TFLite refuses the model all the same.
        """
        try:
            return self.interpreter(model)
        except ModelError:
            lowered = lower_versions(model)
            if lowered == model:
                raise
        return self.interpreter(lowered)


@lru_cache(maxsize=1)
def tflite() -> TFLite:
    """Return the TFLite of this Python.

    Raises
    ------
    ToolError
        If there is none.
    """
    for package, module, rounding in _PACKAGES:
        try:
            found = importlib.import_module(module)
        except ImportError:
            continue
        return TFLite(found, f"{package} {importlib.metadata.version(package)} BUILTIN_REF", rounding)
    raise ToolError("this needs TFLite's own kernels: pip install 'edge-runtime[cpu]'")
