"""The last fully-connected layer: where it is, what may replace it, and how a float head becomes int8."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import FitError, ModelError, StateError
from edge_runtime.model.checks import check_graph
from edge_runtime.model.graph import (
    Activation,
    FullyConnectedOptions,
    Graph,
    Operator,
    OpKind,
    Quantization,
    Tensor,
    options_of,
    quantization_of,
)

__all__ = ["HeadSite", "QuantizedHead", "apply_head", "find_head", "quantize_head"]

#: What may stand between the head's logits and the network's output.
_AFTER_HEAD = (OpKind.RESHAPE, OpKind.DEQUANTIZE, OpKind.SOFTMAX)

_LARGEST_WEIGHT = 127
# Half of int32 for the bias, so that the products still fit beside it (up to 33,000 features at their extremes).
_LARGEST_BIAS = 1 << 30
# Scales stay well inside float32, so that their products and quotients do, too.
_SMALLEST_SCALE, _LARGEST_SCALE = 2.0**-60, 2.0**60
# Below 2**-26 TFLite's softmax aborts; logits that differ by so little mean nothing to it anyway.
_SMALLEST_OUTPUT_SCALE = 2.0**-25
_ABOVE_A_STEP = 1 + 2.0**-20
# By how much the logits may leave the range that was seen, as a part of it, on either side.
_MARGIN = 0.05
# A logit so far below every runner-up that was seen may saturate: softmax gives it less than a twentieth of the
# runner-up's share.
_BELOW_RUNNER_UP = 3.0


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
    """Find the layer that learning may replace.

    That is the last FULLY_CONNECTED, if it takes one embedding at a time, has no fused activation, and if what it
    writes goes to a network output through nothing but RESHAPE, SOFTMAX and DEQUANTIZE.

    Returns
    -------
    HeadSite or None
        None where the network has no such layer.
    """
    dense = [operator for operator in graph.operators if operator.kind is OpKind.FULLY_CONNECTED]
    if not dense or not _is_replaceable(graph, dense[-1]):
        return None
    head = dense[-1]
    classes, features = graph.tensor(head.inputs[1]).shape
    return HeadSite(head.index, head.inputs[0], head.outputs[0], features, classes)


def _is_replaceable(graph: Graph, head: Operator) -> bool:
    if options_of(head, FullyConnectedOptions).activation is not Activation.NONE:
        return False
    if graph.tensor(head.inputs[0]).size != graph.tensor(head.inputs[1]).shape[1]:
        return False
    reached = {head.outputs[0]}
    for operator in graph.operators[head.index + 1 :]:
        if reached.isdisjoint(operator.inputs):
            continue
        if operator.kind not in _AFTER_HEAD:
            return False
        reached.update(operator.outputs)
    return not reached.isdisjoint(graph.outputs)


def apply_head(graph: Graph, head: QuantizedHead) -> Graph:
    """Return `graph` with another head: other weights and bias, and another quantisation of the logits.

    Constants that other operators read as well are left as they are, and new tensors are appended; so is a bias where
    there was none. All other tensors keep their indices.

    Parameters
    ----------
    graph
        The network.
    head
        Of the size that `find_head` reports.

    Raises
    ------
    FitError
        If the network has no head that can be replaced, or this one has another size or impossible numbers.
    """
    site = find_head(graph)
    if site is None:
        raise FitError(f"{graph.name}: no head can be replaced: the network does not end in a plain FULLY_CONNECTED")
    _check_shapes(graph.name, site, head)
    operator = graph.operators[site.operator]
    tensors = list(graph.tensors)
    bias_scale = quantization_of(graph.tensor(site.embedding)).scale * head.weight_scale
    unsigned = graph.tensor(operator.inputs[1]).unsigned
    new = replace(_constant("head weights", head.weights, head.weight_scale), unsigned=unsigned)
    weights = _place(graph, tensors, operator, 1, new)
    bias = _place(graph, tensors, operator, 2, _constant("head bias", head.bias, bias_scale))
    logits = _affine(head.output_scale, head.output_zero_point)
    for index in _logits_tensors(graph, site):
        tensors[index] = replace(tensors[index], quantization=logits)
    operators = list(graph.operators)
    operators[site.operator] = replace(operator, inputs=(site.embedding, weights, bias))
    return _checked(replace(graph, tensors=tuple(tensors), operators=tuple(operators)))


def _check_shapes(name: str, site: HeadSite, head: QuantizedHead) -> None:
    for what, array, dtype, shape in (
        ("weights", head.weights, np.dtype(np.int8), (site.classes, site.features)),
        ("bias", head.bias, np.dtype(np.int32), (site.classes,)),
    ):
        if array.shape != shape or array.dtype != dtype:
            given = f"{array.dtype} {list(array.shape)}"
            raise FitError(f"{name}: the head's {what} are {given}; they must be {dtype} {list(shape)}")


def _checked(graph: Graph) -> Graph:
    try:
        check_graph(graph)
    except ModelError as error:
        raise FitError(f"{graph.name}: the head's quantisation does not fit: {error}") from None
    return graph


def _place(graph: Graph, tensors: list[Tensor], operator: Operator, position: int, new: Tensor) -> int:
    """Put a constant where an operator's input is, or at the end if others read that tensor; return where."""
    index = operator.inputs[position] if position < len(operator.inputs) else -1
    readers = sum(other.inputs.count(index) for other in graph.operators)
    if index == -1 or readers > 1:
        index = len(tensors)
        tensors.append(replace(new, index=index))
    else:
        tensors[index] = replace(new, index=index, name=tensors[index].name)
    return index


