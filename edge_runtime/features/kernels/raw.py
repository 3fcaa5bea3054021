"""The samples themselves, for networks that learn their own features."""

from __future__ import annotations

from typing import Literal

from edge_runtime.features.kernels.base import Compute, Kernel
from edge_runtime.features.kernels.batch import WindowBatch
from edge_runtime.features.kernels.merge import Array

__all__ = ["Raw"]


class Raw(Kernel):
    """The window's samples, oldest first, in their own unit.

    With several channels, the view's ``order = "value"`` gives ``[time, channels]``, as most networks take it.
    """

    kernel: Literal["raw"] = "raw"

    def parts(self, *, length: int | None, rate_hz: float | None) -> tuple[str, ...]:  # noqa: ARG002
        """Return ``_0``, ``_1`` and so on."""
        return tuple(f"_{index}" for index in range(self.known_length(length)))

    def prepare(self, *, length: int, rate_hz: float) -> Compute:  # noqa: ARG002 - any window will do
        """Return the function that copies."""

        def compute(batch: WindowBatch, out: Array) -> None:
            out[...] = batch.values

        return compute
