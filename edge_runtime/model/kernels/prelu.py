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
from edge_runtime.model.graph import Graph, Operator, Tensor, quantization_of
from edge_runtime.model.kernels.kernel import Kernel, one_output
from edge_runtime.model.scales import float_ratio, limits_of, prelu_factor

__all__ = ["prelu_steps", "prepare_prelu"]


def prepare_prelu(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (always double)
    """Return a PRELU as a kernel."""
    source, alpha = (graph.tensor(index) for index in operator.inputs)
    output = graph.output_tensor(operator)

    def prelu(inputs: Sequence[Any]) -> npt.NDArray[Any]:
        steps = prelu_steps(inputs[0], inputs[1], source, alpha, output)
        return np.clip(steps, *limits_of(output)).astype(output.dtype)

    return one_output(prelu)


def prelu_steps(
    values: npt.NDArray[Any], alphas: npt.NDArray[Any], source: Tensor, alpha: Tensor, output: Tensor
) -> npt.NDArray[np.int32]:
    """Return the outputs, not yet clamped, of stored values and factors that broadcast against each other."""
    above = QuantizedMultiplier(*quantize_multiplier(float_ratio(source, output)))
    below = QuantizedMultiplier(*quantize_multiplier(prelu_factor(source, alpha, output)))
    steps = values.astype(np.int32) - np.int32(quantization_of(source).zero_point)
    factors = alphas.astype(np.int32) - np.int32(quantization_of(alpha).zero_point)
    return np.where(steps >= 0, above(steps), below(steps * factors)) + np.int32(quantization_of(output).zero_point)
