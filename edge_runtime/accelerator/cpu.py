"""TFLite's own kernels as an accelerator; the embedding comes from the reference interpreter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.accelerator.base import Accelerator, Inference
from edge_runtime.accelerator.tflite import tflite
from edge_runtime.compiler.program import Program
from edge_runtime.errors import AcceleratorError
from edge_runtime.model.graph import Graph
from edge_runtime.model.head import QuantizedHead, apply_head, find_head
from edge_runtime.model.interpreter import Interpreter
from edge_runtime.model.writer import write_tflite

__all__ = ["CpuAccelerator"]


class CpuAccelerator(Accelerator):
    """Runs programs in TFLite, with its reference kernels.

    TFLite reuses the memory of intermediate tensors, so the embedding is computed once more, by the reference
    interpreter up to the head, with the rounding of this TFLite.

    Raises
    ------
    ToolError
        If this Python has no TFLite.
    """

    def __init__(self) -> None:
        self._tflite = tflite()
        self._program: Program | None = None

    def load(self, program: Program) -> None:  # noqa: D102 - as the base says
        self._program = program
        self._use(program.graph, program.model)
        self._trunk = Interpreter(program.graph, self._tflite.rounding)
        site = find_head(program.graph)
        self._embedding = site.embedding if site else None
        self._trunk_operators = range(site.operator) if site else range(0)

    def infer(self, inputs: Sequence[npt.NDArray[Any]]) -> Inference:  # noqa: D102 - as the base says
        self._loaded()
        values = self._trunk.bind(inputs)
        for index, array in values.items():
            self._interpreter.set_tensor(index, array)
        self._interpreter.invoke()
        outputs = tuple(self._interpreter.get_tensor(index) for index in self._graph.outputs)
        return Inference(outputs, self._embed(values), cycles=0)

    def load_head(  # noqa: D102 - as the base says
        self,
        head: QuantizedHead,
        *,
        probes: npt.NDArray[np.int8] | None = None,  # noqa: ARG002 - nothing is written to hardware
    ) -> None:
        graph = apply_head(self._loaded().graph, head)
        self._use(graph, write_tflite(graph))

    def close(self) -> None:  # noqa: D102 - as the base says
        self._program = None

    def _use(self, graph: Graph, model: bytes) -> None:
        self._graph = graph
        self._interpreter = self._tflite.interpreter_of_checked(model)

    def _embed(self, values: dict[int, npt.NDArray[Any]]) -> npt.NDArray[np.int8] | None:
        if self._embedding is None:
            return None
        self._trunk.evaluate(values, self._trunk_operators)
        return values[self._embedding].reshape(-1)

    def _loaded(self) -> Program:
        if self._program is None:
            raise AcceleratorError("no program is loaded; call load() first")
        return self._program
