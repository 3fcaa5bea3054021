"""The last fully-connected layer: where it is, what may replace it, and how a float head becomes int8."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.model.graph import Graph

__all__ = ["HeadSite", "QuantizedHead", "apply_head", "find_head", "quantize_head"]


@dataclass(frozen=True)
class HeadSite:
    """Where a network's head is.

    Parameters
    ----------
    operator
        Index of the last FULLY_CONNECTED operator.
    embedding
        Index of the tensor that feeds it (int8, `features` elements).
    logits
        Index of the tensor that it writes (int8, `classes` elements).
    features, classes
        Its size.
    """

    operator: int
    embedding: int
    logits: int
    features: int
    classes: int


@dataclass(frozen=True)
class QuantizedHead:
    """A head as the accelerators take it.

    Parameters
    ----------
    weights
        int8[classes, features], -127 to 127.
    bias
        int32[classes], in units of ``input scale * weight_scale``.
    weight_scale
        The float32 scale of the weights (their zero point is 0).
    output_scale, output_zero_point
        Quantisation of the int8 logits.
    """

    weights: npt.NDArray[np.int8]
    bias: npt.NDArray[np.int32]
    weight_scale: float
    output_scale: float
    output_zero_point: int


def find_head(graph: Graph) -> HeadSite | None:
    raise NotImplementedError


def apply_head(graph: Graph, head: QuantizedHead) -> Graph:
    raise NotImplementedError


def quantize_head(
    weights: npt.NDArray[np.float32],
    bias: npt.NDArray[np.float32],
    *,
    input_scale: float,
    input_zero_point: int,
    embeddings: npt.NDArray[np.int8],
) -> QuantizedHead:
    raise NotImplementedError
