"""ADD, SUB, MUL, SQUARED_DIFFERENCE, MAXIMUM and MINIMUM, with broadcasting.

Source: TensorFlow Lite 2.14, ``add.h``, ``sub.h`` and ``mul.h`` under ``lite/kernels/internal/reference``, and
``maximum_minimum.h``; ``lite/kernels/squared_difference.cc``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.model.fixed_point import QuantizedMultiplier, Rounding, quantize_multiplier
from edge_runtime.model.graph import BinaryOptions, Graph, Operator, OpKind, Tensor, options_of, quantization_of
from edge_runtime.model.kernels.kernel import Kernel, one_output
from edge_runtime.model.scales import (
    ADDITION_LEFT_SHIFT,
    DIFFERENCE_LEFT_SHIFT,
    activation_limits,
    addition_scales,
    limits_of,
    multiplication_factor,
    squared_difference_scales,
)

__all__ = ["prepare_addition", "prepare_extreme", "prepare_multiplication", "prepare_squared_difference"]

_Steps = Callable[[npt.NDArray[Any]], npt.NDArray[np.int32]]
_Finish = Callable[[npt.NDArray[np.int32]], npt.NDArray[Any]]


def prepare_addition(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (always double)
    """Return an ADD or SUB as a kernel."""
    one, other = graph.tensor(operator.inputs[0]), graph.tensor(operator.inputs[1])
    scales = addition_scales(one, other, graph.output_tensor(operator))
    # each input's 256 scaled values are a table
    tables = (
        _scaled_steps(one, scales.one, ADDITION_LEFT_SHIFT),
        _scaled_steps(other, scales.other, ADDITION_LEFT_SHIFT),
    )
    combine = np.subtract if operator.kind is OpKind.SUB else np.add
    finish = _finish(graph, operator, scales.output)

    def addition(inputs: Sequence[Any]) -> npt.NDArray[Any]:
        scaled = [table[values.view(np.uint8)] for table, values in zip(tables, inputs, strict=True)]
        return finish(combine(*scaled))

    return one_output(addition)


def prepare_squared_difference(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (always double)
    """Return a SQUARED_DIFFERENCE as a kernel."""
    one, other = (graph.tensor(index) for index in operator.inputs)
    output, shift = graph.output_tensor(operator), DIFFERENCE_LEFT_SHIFT
    scales = squared_difference_scales(one, other, output)
    tables = _scaled_steps(one, scales.one, shift), _scaled_steps(other, scales.other, shift)
    scale, zero_point = QuantizedMultiplier(*scales.output), np.int32(quantization_of(output).zero_point)

    def squared_difference(inputs: Sequence[Any]) -> npt.NDArray[Any]:
        first, second = (table[values.view(np.uint8)] for table, values in zip(tables, inputs, strict=True))
        return np.clip(scale(np.square(first - second)) + zero_point, *limits_of(output)).astype(output.dtype)

    return one_output(squared_difference)


def _scaled_steps(tensor: Tensor, factor: tuple[int, int], left_shift: int) -> npt.NDArray[np.int32]:
    """Return what comes of each of an input's 256 values, shifted and scaled, by its bits as an unsigned number."""
    values = np.arange(256, dtype=np.uint8).view(tensor.dtype).astype(np.int32)
    return QuantizedMultiplier(*factor)((values - np.int32(quantization_of(tensor).zero_point)) << left_shift)


def prepare_multiplication(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (always double)
    """Return a MUL as a kernel."""
    one, other = graph.tensor(operator.inputs[0]), graph.tensor(operator.inputs[1])
    factor = quantize_multiplier(multiplication_factor(one, other, graph.output_tensor(operator)))
    steps = [_steps(one), _steps(other)]
    finish = _finish(graph, operator, factor)

    def multiplication(inputs: Sequence[Any]) -> npt.NDArray[Any]:
        return finish(np.multiply(*(step(values) for step, values in zip(steps, inputs, strict=True))))

    return one_output(multiplication)


def _steps(tensor: Tensor) -> _Steps:
    zero_point = np.int32(quantization_of(tensor).zero_point)
    return lambda values: values.astype(np.int32) - zero_point


def _finish(graph: Graph, operator: Operator, factor: tuple[int, int]) -> _Finish:
    output = graph.output_tensor(operator)
    lowest, highest = activation_limits(options_of(operator, BinaryOptions).activation, output)
    scale, zero_point = QuantizedMultiplier(*factor), np.int32(quantization_of(output).zero_point)

    def finish(sums: npt.NDArray[np.int32]) -> npt.NDArray[Any]:
        return np.clip(scale(sums) + zero_point, lowest, highest).astype(output.dtype)

    return finish


def prepare_extreme(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:  # noqa: ARG001 (nothing is rounded)
    """Return a MAXIMUM or MINIMUM as a kernel."""
    extreme = np.maximum if operator.kind is OpKind.MAXIMUM else np.minimum

    def of_two(inputs: Sequence[Any]) -> npt.NDArray[Any]:
        found: npt.NDArray[Any] = extreme(*inputs)
        return found

    return one_output(of_two)
