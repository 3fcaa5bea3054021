"""What a prepared kernel is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy.typing as npt

__all__ = ["Kernel", "one_output", "unary"]

_Array = npt.NDArray[Any]

#: Takes all of an operator's inputs in order, constants among them and None for one that is absent, and returns its
#: outputs, new arrays. Variable tensors come as arrays that the kernel writes its new state into.
Kernel = Callable[[Sequence[Any]], Sequence[_Array]]


def unary(function: Callable[[_Array], _Array]) -> Kernel:
    """Return a function of the first input, whose only output it computes, as a kernel."""

    def kernel(inputs: Sequence[Any]) -> Sequence[_Array]:
        return (function(inputs[0]),)

    return kernel


def one_output(function: Callable[[Sequence[Any]], _Array]) -> Kernel:
    """Return a function of all inputs, whose only output it computes, as a kernel."""

    def kernel(inputs: Sequence[Any]) -> Sequence[_Array]:
        return (function(inputs),)

    return kernel
