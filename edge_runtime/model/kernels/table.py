"""Operators on single int8 values, as tables of what becomes of each of the 256."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.model.kernels.kernel import Kernel, unary

__all__ = ["every_int8", "table_kernel"]


def every_int8() -> npt.NDArray[np.int32]:
    """Return all int8 values as int32[256], in the order of their bit patterns read as unsigned: 0…127, -128…-1."""
    return np.arange(256, dtype=np.uint8).view(np.int8).astype(np.int32)


def table_kernel(table: npt.NDArray[Any]) -> Kernel:
    """Return a kernel that looks each int8 up in `table`, which is in the order of `every_int8`."""

    def look_up(source: npt.NDArray[Any]) -> npt.NDArray[Any]:
        found: npt.NDArray[Any] = table[source.view(np.uint8)]
        return found

    return unary(look_up)
