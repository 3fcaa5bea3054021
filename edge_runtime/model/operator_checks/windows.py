"""Pooling and reductions.

Source: TensorFlow Lite 2.14, ``lite/kernels/pooling.cc`` and ``lite/kernels/reduce.cc``.
"""

from __future__ import annotations

from edge_runtime.errors import ModelError
from edge_runtime.model.geometry import check_padded, window_of
from edge_runtime.model.graph import Graph, Operator, PoolOptions, ReducerOptions, describe, options_of
from edge_runtime.model.operator_checks.needs import check_factors, ends, need_rank, need_same_quantization, need_shape
from edge_runtime.model.scales import activation_limits, requantize_factor
from edge_runtime.model.shapes import reduced_axes

__all__ = ["check_mean", "check_pool"]

#: So many elements of int8 less their zero point never overflow 32 bits.
_MOST_SUMMED = 1 << 23


def check_pool(graph: Graph, operator: Operator) -> None:
    """Check an AVERAGE_POOL_2D or MAX_POOL_2D."""
    source, output = ends(graph, operator)
    need_rank(operator, "input", source, [4])
    window = window_of(graph, operator)
    batch, _, _, channels = source.shape
    need_shape(operator, "output", output, (batch, window.h.outputs, window.w.outputs, channels))
    check_padded(operator, source.shape, window)
    need_same_quantization(operator, "input", source, output)
    activation_limits(options_of(operator, PoolOptions).activation, output)


def check_mean(graph: Graph, operator: Operator) -> None:
    """Check a MEAN."""
    source, output = ends(graph, operator)
    need_rank(operator, "input", source, range(1, 9))
    axes = reduced_axes(graph, operator)
    keep = options_of(operator, ReducerOptions).keep_dims
    kept = [1 if axis in axes else length for axis, length in enumerate(source.shape)]
    shape = kept if keep else [length for axis, length in enumerate(source.shape) if axis not in axes]
    need_shape(operator, "output", output, shape)
    if source.size // output.size > _MOST_SUMMED:
        raise ModelError(
            f"{describe(operator)} is over {source.size // output.size} elements, more than {_MOST_SUMMED}"
        )
    check_factors(operator, requantize_factor(source, output))
