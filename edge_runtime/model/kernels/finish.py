"""From accumulators to outputs: what every operator with weights ends with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.model.channels import channel_multipliers, rounding_of
from edge_runtime.model.fixed_point import QuantizedMultiplier, Rounding
from edge_runtime.model.graph import Activation, Graph, Operator, quantization_of
from edge_runtime.model.scales import activation_limits

__all__ = ["finish"]


def finish(
    graph: Graph, operator: Operator, bias: npt.NDArray[np.int32], activation: Activation, golden: Rounding
) -> Callable[[npt.NDArray[np.int32]], npt.NDArray[Any]]:
    """Return a function from sums of products, int32 [..., channels], to outputs in the output's shape.

    It adds `bias`, int32[channels], scales, adds the zero point and clamps.
    """
    output = graph.output_tensor(operator)
    scale = QuantizedMultiplier(*channel_multipliers(graph, operator), rounding_of(operator, golden))
    lowest, highest = activation_limits(activation, output)
    zero_point = np.int32(quantization_of(output).zero_point)
    dtype, shape = output.dtype, output.shape

    def finished(sums: npt.NDArray[np.int32]) -> npt.NDArray[Any]:
        scaled = scale(sums + bias)
        scaled += zero_point
        np.maximum(scaled, lowest, out=scaled)
        np.minimum(scaled, highest, out=scaled)
        return scaled.astype(dtype).reshape(shape)

    return finished
