"""What the engine can run: for each operator, nothing to object, or the reason why the CPU runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from edge_runtime.compiler.enlarging import is_pixel, nearest_factors
from edge_runtime.compiler.interpolating import bilinear_runs
from edge_runtime.compiler.layout import form_of
from edge_runtime.compiler.movement import pad_amounts
from edge_runtime.compiler.pooling import MOST_RECTANGLES, mean_sweep, pool_rectangles
from edge_runtime.compiler.prelu import has_channel_factors
from edge_runtime.compiler.spread import smaller_operand
from edge_runtime.compiler.stored import EIGHT_BITS
from edge_runtime.compiler.transposed import transposed_places
from edge_runtime.model.channels import centred_weights, source_of
from edge_runtime.model.graph import ConcatenationOptions, Graph, Operator, OpKind, Tensor, options_of
from edge_runtime.model.kernels.tables import lookup_table

__all__ = ["VIEWS", "objection"]

#: Operators that only look at the same bytes in another shape.
VIEWS = frozenset({OpKind.EXPAND_DIMS, OpKind.RESHAPE, OpKind.SQUEEZE})

#: The array stores a weight as one int8, or as two where it is larger.
_LARGEST_WEIGHT = 254

#: Strides or factors of four by four; beyond, each layer is too small to be worth its turn.
_MOST_PLACES = 16


def objection(graph: Graph, operator: Operator) -> str | None:
    """Return why an operator cannot run on the overlay, or None where it can."""
    if operator.kind in _CPU_REASONS:
        return _CPU_REASONS[operator.kind]
    check = _CHECKS.get(operator.kind)
    if check is None:
        return f"the overlay has no unit for {operator.kind.value}"
    for index in (*graph.activations_of(operator), *operator.outputs):
        tensor = graph.tensor(index)
        if tensor.dtype not in EIGHT_BITS:
            return f"{tensor.dtype}: the overlay computes with 8 bits only"
    return check(graph, operator)


_CPU_REASONS: Mapping[OpKind, str] = {
    OpKind.DEQUANTIZE: "gives floating point, which the overlay does not have",
    **dict.fromkeys(
        (OpKind.LOG_SOFTMAX, OpKind.SOFTMAX), "a few values after the head: the CPU is done before a transfer would be"
    ),
}


def _picture(tensor: Tensor) -> str | None:
    return None if tensor.shape[0] == 1 else f"a batch of {tensor.shape[0]}: the overlay takes one picture at a time"


def _weights(graph: Graph, operator: Operator) -> str | None:
    if not graph.tensor(operator.inputs[1]).is_constant:
        return "its weights are computed at run time"
    largest = int(np.abs(centred_weights(graph, operator)).max(initial=0))
    return f"a weight is {largest} from zero; {_LARGEST_WEIGHT} is possible" if largest > _LARGEST_WEIGHT else None


def _windowed(graph: Graph, operator: Operator) -> str | None:
    return _picture(graph.tensor(operator.inputs[0])) or _weights(graph, operator)


def _average(graph: Graph, operator: Operator) -> str | None:
    batch = _picture(graph.tensor(operator.inputs[0]))
    if batch:
        return batch
    layers = len(pool_rectangles(graph, operator))
    return f"windows at the edges would make {layers} layers of it" if layers > MOST_RECTANGLES else None


def _max_pool(graph: Graph, operator: Operator) -> str | None:
    return _picture(graph.tensor(operator.inputs[0]))


def _mean(graph: Graph, operator: Operator) -> str | None:
    return None if mean_sweep(graph, operator) else "not over lines and columns of one picture"


def _binary(graph: Graph, operator: Operator) -> str | None:
    tensors = [graph.tensor(index) for index in operator.inputs[:2]]
    output = graph.output_tensor(operator)
    constants = [tensor for tensor in tensors if tensor.is_constant]
    varying = [tensor for tensor in tensors if not tensor.is_constant]
    if any(tensor.size > 1 and tensor.size != form_of(tensor.shape).channels for tensor in constants):
        return "a constant operand that is neither one number nor one for each channel"
    if constants and any(tensor.size != output.size for tensor in varying):
        return "its constant operand is larger than the other one"
    if any(tensor.size != output.size for tensor in varying) and smaller_operand(graph, operator) is None:
        return "operands that the overlay cannot spread to the size of the output"
    return None


def _table(graph: Graph, operator: Operator) -> str | None:
    return None if lookup_table(graph, operator) is not None else "no function of single 8-bit values"


def _transposed(graph: Graph, operator: Operator) -> str | None:
    cannot = _picture(source_of(graph, operator)) or _weights(graph, operator)
    if cannot:
        return cannot
    places = transposed_places(graph, operator)
    if places is None:
        return "outputs that see nothing of the input"
    layers = len(places[0]) * len(places[1])
    return f"its strides would make {layers} layers of it" if layers > _MOST_PLACES else None


def _nearest(graph: Graph, operator: Operator) -> str | None:
    if is_pixel(graph, operator):
        return None
    factors = nearest_factors(graph, operator)
    if factors is None:
        return "not to a multiple of the input's size"
    layers = factors[0] * factors[1]
    return f"its factors would make {layers} layers of it" if layers > _MOST_PLACES else None


def _bilinear(graph: Graph, operator: Operator) -> str | None:
    if graph.output_tensor(operator).unsigned:
        return "computed in floating point in the older scheme"
    if is_pixel(graph, operator):
        return None
    runs = bilinear_runs(graph, operator)
    if runs is None:
        return "not to a multiple of the input's size, or with weights of more than 8 bits"
    layers = len(runs[0]) * len(runs[1])
    cannot = f"its places would make {layers} layers of it" if layers > _MOST_PLACES else None
    return _picture(graph.tensor(operator.inputs[0])) or cannot


def _prelu(graph: Graph, operator: Operator) -> str | None:
    if lookup_table(graph, operator) is not None or has_channel_factors(graph, operator):
        return None
    return "factors that are neither one constant nor one for each channel"


def _pad(graph: Graph, operator: Operator) -> str | None:
    if not graph.tensor(operator.inputs[1]).is_constant:
        return "its amounts are computed at run time"
    amounts = ((0, 0), (0, 0), (0, 0), *pad_amounts(graph, operator))
    if any(any(pair) for pair in (*amounts[:-3], amounts[-1])) or _lines_are_split(graph, operator):
        return "pads more than lines and columns of one picture"
    return None


def _lines_are_split(graph: Graph, operator: Operator) -> bool:
    shape = graph.tensor(operator.inputs[0]).shape
    return any(length > 1 for length in shape[:-3])


def _concatenation(graph: Graph, operator: Operator) -> str | None:
    rank = len(graph.output_tensor(operator).shape)
    axis = options_of(operator, ConcatenationOptions).axis % rank - rank
    if any(graph.tensor(index).is_constant for index in operator.inputs):
        return "a part of it is constant"
    if axis < -3 or (axis == -3 and _lines_are_split(graph, operator)):
        return "not along lines, columns or channels of one picture"
    return None


def _view(graph: Graph, operator: Operator) -> str | None:  # noqa: ARG001 (checks have one signature)
    return None


_CHECKS: Mapping[OpKind, Callable[[Graph, Operator], str | None]] = {
    **dict.fromkeys(VIEWS, _view),
    **dict.fromkeys((OpKind.ADD, OpKind.SUB, OpKind.MUL), _binary),
    **dict.fromkeys(
        (
            OpKind.ABS,
            OpKind.EXP,
            OpKind.GELU,
            OpKind.HARD_SWISH,
            OpKind.LEAKY_RELU,
            OpKind.LOGISTIC,
            OpKind.MAXIMUM,
            OpKind.MINIMUM,
            OpKind.QUANTIZE,
            OpKind.RELU,
            OpKind.RELU6,
            OpKind.RELU_0_TO_1,
            OpKind.RELU_N1_TO_1,
            OpKind.RSQRT,
            OpKind.TANH,
        ),
        _table,
    ),
    **dict.fromkeys((OpKind.CONV_2D, OpKind.DEPTHWISE_CONV_2D), _windowed),
    **dict.fromkeys((OpKind.PAD, OpKind.PADV2), _pad),
    OpKind.AVERAGE_POOL_2D: _average,
    OpKind.CONCATENATION: _concatenation,
    OpKind.FULLY_CONNECTED: _weights,
    OpKind.MAX_POOL_2D: _max_pool,
    OpKind.MEAN: _mean,
    OpKind.PRELU: _prelu,
    OpKind.RESIZE_BILINEAR: _bilinear,
    OpKind.RESIZE_NEAREST_NEIGHBOR: _nearest,
    OpKind.TRANSPOSE_CONV: _transposed,
}
