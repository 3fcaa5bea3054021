"""Small helpers for arrays that are handed on without a copy."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

__all__ = ["ScalarT", "read_only"]

ScalarT = TypeVar("ScalarT", bound=np.generic)


def read_only(array: npt.NDArray[ScalarT]) -> npt.NDArray[ScalarT]:
    """Return a view that cannot be written through; the array itself stays as it is."""
    view = array.view()
    view.flags.writeable = False
    return view
