"""An accelerator that holds another one against the reference, inference by inference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.accelerator.base import Accelerator, Inference
from edge_runtime.accelerator.reference import ReferenceAccelerator
from edge_runtime.compiler.program import Program
from edge_runtime.model.head import QuantizedHead

__all__ = ["CheckedAccelerator"]


class CheckedAccelerator(Accelerator):
    """Runs every inference twice, on `inner` and on the reference, and counts what differs.

    What `inner` gave is what `infer` returns: the check watches, it does not mend.

    Parameters
    ----------
    inner
        Taken over: closed with this one.

    Attributes
    ----------
    elements
        Output and embedding elements compared so far.
    mismatches
        How many of them differed.
    """

    def __init__(self, inner: Accelerator) -> None:
        self.inner = inner
        self.elements = 0
        self.mismatches = 0
        self._reference = ReferenceAccelerator()

    def load(self, program: Program) -> None:  # noqa: D102 - as the base says
        self.inner.load(program)
        self._reference.load(program)

    def infer(self, inputs: Sequence[npt.NDArray[Any]]) -> Inference:  # noqa: D102 - as the base says
        inference = self.inner.infer(inputs)
        expected = self._reference.infer(inputs)
        for got, want in zip(_arrays(inference), _arrays(expected), strict=True):
            self.elements += want.size
            self.mismatches += int(np.count_nonzero(got != want))
        return inference

    def load_head(  # noqa: D102 - as the base says
        self, head: QuantizedHead, *, probes: npt.NDArray[np.int8] | None = None
    ) -> None:
        self.inner.load_head(head, probes=probes)
        self._reference.load_head(head)

    def close(self) -> None:  # noqa: D102 - as the base says
        self.inner.close()
        self._reference.close()


def _arrays(inference: Inference) -> list[npt.NDArray[Any]]:
    embedding = [] if inference.embedding is None else [inference.embedding]
    return [*inference.outputs, *embedding]
