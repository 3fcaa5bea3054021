"""Pooling and reductions.

Source: TensorFlow Lite 2.14, ``pooling.cc``, ``reduce.cc`` and ``arg_min_max.cc`` under ``lite/kernels``.
"""

from __future__ import annotations

from edge_runtime.errors import ModelError
from edge_runtime.model.geometry import check_padded, window_of
from edge_runtime.model.graph import (
    ArgOptions,
    Graph,
    Operator,
    PoolOptions,
    ReducerOptions,
    Tensor,
    describe,
    options_of,
)
from edge_runtime.model.operator_checks.needs import (
    check_factors,
    ends,
    need_int8,
    need_rank,
    need_same_quantization,
    need_shape,
    wrong,
)
from edge_runtime.model.scales import activation_limits, requantize_factor
from edge_runtime.model.shapes import integers_of, normal_axis, reduced_axes

__all__ = ["check_extreme_of", "check_mean", "check_pool", "check_position"]

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
    source, output = _check_reduction(graph, operator)
    if source.size // output.size > _MOST_SUMMED:
        raise ModelError(
            f"{describe(operator)} is over {source.size // output.size} elements, more than {_MOST_SUMMED}"
        )
    check_factors(operator, requantize_factor(source, output))


def check_extreme_of(graph: Graph, operator: Operator) -> None:
    """Check a REDUCE_MAX or REDUCE_MIN."""
    need_same_quantization(operator, "input", *_check_reduction(graph, operator))


def check_position(graph: Graph, operator: Operator) -> None:
    """Check an ARG_MAX or ARG_MIN."""
    source, output = graph.tensor(operator.inputs[0]), graph.output_tensor(operator)
    need_int8(operator, "input", source)
    need_rank(operator, "input", source, range(1, 9))
    axes = integers_of(graph, operator, 1)
    if len(axes) != 1:
        raise ModelError(f"{describe(operator)} names {len(axes)} dimensions; it needs 1")
    axis = normal_axis(operator, axes[0], len(source.shape))
    need_shape(operator, "output", output, (*source.shape[:axis], *source.shape[axis + 1 :]))
    asked = options_of(operator, ArgOptions).output_type.value.lower()
    if output.dtype != asked:
        raise wrong(operator, "output", output, f"is {output.dtype}; the option output_type says {asked}")


def _check_reduction(graph: Graph, operator: Operator) -> tuple[Tensor, Tensor]:
    source, output = ends(graph, operator)
    need_rank(operator, "input", source, range(1, 9))
    axes = reduced_axes(graph, operator)
    keep = options_of(operator, ReducerOptions).keep_dims
    kept = [1 if axis in axes else length for axis, length in enumerate(source.shape)]
    shape = kept if keep else [length for axis, length in enumerate(source.shape) if axis not in axes]
    need_shape(operator, "output", output, shape)
    return source, output
