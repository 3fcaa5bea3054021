"""One fully-connected layer as the overlay takes it: weight rows, channel parameters, descriptor fields.

Also what the driver lowers a new head with, so that a head learned on the device and one that came with the
model go the same way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.compiler.cycles import LayerShape
from edge_runtime.compiler.packing import pack_weights
from edge_runtime.compiler.parameters import OverlayParameters
from edge_runtime.model.fixed_point import Rounding, quantize_multiplier
from edge_runtime.model.graph import FullyConnectedOptions, Graph, Operator, options_of, quantization_of
from edge_runtime.model.scales import activation_limits, fully_connected_factors

__all__ = ["Layer", "lower_fully_connected"]


@dataclass(frozen=True)
class Layer:
    """A layer, not yet placed in any memory.

    Parameters
    ----------
    shape
        Its loop counts.
    weight_rows
        uint8[rows, row bytes].
    channels
        uint32[channels, 4], the parameter window's four words for each output channel, padded to whole tiles.
    fields
        Descriptor fields that do not depend on where the layer lies.
    """

    shape: LayerShape
    weight_rows: npt.NDArray[np.uint8]
    channels: npt.NDArray[np.uint32]
    fields: dict[str, int]


def lower_fully_connected(
    graph: Graph, operator: Operator, parameters: OverlayParameters, *, rounding: Rounding, banked: bool
) -> Layer:
    """Lower one FULLY_CONNECTED operator.

    Parameters
    ----------
    graph, operator
        From a checked model.
    parameters
        The overlay's.
    rounding
        How products are rounded.
    banked
        Whether the layer is one of a pair that the head bank chooses from.
    """
    weights = graph.tensors[operator.inputs[1]].data
    assert weights is not None  # noqa: S101 - the reader accepts constant weights only
    outputs, inputs = weights.shape
    rows = pack_weights(weights, parameters)
    tiles, passes, steps, _ = rows.shape
    source = graph.tensors[operator.inputs[0]]
    positions = source.size // inputs
    output = graph.output_tensor(operator)
    low, high = activation_limits(options_of(operator, FullyConnectedOptions).activation, output)
    fields = {
        "BANKED": int(banked),
        "SINGLE_ROUNDING": int(rounding is Rounding.SINGLE),
        "INPUT_STRIDE": inputs,
        "OUTPUT_STRIDE": outputs,
        "POSITIONS": positions,
        "TILES": tiles,
        "STEPS": steps,
        "PASSES": passes,
        "LAST_CHANNELS": outputs - (tiles - 1) * parameters.oc_lanes,
        "ZERO_POINT": quantization_of(output).zero_point,
        "CLAMP_MIN": low,
        "CLAMP_MAX": high,
    }
    return Layer(
        shape=LayerShape(positions, tiles, passes, steps, banked),
        weight_rows=rows.reshape(-1, rows.shape[-1]),
        channels=_channels(graph, operator, weights, tiles * parameters.oc_lanes),
        fields=fields,
    )


def _channels(graph: Graph, operator: Operator, weights: npt.NDArray[np.int8], padded: int) -> npt.NDArray[np.uint32]:
    """Return each output channel's bias, multiplier and shifts as the parameter window's words."""
    outputs = len(weights)
    source, weight_tensor, bias = (*graph.input_tensors(operator), None)[:3]
    assert source is not None and weight_tensor is not None  # noqa: S101, PT018 - checked by the reader
    words = np.zeros((padded, 4), np.uint32)
    words[:outputs, 0] = _folded_bias(weights, bias.data if bias else None, quantization_of(source).zero_point)
    factors = fully_connected_factors(source, weight_tensor, graph.output_tensor(operator))
    pairs = [quantize_multiplier(factor) for factor in factors.tolist()]
    words[:outputs, 1] = [multiplier for multiplier, _ in pairs]
    words[:outputs, 2] = [max(shift, 0) | max(-shift, 0) << 8 for _, shift in pairs]
    return words


def _folded_bias(
    weights: npt.NDArray[np.int8], bias: npt.NDArray[np.int32] | None, zero_point: int
) -> npt.NDArray[np.uint32]:
    """Fold the input's zero point into the bias, modulo 2**32 as the accumulators are."""
    folded = -zero_point * weights.sum(axis=1, dtype=np.int64)
    if bias is not None:
        folded = folded + bias
    wrapped: npt.NDArray[np.uint32] = (folded & 0xFFFFFFFF).astype(np.uint32)
    return wrapped