def _constant(name: str, data: npt.NDArray[np.int8] | npt.NDArray[np.int32], scale: float) -> Tensor:
    kept = data.copy()
    kept.flags.writeable = False
    return Tensor(-1, name, kept.shape, kept.dtype, _affine(scale, 0), kept)


def _affine(scale: float, zero_point: int) -> Quantization:
    with np.errstate(over="ignore"):
        return Quantization(np.array([scale]).astype(np.float32), np.array([zero_point], np.int64))


def _logits_tensors(graph: Graph, site: HeadSite) -> Sequence[int]:
    """Return the logits' tensor and its copies in other shapes: all of them are quantised alike."""
    alike = [site.logits]
    for operator in graph.operators[site.operator + 1 :]:
        if operator.kind is OpKind.RESHAPE and operator.inputs[0] in alike:
            alike.append(operator.outputs[0])
    return alike


def quantize_head(
    weights: npt.NDArray[np.float32],
    bias: npt.NDArray[np.float32],
    *,
    input_scale: float,
    input_zero_point: int,
    embeddings: npt.NDArray[np.int8],
) -> QuantizedHead:
    """Turn a float head into an int8 one.

    The weights get one symmetric scale from their largest magnitude; what their rounding adds to each class's logits on
    average over the embeddings is taken from its bias (Nagel et al., "Data-free quantization through weight
    equalization and bias correction", ICCV 2019). The logits' range is what the *final* int8 weights make of the
    embeddings, with zero and a small margin, so that it never lags behind. It ends a little below the lowest runner-up:
    which of the classes beyond is the last decides nothing, and steps are the finer for it.

    Parameters
    ----------
    weights
        float32[classes, features].
    bias
        float32[classes].
    input_scale, input_zero_point
        Quantisation of the embeddings, as the model has it.
    embeddings
        int8[n, features], typical ones. With n = 0 the range is the widest that any embedding could need.

    Returns
    -------
    QuantizedHead
        No weight or bias is saturated. Neither is the logit of a winner or runner-up, as long as they stay in the range
        that was seen.

    Raises
    ------
    FitError
        If the arrays' shapes or dtypes do not belong together.
    StateError
        If a weight or bias is not finite, or so large that no float32 scale can stand for it.
    """
    _check_together(weights, bias, embeddings)
    if not (np.isfinite(weights).all() and np.isfinite(bias).all()):
        raise StateError("the head has weights or biases that are not finite; go back to its last good state")
    weight_scale = _weight_scale(weights, bias, input_scale)
    step = input_scale * weight_scale
    exact = weights.astype(np.float64) / weight_scale
    final_weights = np.clip(np.rint(exact), -_LARGEST_WEIGHT, _LARGEST_WEIGHT).astype(np.int8)
    inputs = embeddings.astype(np.float64) - input_zero_point
    corrected = bias.astype(np.float64) / step + _mean_rounding(exact - final_weights, inputs)
    final_bias = np.rint(np.clip(corrected, -_LARGEST_BIAS, _LARGEST_BIAS)).astype(np.int32)
    if len(embeddings):
        lowest, highest = _seen_range(inputs @ final_weights.T + final_bias, _BELOW_RUNNER_UP / step)
    else:
        lowest, highest = _possible_range(final_weights, final_bias, input_zero_point)
    output_scale, output_zero_point = _output_quantization(lowest * step, highest * step, step)
    return QuantizedHead(final_weights, final_bias, weight_scale, output_scale, output_zero_point)


