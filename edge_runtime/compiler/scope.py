"""What lowering an operator needs to know: the network, the overlay, and how the tensors around it lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge_runtime.compiler.layout import Layout
from edge_runtime.compiler.parameters import OverlayParameters
from edge_runtime.model.fixed_point import Rounding
from edge_runtime.model.graph import Graph, Operator

__all__ = ["FoldedPad", "Scope", "Site", "Spread"]


@dataclass(frozen=True)
class FoldedPad:
    """A PAD that its reader does itself: where its input is, and how many lines and columns it puts before it."""

    source: int
    above: int
    left: int


@dataclass(frozen=True)
class Spread:
    """An operand that is copied before an operator of two reads it: the first or second one, and its copy's number."""

    position: int
    tensor: int


@dataclass(frozen=True)
class Site:
    """Where one layer reads and writes.

    Parameters
    ----------
    operator
        The model's operator that it belongs to.
    source, target
        The tensors.
    source_layout, target_layout
        How they lie.
    pad_value
        What is read outside of the input, as a stored number.
    parameters
        The overlay's.
    """

    operator: int
    source: int
    target: int
    source_layout: Layout
    target_layout: Layout
    pad_value: int
    parameters: OverlayParameters


@dataclass(frozen=True)
class Scope:
    """The surroundings of the operators of a part.

    Parameters
    ----------
    graph, parameters, rounding
        The network, the overlay's parameters, and the golden reference's rounding.
    pads
        By operator, the PAD before it that is folded into it.
    layouts
        By tensor.
    joined
        Tensors that lie in the output of the CONCATENATION that reads them.
    spreads
        By operator, the operand that is copied before it.
    scratch
        By operator, tensors of the compiler's own between its layers.
    """

    graph: Graph
    parameters: OverlayParameters
    rounding: Rounding
    pads: Mapping[int, FoldedPad] = field(default_factory=dict)
    layouts: Mapping[int, Layout] = field(default_factory=dict)
    joined: frozenset[int] = frozenset()
    spreads: Mapping[int, Spread] = field(default_factory=dict)
    scratch: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    def source_of(self, operator: Operator) -> int:
        """Return the tensor that an operator's first input is read from."""
        pad = self.pads.get(operator.index)
        return pad.source if pad else operator.inputs[0]

    def sources_of(self, operator: Operator) -> tuple[int, ...]:
        """Return all tensors that are read at run time, each once."""
        read = self.graph.activations_of(operator)
        return tuple(dict.fromkeys((self.source_of(operator), *read[1:]))) if operator.index in self.pads else read

    def site(self, operator: Operator, *, source: int | None = None, pad_value: int = 0) -> Site:
        """Return where an operator reads and writes; its first input, unless another `source` is given."""
        read = self.source_of(operator) if source is None else source
        target = operator.outputs[0]
        return Site(operator.index, read, target, self.layouts[read], self.layouts[target], pad_value, self.parameters)
