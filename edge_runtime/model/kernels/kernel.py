"""What a prepared kernel is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy.typing as npt

__all__ = ["Kernel"]

#: Takes an operator's first input (the others are constants) and returns its output, a new array.
Kernel = Callable[[npt.NDArray[Any]], npt.NDArray[Any]]