def _check_together(
    weights: npt.NDArray[np.float32], bias: npt.NDArray[np.float32], embeddings: npt.NDArray[np.int8]
) -> None:
    if weights.ndim != 2 or 0 in weights.shape or bias.shape != weights.shape[:1]:
        raise FitError(f"a head of weights {list(weights.shape)} and bias {list(bias.shape)}; give [c, f] and [c]")
    if embeddings.ndim != 2 or embeddings.shape[1] != weights.shape[1] or embeddings.dtype != np.int8:
        given = f"{embeddings.dtype} {list(embeddings.shape)}"
        raise FitError(f"embeddings of {given} do not fit the head; give int8 [n, {weights.shape[1]}]")


def _weight_scale(weights: npt.NDArray[np.float32], bias: npt.NDArray[np.float32], input_scale: float) -> float:
    """Return the scale (a float32) that holds the largest weight, and the largest bias in its own unit."""
    for_weights = float(np.abs(weights).max()) / _LARGEST_WEIGHT
    for_bias = float(np.abs(bias).max()) / (input_scale * _LARGEST_BIAS)
    scale = max(for_weights, for_bias, _SMALLEST_SCALE)
    if scale > _LARGEST_SCALE:
        raise StateError(f"the head's weights or biases need a scale of {scale:g}; go back to its last good state")
    return float(np.float32(scale))


def _mean_rounding(lost: npt.NDArray[np.float64], inputs: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return what the weights' rounding takes from each class's accumulator on average, float64[classes]."""
    return lost @ inputs.mean(axis=0) if len(inputs) else np.zeros(len(lost))


def _seen_range(sums: npt.NDArray[np.float64], below: float) -> tuple[float, float]:
    """Return the range of accumulators float64[n, classes] that matters, and zero: all, or to a little `below`."""
    runners_up = np.partition(sums, -2, axis=1)[:, -2] if sums.shape[1] > 1 else sums[:, 0]
    lowest = max(float(sums.min()), float(runners_up.min()) - below)
    return min(lowest, 0.0), max(float(sums.max()), 0.0)


def _possible_range(weights: npt.NDArray[np.int8], bias: npt.NDArray[np.int32], zero_point: int) -> tuple[float, float]:
    """Return the smallest and largest accumulator that any embedding could give, and zero."""
    matrix = weights.T.astype(np.float64)
    ends = matrix * (-128.0 - zero_point), matrix * (127.0 - zero_point)
    lowest, highest = np.minimum(*ends).sum(axis=0) + bias, np.maximum(*ends).sum(axis=0) + bias
    return min(float(lowest.min()), 0.0), max(float(highest.max()), 0.0)


def _output_quantization(lowest: float, highest: float, step: float) -> tuple[float, int]:
    """Return scale and zero point for logits from `lowest` to `highest`, which come in multiples of `step`.

    The scale is a little above the step, so that the multiplier is below 1: with a left shift, a logit that may
    saturate would leave the 32 bits of the accumulator.
    """
    margin = _MARGIN * (highest - lowest)
    lowest, highest = lowest - margin * (lowest < 0), highest + margin * (highest > 0)
    scale = float(np.float32(max((highest - lowest) / 255, step * _ABOVE_A_STEP, _SMALLEST_OUTPUT_SCALE)))
    return scale, int(np.clip(np.rint(-128 - lowest / scale), -128, 127))
