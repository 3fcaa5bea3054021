"""Checks one operator: that its tensors' shapes, types and quantisation are what TFLite's int8 kernels compute with.

Each rule is TFLite's own or stricter; where TFLite would read beyond a tensor or abort the process, there is a
rule here. One file per operator family.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from edge_runtime.errors import ModelError
from edge_runtime.model.graph import Graph, Operator, OpKind, describe
from edge_runtime.model.operator_checks import elementwise, movement, recurrent, resizing, rows, weighted, windows
from edge_runtime.model.operator_checks.movement import shape_matches

__all__ = ["check_operator", "shape_matches"]

_MANY = 4096


@dataclass(frozen=True)
class _Rule:
    """How many inputs and outputs a kind has, which inputs it needs or keeps state in, and what else must hold."""

    inputs: tuple[int, int]
    check: Callable[[Graph, Operator], None]
    needed: int = _MANY
    outputs: int = 1
    states: tuple[int, ...] = ()


def check_operator(graph: Graph, operator: Operator) -> None:
    """Check one operator, whose tensor indices are known to be in range.

    Raises
    ------
    ModelError
        If TFLite's int8 kernel would refuse, crash on, or read something else than it should from these tensors.
    """
    rule = _RULES[operator.kind]
    fewest, most = rule.inputs
    # TFLite refuses an input that is absent, or reads through a null pointer, unless it is a FULLY_CONNECTED's bias
    if not fewest <= len(operator.inputs) <= most or -1 in operator.inputs[: rule.needed]:
        raise ModelError(f"{describe(operator)} has inputs {list(operator.inputs)}; it needs {fewest} to {most}")
    if -1 in operator.outputs or not 1 <= len(operator.outputs) <= rule.outputs:
        raise ModelError(f"{describe(operator)} has {len(operator.outputs)} outputs; it needs {_listed(rule.outputs)}")
    for position, index in enumerate(operator.inputs):
        if index != -1 and graph.tensor(index).is_variable and position not in rule.states:
            raise ModelError(f"{describe(operator)} reads {describe(graph.tensor(index))}, another operator's state")
    _check_scheme(graph, operator)
    rule.check(graph, operator)


def _check_scheme(graph: Graph, operator: Operator) -> None:
    """Check that no operator but QUANTIZE mixes int8 with uint8."""
    if operator.kind is OpKind.QUANTIZE:
        return
    tensors = [graph.tensor(index) for index in (*operator.inputs, *operator.outputs) if index != -1]
    if len({tensor.unsigned for tensor in tensors if tensor.dtype == np.int8}) > 1:
        raise ModelError(f"{describe(operator)} has both int8 and uint8 tensors; only QUANTIZE converts between them")


def _listed(most: int) -> str:
    return "1" if most == 1 else "1 or more"


_TABLE = (1, 1)
_RULES: Mapping[OpKind, _Rule] = {
    OpKind.ABS: _Rule(_TABLE, elementwise.check_absolute),
    OpKind.ADD: _Rule((2, 2), elementwise.check_addition),
    OpKind.ARG_MAX: _Rule((2, 2), windows.check_position),
    OpKind.ARG_MIN: _Rule((2, 2), windows.check_position),
    OpKind.AVERAGE_POOL_2D: _Rule((1, 1), windows.check_pool),
    OpKind.BATCH_MATMUL: _Rule((2, 2), rows.check_batch_matmul),
    OpKind.BATCH_TO_SPACE_ND: _Rule((3, 3), resizing.check_batch_to_space),
    OpKind.BROADCAST_TO: _Rule((2, 2), movement.check_broadcast),
    OpKind.CONCATENATION: _Rule((1, _MANY), movement.check_concatenation),
    OpKind.CONV_2D: _Rule((3, 3), weighted.check_convolution),  # TFLite refuses one without a bias
    OpKind.DEPTH_TO_SPACE: _Rule((1, 1), resizing.check_depth_to_space),
    OpKind.DEPTHWISE_CONV_2D: _Rule((2, 3), weighted.check_depthwise),
    OpKind.DEQUANTIZE: _Rule(_TABLE, elementwise.check_dequantize),
    OpKind.EXP: _Rule(_TABLE, elementwise.check_exponential),
    OpKind.EXPAND_DIMS: _Rule((2, 2), movement.check_expand_dims),
    OpKind.FULLY_CONNECTED: _Rule((2, 3), weighted.check_fully_connected, needed=2),
    OpKind.GATHER: _Rule((2, 2), movement.check_gather),
    OpKind.GELU: _Rule(_TABLE, elementwise.check_gelu),
    OpKind.HARD_SWISH: _Rule(_TABLE, elementwise.check_hard_swish),
    OpKind.L2_NORMALIZATION: _Rule((1, 1), rows.check_l2_normalization),
    OpKind.LEAKY_RELU: _Rule(_TABLE, elementwise.check_leaky_relu),
    OpKind.LOGISTIC: _Rule(_TABLE, elementwise.check_logistic),
    OpKind.LOG_SOFTMAX: _Rule(_TABLE, elementwise.check_log_softmax),
    OpKind.MAXIMUM: _Rule((2, 2), elementwise.check_extreme),
    OpKind.MAX_POOL_2D: _Rule((1, 1), windows.check_pool),
    OpKind.MEAN: _Rule((2, 2), windows.check_mean),
    OpKind.MINIMUM: _Rule((2, 2), elementwise.check_extreme),
    OpKind.MIRROR_PAD: _Rule((2, 2), movement.check_mirror_pad),
    OpKind.MUL: _Rule((2, 2), elementwise.check_multiplication),
    OpKind.PACK: _Rule((1, _MANY), movement.check_pack),
    OpKind.PAD: _Rule((2, 2), movement.check_pad),
    OpKind.PADV2: _Rule((3, 3), movement.check_pad),
    OpKind.PRELU: _Rule((2, 2), elementwise.check_prelu),
    OpKind.QUANTIZE: _Rule(_TABLE, elementwise.check_quantize),
    OpKind.REDUCE_MAX: _Rule((2, 2), windows.check_extreme_of),
    OpKind.REDUCE_MIN: _Rule((2, 2), windows.check_extreme_of),
    OpKind.RELU: _Rule(_TABLE, elementwise.check_relu),
    OpKind.RELU6: _Rule(_TABLE, elementwise.check_relu),
    OpKind.RELU_0_TO_1: _Rule(_TABLE, elementwise.check_relu),
    OpKind.RELU_N1_TO_1: _Rule(_TABLE, elementwise.check_relu),
    OpKind.RESHAPE: _Rule((1, 2), movement.check_reshape),
    OpKind.RESIZE_BILINEAR: _Rule((2, 2), resizing.check_resize_bilinear),
    OpKind.RESIZE_NEAREST_NEIGHBOR: _Rule((2, 2), resizing.check_resize_nearest),
    OpKind.REVERSE_V2: _Rule((2, 2), movement.check_reverse),
    OpKind.RSQRT: _Rule(_TABLE, elementwise.check_inverse_root),
    OpKind.SHAPE: _Rule((1, 1), movement.check_shape),
    OpKind.SLICE: _Rule((3, 3), movement.check_slice),
    OpKind.SOFTMAX: _Rule(_TABLE, elementwise.check_softmax),
    OpKind.SPACE_TO_BATCH_ND: _Rule((3, 3), resizing.check_space_to_batch),
    OpKind.SPACE_TO_DEPTH: _Rule((1, 1), resizing.check_space_to_depth),
    OpKind.SPLIT: _Rule((2, 2), movement.check_split, outputs=_MANY),
    OpKind.SPLIT_V: _Rule((3, 3), movement.check_split, outputs=_MANY),
    OpKind.SQUEEZE: _Rule((1, 1), movement.check_squeeze),
    OpKind.SQUARED_DIFFERENCE: _Rule((2, 2), elementwise.check_squared_difference),
    OpKind.STRIDED_SLICE: _Rule((4, 4), movement.check_strided_slice),
    OpKind.SUB: _Rule((2, 2), elementwise.check_addition),
    OpKind.SVDF: _Rule((5, 5), recurrent.check_svdf, needed=3, states=(4,)),
    OpKind.TANH: _Rule(_TABLE, elementwise.check_tanh),
    OpKind.TILE: _Rule((2, 2), movement.check_tile),
    OpKind.TRANSPOSE: _Rule((2, 2), movement.check_transpose),
    OpKind.TRANSPOSE_CONV: _Rule((3, 4), weighted.check_transpose_convolution, needed=3),
    OpKind.UNIDIRECTIONAL_SEQUENCE_LSTM: _Rule((20, 24), recurrent.check_lstm, needed=0, states=(18, 19)),
    OpKind.UNPACK: _Rule((1, 1), movement.check_unpack, outputs=_MANY),
}
