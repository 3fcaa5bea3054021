"""Operators on matrices that are all computed: products of them, and rows brought to one length.

Source: TensorFlow Lite 2.14, ``batch_matmul.cc`` and ``l2norm.cc`` under ``lite/kernels``.
"""

from __future__ import annotations

from edge_runtime.errors import ModelError
from edge_runtime.model.graph import (
    Activation,
    BatchMatMulOptions,
    Graph,
    L2NormOptions,
    Operator,
    describe,
    options_of,
    quantization_of,
)
from edge_runtime.model.operator_checks.needs import (
    check_factors,
    ends,
    need_int8,
    need_rank,
    need_shape,
    need_signed,
    wrong,
)
from edge_runtime.model.scales import fully_connected_factors
from edge_runtime.model.shapes import broadcast_shape

__all__ = ["check_batch_matmul", "check_l2_normalization"]

#: The squares of so many elements less their zero point add up within 32 bits.
_LONGEST_ROW = ((1 << 31) - 1) // 255**2
_UNIT_SCALE = 1 / 128


def check_batch_matmul(graph: Graph, operator: Operator) -> None:
    """Check a BATCH_MATMUL."""
    one, output = ends(graph, operator)
    other, options = graph.tensor(operator.inputs[1]), options_of(operator, BatchMatMulOptions)
    need_int8(operator, "input 1", other)
    need_signed(operator, output)
    for role, tensor in (("input", one), ("input 1", other)):
        need_rank(operator, role, tensor, range(2, 6))
    rows, depth = reversed(one.shape[-2:]) if options.adj_x else one.shape[-2:]
    height, columns = reversed(other.shape[-2:]) if options.adj_y else other.shape[-2:]
    if depth != height:
        found = f"has shape {list(other.shape)}; it must have {depth} rows for the other's {depth} columns"
        raise wrong(operator, "input 1", other, found)
    if options.adj_x and one.shape[:-2] != other.shape[:-2]:
        found = f"has option adj_x and batches of {list(one.shape[:-2])} and {list(other.shape[:-2])}"
        raise ModelError(f"{describe(operator)} {found}, which TFLite mixes up; they must be alike")
    batches = broadcast_shape(operator, one.shape[:-2], other.shape[:-2])
    need_shape(operator, "output", output, (*batches, rows, columns))
    check_factors(operator, fully_connected_factors(one, other, output))


def check_l2_normalization(graph: Graph, operator: Operator) -> None:
    """Check an L2_NORMALIZATION."""
    source, output = ends(graph, operator)
    need_rank(operator, "input", source, range(1, 5))
    need_shape(operator, "output", output, source.shape, "the input's is")
    activation, given = options_of(operator, L2NormOptions).activation, quantization_of(output)
    if activation is not Activation.NONE:
        raise ModelError(f"{describe(operator)} has fused activation {activation.value}; it can have none")
    # 0 is 128 in the older scheme
    if (given.scale, given.zero_point) != (_UNIT_SCALE, 0):
        found = f"has scale {given.scale:g} and zero point {given.zero_point}; L2_NORMALIZATION gives 1/128 and 0"
        raise wrong(operator, "output", output, found)
    if source.shape[-1] > _LONGEST_ROW:
        raise wrong(operator, "input", source, f"has rows of {source.shape[-1]}; {_LONGEST_ROW} is the most")
