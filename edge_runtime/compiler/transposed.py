"""TRANSPOSE_CONV as convolutions of the array: one for each place that an output can have between two strides.

All outputs of one place see the same taps of the kernel, every stride-th one, and neighbouring elements of the input:
an ordinary convolution without strides, whose outputs are written a stride apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import numpy.typing as npt

from edge_runtime.compiler.array_lowering import dense_kernel, lower_on_array
from edge_runtime.compiler.engine_layer import EngineLayer
from edge_runtime.compiler.layout import Form, Layout
from edge_runtime.compiler.requantisation import Requantisation
from edge_runtime.compiler.scope import Scope
from edge_runtime.compiler.stored import stored_zero_point
from edge_runtime.compiler.weighted import finish_with_bias
from edge_runtime.compiler.window import Span, Sweep
from edge_runtime.model.channels import bias_of, centred_weights, constant_of, source_of
from edge_runtime.model.geometry import Axis, transposed_window
from edge_runtime.model.graph import Graph, Operator, TransposeConvOptions, options_of

__all__ = ["lower_transposed", "transposed_places"]


@dataclass(frozen=True)
class _Place:
    """Outputs ``first``, ``first + stride`` and so on along one dimension: their window, and the taps in its order."""

    first: int
    span: Span
    taps: slice


def transposed_places(graph: Graph, operator: Operator) -> tuple[list[_Place], list[_Place]] | None:
    """Return the places of lines and of columns; None where some outputs see nothing of the input."""
    window, source, output = (
        transposed_window(graph, operator),
        source_of(graph, operator),
        graph.output_tensor(operator),
    )
    lines = list(_places(window.h, output.shape[1]))
    columns = list(_places(window.w, output.shape[2]))
    for places, length in ((lines, source.shape[1]), (columns, source.shape[2])):
        if not all(place.span.pad >= 0 and _sees_input(place.span, length) for place in places):
            return None
    return lines, columns


def _places(axis: Axis, outputs: int) -> Iterator[_Place]:
    for first in range(min(axis.stride, outputs)):
        before, tap = divmod(first + axis.pad, axis.stride)
        kernel = len(range(tap, axis.kernel, axis.stride))
        last = tap + (kernel - 1) * axis.stride
        taps = slice(last, tap - 1 if tap else None, -axis.stride)
        count = len(range(first, outputs, axis.stride))
        yield _Place(first, Span(kernel, 1, 1, kernel - 1 - before, count), taps)


def _sees_input(span: Span, length: int) -> bool:
    """Whether there is a kernel, and its last window has an element of the input in it."""
    return span.kernel > 0 and span.start + span.outputs - 1 < length


def lower_transposed(scope: Scope, operator: Operator) -> list[EngineLayer]:
    """Lower a TRANSPOSE_CONV."""
    places = transposed_places(scope.graph, operator)
    assert places is not None  # noqa: S101 - placement has seen to it
    weights = centred_weights(scope.graph, operator)
    return [_layer(scope, operator, weights, line, column) for line, column in product(*places)]


def _layer(
    scope: Scope, operator: Operator, weights: npt.NDArray[np.int16], line: _Place, column: _Place
) -> EngineLayer:
    source, options = source_of(scope.graph, operator), options_of(operator, TransposeConvOptions)
    seen = np.ascontiguousarray(weights[:, line.taps, column.taps])
    site = scope.site(operator, source=source.index, pad_value=stored_zero_point(source))
    whole = site.target_layout
    target = Layout(
        Form(line.span.outputs, column.span.outputs, len(weights)),
        whole.pixel * options.stride_w,
        whole.pitch * options.stride_h,
        whole.at(line.first, column.first),
    )
    return lower_on_array(
        Sweep(line.span, column.span),
        dense_kernel(seen, scope.parameters),
        _requantisation(scope, operator, seen),
        replace(site, target_layout=target),
    )


def _requantisation(scope: Scope, operator: Operator, seen: npt.NDArray[np.int16]) -> Requantisation:
    graph = scope.graph
    bias = -stored_zero_point(source_of(graph, operator)) * seen.sum(axis=(1, 2, 3), dtype=np.int64)
    own = bias_of(graph, operator)
    if own is not None:
        bias += constant_of(own)
    return finish_with_bias(graph, operator, bias, scope.rounding)
