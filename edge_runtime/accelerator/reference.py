"""The reference interpreter as an accelerator: the stated bits, on any machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.accelerator.base import Accelerator, Inference
from edge_runtime.compiler.program import Program
from edge_runtime.errors import AcceleratorError
from edge_runtime.model.head import QuantizedHead, apply_head, find_head
from edge_runtime.model.interpreter import Interpreter

__all__ = ["ReferenceAccelerator"]


class ReferenceAccelerator(Accelerator):
    """Runs programs, compiled for whatever overlay, in the numpy interpreter."""

    def __init__(self) -> None:
        self._program: Program | None = None

    def load(self, program: Program) -> None:  # noqa: D102 - as the base says
        self._program = program
        self._interpreter = Interpreter(program.graph, program.rounding)
        site = find_head(program.graph)
        self._embedding = site.embedding if site else None

    def infer(self, inputs: Sequence[npt.NDArray[Any]]) -> Inference:  # noqa: D102 - as the base says
        program = self._loaded()
        values = self._interpreter.run_all(inputs)
        return Inference(
            outputs=tuple(values[index] for index in program.graph.outputs),
            embedding=None if self._embedding is None else values[self._embedding].reshape(-1),
            cycles=0,
        )

    def load_head(  # noqa: D102 - as the base says
        self,
        head: QuantizedHead,
        *,
        probes: npt.NDArray[np.int8] | None = None,  # noqa: ARG002 - nothing is written to hardware
    ) -> None:
        program = self._loaded()
        self._interpreter = Interpreter(apply_head(program.graph, head), program.rounding)

    def close(self) -> None:  # noqa: D102 - as the base says
        self._program = None

    def _loaded(self) -> Program:
        if self._program is None:
            raise AcceleratorError("no program is loaded; call load() first")
        return self._program
