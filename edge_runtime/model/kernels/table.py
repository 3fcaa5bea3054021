"""Looking single 8-bit values up."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.model.kernels.kernel import Kernel, unary

__all__ = ["every_value", "table_kernel"]


def every_value(dtype: np.dtype[Any]) -> npt.NDArray[np.int32]:
    """Return all values of int8 or uint8 as int32[256], in the order of their bit patterns read as unsigned."""
    return np.arange(256, dtype=np.uint8).view(dtype).astype(np.int32)


def table_kernel(table: npt.NDArray[Any]) -> Kernel:
    """Return a kernel that looks each value up in `table`, which is in the order of `every_value`."""

    def look_up(source: npt.NDArray[Any]) -> npt.NDArray[Any]:
        found: npt.NDArray[Any] = table[source.view(np.uint8)]
        return found

    return unary(look_up)
