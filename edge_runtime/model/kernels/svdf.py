"""SVDF in integers: a filter over features, then one over time, of int16 state.

Source: TensorFlow Lite 2.14, ``EvalIntegerSVDF`` in ``lite/kernels/internal/reference/svdf.h``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.model.channels import constant_of
from edge_runtime.model.fixed_point import QuantizedMultiplier, Rounding, quantize_multiplier
from edge_runtime.model.graph import Graph, Operator, SvdfOptions, options_of, quantization_of
from edge_runtime.model.kernels.accumulate import exact_matrix, sums_of
from edge_runtime.model.kernels.kernel import Kernel
from edge_runtime.model.recurrent import svdf_factors

__all__ = ["prepare_svdf"]

_Array = npt.NDArray[Any]


def prepare_svdf(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (always double)
    """Return an SVDF as a kernel, which writes its new state into its variable input."""
    source, features, time, _, state = (graph.tensor(max(index, 0)) for index in operator.inputs)
    output = graph.output_tensor(operator)
    factors = svdf_factors(source, features, time, state, output)
    to_state, to_output = (QuantizedMultiplier(*quantize_multiplier(factor)) for factor in factors)
    weights, matrix = constant_of(features), exact_matrix(constant_of(features), source)
    offset = (-quantization_of(source).zero_point * weights.sum(axis=1, dtype=np.int64)).astype(np.int32)
    filters = constant_of(time).astype(np.int32)
    bias = 0 if operator.inputs[3] == -1 else constant_of(graph.tensor(operator.inputs[3]))
    units = len(weights) // options_of(operator, SvdfOptions).rank
    zero_point = np.int32(quantization_of(output).zero_point)

    def svdf(inputs: Sequence[Any]) -> Sequence[_Array]:
        memory = inputs[4].reshape(len(inputs[0]), *filters.shape)
        memory[:, :, :-1] = memory[:, :, 1:].copy()
        memory[:, :, -1] = np.clip(to_state(sums_of(inputs[0], matrix) + offset), -(1 << 15), (1 << 15) - 1)
        over_time = (memory.astype(np.int32) * filters).sum(axis=2, dtype=np.int32)
        sums = over_time.reshape(len(memory), units, -1).sum(axis=2, dtype=np.int32) + bias
        return (np.clip(to_output(np.asarray(sums, np.int32)) + zero_point, -128, 127).astype(np.int8),)

    return svdf
