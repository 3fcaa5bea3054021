"""PRELU: what is negative times a factor of its own, often one for each channel.

Source: TensorFlow Lite 2.14, ``prelu.h`` under ``lite/kernels/internal/reference``, and ``PreluPrepare`` in
``lite/kernels/activations.cc``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.model.fixed_point import QuantizedMultiplier, Rounding, quantize_multiplier
from edge_runtime.model.graph import Graph, Operator, quantization_of
from edge_runtime.model.kernels.kernel import Kernel, one_output
from edge_runtime.model.scales import float_ratio, limits_of, prelu_factor

__all__ = ["prepare_prelu"]


def prepare_prelu(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (always double)
    """Return a PRELU as a kernel."""
    source, alpha = (graph.tensor(index) for index in operator.inputs)
    output = graph.output_tensor(operator)
    above = QuantizedMultiplier(*quantize_multiplier(float_ratio(source, output)))
    below = QuantizedMultiplier(*quantize_multiplier(prelu_factor(source, alpha, output)))
    zero, alpha_zero, output_zero = (np.int32(quantization_of(tensor).zero_point) for tensor in (source, alpha, output))

    def prelu(inputs: Sequence[Any]) -> npt.NDArray[Any]:
        values, alphas = inputs[0].astype(np.int32) - zero, inputs[1].astype(np.int32) - alpha_zero
        scaled = np.where(values >= 0, above(values), below(values * alphas)) + output_zero
        return np.clip(scaled, *limits_of(output)).astype(output.dtype)

    return one_output(prelu)
