"""The reference kernels: one file per operator family, each bit for bit what TFLite's reference kernel computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from edge_runtime.model.fixed_point import Rounding
from edge_runtime.model.graph import Graph, Operator, OpKind
from edge_runtime.model.kernels import blocks, movement, reductions
from edge_runtime.model.kernels.batch_matmul import prepare_batch_matmul
from edge_runtime.model.kernels.convolution import prepare_convolution, prepare_depthwise
from edge_runtime.model.kernels.dequantize import prepare_dequantize
from edge_runtime.model.kernels.elementwise import (
    prepare_addition,
    prepare_extreme,
    prepare_multiplication,
    prepare_squared_difference,
)
from edge_runtime.model.kernels.fully_connected import prepare_fully_connected
from edge_runtime.model.kernels.kernel import Kernel
from edge_runtime.model.kernels.l2_normalization import prepare_l2_normalization
from edge_runtime.model.kernels.log_softmax import prepare_log_softmax
from edge_runtime.model.kernels.lstm import prepare_lstm
from edge_runtime.model.kernels.pooling import prepare_average_pool, prepare_max_pool
from edge_runtime.model.kernels.prelu import prepare_prelu
from edge_runtime.model.kernels.quantize import prepare_quantize
from edge_runtime.model.kernels.resize import prepare_resize_bilinear, prepare_resize_nearest
from edge_runtime.model.kernels.softmax import prepare_softmax
from edge_runtime.model.kernels.svdf import prepare_svdf
from edge_runtime.model.kernels.tables import lookup_table, prepare_table
from edge_runtime.model.kernels.transpose_convolution import prepare_transpose_convolution

__all__ = ["Kernel", "lookup_table", "prepare_kernel"]

_PREPARE: Mapping[OpKind, Callable[[Graph, Operator, Rounding], Kernel]] = {
    OpKind.ABS: prepare_table,
    OpKind.ADD: prepare_addition,
    OpKind.ARG_MAX: reductions.prepare_position,
    OpKind.ARG_MIN: reductions.prepare_position,
    OpKind.AVERAGE_POOL_2D: prepare_average_pool,
    OpKind.BATCH_MATMUL: prepare_batch_matmul,
    OpKind.BATCH_TO_SPACE_ND: blocks.prepare_batch_to_space,
    OpKind.BROADCAST_TO: movement.prepare_broadcast,
    OpKind.CONCATENATION: movement.prepare_concatenation,
    OpKind.CONV_2D: prepare_convolution,
    OpKind.DEPTHWISE_CONV_2D: prepare_depthwise,
    OpKind.DEPTH_TO_SPACE: blocks.prepare_depth_to_space,
    OpKind.DEQUANTIZE: prepare_dequantize,
    OpKind.EXP: prepare_table,
    OpKind.EXPAND_DIMS: movement.prepare_view,
    OpKind.FULLY_CONNECTED: prepare_fully_connected,
    OpKind.GATHER: movement.prepare_gather,
    OpKind.GELU: prepare_table,
    OpKind.HARD_SWISH: prepare_table,
    OpKind.L2_NORMALIZATION: prepare_l2_normalization,
    OpKind.LEAKY_RELU: prepare_table,
    OpKind.LOGISTIC: prepare_table,
    OpKind.LOG_SOFTMAX: prepare_log_softmax,
    OpKind.MAXIMUM: prepare_extreme,
    OpKind.MAX_POOL_2D: prepare_max_pool,
    OpKind.MEAN: reductions.prepare_mean,
    OpKind.MINIMUM: prepare_extreme,
    OpKind.MIRROR_PAD: movement.prepare_mirror_pad,
    OpKind.MUL: prepare_multiplication,
    OpKind.PACK: movement.prepare_pack,
    OpKind.PAD: movement.prepare_pad,
    OpKind.PADV2: movement.prepare_pad,
    OpKind.PRELU: prepare_prelu,
    OpKind.QUANTIZE: prepare_quantize,
    OpKind.REDUCE_MAX: reductions.prepare_extreme_of,
    OpKind.REDUCE_MIN: reductions.prepare_extreme_of,
    OpKind.RELU: prepare_table,
    OpKind.RELU6: prepare_table,
    OpKind.RELU_0_TO_1: prepare_table,
    OpKind.RELU_N1_TO_1: prepare_table,
    OpKind.RESHAPE: movement.prepare_view,
    OpKind.RESIZE_BILINEAR: prepare_resize_bilinear,
    OpKind.RESIZE_NEAREST_NEIGHBOR: prepare_resize_nearest,
    OpKind.REVERSE_V2: movement.prepare_reverse,
    OpKind.RSQRT: prepare_table,
    OpKind.SHAPE: movement.prepare_shape,
    OpKind.SLICE: movement.prepare_slice,
    OpKind.SOFTMAX: prepare_softmax,
    OpKind.SPACE_TO_BATCH_ND: blocks.prepare_space_to_batch,
    OpKind.SPACE_TO_DEPTH: blocks.prepare_space_to_depth,
    OpKind.SPLIT: movement.prepare_split,
    OpKind.SPLIT_V: movement.prepare_split,
    OpKind.SQUEEZE: movement.prepare_view,
    OpKind.SQUARED_DIFFERENCE: prepare_squared_difference,
    OpKind.STRIDED_SLICE: movement.prepare_strided_slice,
    OpKind.SUB: prepare_addition,
    OpKind.SVDF: prepare_svdf,
    OpKind.TANH: prepare_table,
    OpKind.TILE: movement.prepare_tile,
    OpKind.TRANSPOSE: movement.prepare_transpose,
    OpKind.TRANSPOSE_CONV: prepare_transpose_convolution,
    OpKind.UNIDIRECTIONAL_SEQUENCE_LSTM: prepare_lstm,
    OpKind.UNPACK: movement.prepare_unpack,
}


def prepare_kernel(graph: Graph, operator: Operator, rounding: Rounding) -> Kernel:
    """Return `operator` as a function of its inputs, with all that does not change computed beforehand."""
    return _PREPARE[operator.kind](graph, operator, rounding)
