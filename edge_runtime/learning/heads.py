"""All kinds of head, for whoever restores one without knowing which it was."""

from __future__ import annotations

from edge_runtime.errors import StateError
from edge_runtime.learning.base import Head
from edge_runtime.learning.frozen import FrozenHead
from edge_runtime.learning.ncm import NearestClassMean
from edge_runtime.learning.rls import LinearRegression, RecursiveLeastSquares
from edge_runtime.learning.slda import StreamingLDA
from edge_runtime.learning.softmax import SoftmaxHead
from edge_runtime.learning.state import unpack

__all__ = ["HEAD_KINDS", "head_from_bytes"]

_HEADS = (FrozenHead, LinearRegression, NearestClassMean, RecursiveLeastSquares, SoftmaxHead, StreamingLDA)
HEAD_KINDS: dict[str, type[Head]] = {head.kind: head for head in _HEADS}


def head_from_bytes(data: bytes, *, features: int, classes: int) -> Head:
    """Restore a head of whichever kind was saved.

    Parameters
    ----------
    data
        What `Head.to_bytes` gave.
    features, classes
        The size that the network at hand needs.

    Raises
    ------
    StateError
        If the state is damaged, of an unknown kind, or of another size.
    """
    kind = unpack(data)[0]
    if kind not in HEAD_KINDS:
        raise StateError(f"the state is of kind '{kind}': the kinds of head are {', '.join(sorted(HEAD_KINDS))}")
    return HEAD_KINDS[kind].from_bytes(data, features=features, classes=classes)
