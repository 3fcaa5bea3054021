"""Decides how each activation tensor of a part lies.

Pitches let short kernel lines be gathered; views and concatenations cost no copy.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from edge_runtime.compiler.capabilities import VIEWS
from edge_runtime.compiler.layout import Layout, form_of
from edge_runtime.compiler.movement import concatenated_layout, pad_amounts, pad_value
from edge_runtime.compiler.pooling import estimate_pool, wished_pool_pitches
from edge_runtime.compiler.prelu import prelu_scratch
from edge_runtime.compiler.scope import FoldedPad, Scope
from edge_runtime.compiler.spread import BINARY, smaller_operand, spread_layout, spreads
from edge_runtime.compiler.stored import stored_zero_point
from edge_runtime.compiler.weighted import (
    estimate_convolution,
    estimate_depthwise,
    estimate_fully_connected,
    needs_dense,
    wished_pitches,
)
from edge_runtime.model.graph import Graph, Operator, OpKind

__all__ = ["PartLayout", "lay_out"]

_WINDOWED = (OpKind.CONV_2D, OpKind.DEPTHWISE_CONV_2D)
_PADS = (OpKind.PAD, OpKind.PADV2)


@dataclass(frozen=True)
class PartLayout:
    """How the tensors of a part lie.

    Parameters
    ----------
    scope
        With layouts, folded pads and joined tensors.
    operators
        Those that are left to do, in order: no views, no folded pads.
    owners
        By tensor, the tensor whose buffer it lies in.
    """

    scope: Scope
    operators: tuple[int, ...]
    owners: Mapping[int, int]


def lay_out(scope: Scope, operators: Sequence[int], keep: Collection[int], moved: Collection[int] = ()) -> PartLayout:
    """Lay out the tensors of a part.

    Parameters
    ----------
    scope
        The network, the overlay, the rounding.
    operators
        The part's.
    keep
        Tensors that others read after it.
    moved
        Operators of two tensors whose second operand is copied, as the two could not be placed well enough otherwise.
    """
    graph = scope.graph
    pads = _folded_pads(graph, operators, keep)
    folded = {graph.operators[index].inputs[0] for index in pads}
    working = tuple(
        index
        for index in operators
        if graph.operators[index].kind not in VIEWS and graph.operators[index].outputs[0] not in folded
    )
    scope = replace(scope, pads=pads, spreads=spreads(graph, working, moved), scratch=prelu_scratch(graph, working))
    planner = _Planner(scope, operators, working)
    joined = _joined(graph, operators, working, keep)
    planner.decide(joined)
    return PartLayout(
        replace(scope, layouts=planner.layouts, joined=frozenset(joined)), working, planner.owners(joined)
    )


def _folded_pads(graph: Graph, operators: Sequence[int], keep: Collection[int]) -> dict[int, FoldedPad]:
    """Return, by the operator that reads it, each PAD that its readers can do themselves."""
    folded: dict[int, FoldedPad] = {}
    for index in operators:
        operator = graph.operators[index]
        output = operator.outputs[0]
        if operator.kind not in _PADS or output in keep:
            continue
        readers = graph.readers_of(output)
        can = all(reader.kind in _WINDOWED and reader.index in operators for reader in readers)
        if readers and can and pad_value(graph, operator) == stored_zero_point(graph.tensor(output)):
            (above, _), (left, _), _ = pad_amounts(graph, operator)[-3:]
            folded |= {reader.index: FoldedPad(operator.inputs[0], above, left) for reader in readers}
    return folded


def _joined(
    graph: Graph, operators: Sequence[int], working: Sequence[int], keep: Collection[int]
) -> dict[int, tuple[int, int]]:
    """Return the tensors that can be written where a CONCATENATION wants them: its index, and their position in it."""
    producers = {graph.operators[index].outputs[0]: graph.operators[index] for index in working}
    joined: dict[int, tuple[int, int]] = {}
    for index in working:
        operator = graph.operators[index]
        if operator.kind is not OpKind.CONCATENATION:
            continue
        for position, tensor in enumerate(operator.inputs):
            producer = producers.get(tensor)
            if producer is None or producer.kind is OpKind.CONCATENATION or tensor in keep or tensor in joined:
                continue
            others = [reader for reader in graph.readers_of(tensor) if reader.index != index]
            plain = all(reader.kind in _WINDOWED and reader.index in operators for reader in others)
            if plain and operator.inputs.count(tensor) == 1:
                joined[tensor] = (index, position)
    return joined


@dataclass
class _Class:
    """Tensors that must have the same pitch."""

    tensors: list[int]
    dense: bool = False


@dataclass
class _Planner:
    scope: Scope
    operators: Sequence[int]
    working: Sequence[int]
    layouts: dict[int, Layout] = field(default_factory=dict)

    @property
    def graph(self) -> Graph:
        return self.scope.graph

    def decide(self, joined: Mapping[int, tuple[int, int]]) -> None:
        """Choose all layouts."""
        views = self._views()
        for group in self._classes(views, joined):
            self._choose_pitch(group)
        for index in self.working:
            operator = self.graph.operators[index]
            if operator.kind is OpKind.CONCATENATION:
                whole = self.layouts[operator.outputs[0]]
                for position, tensor in enumerate(operator.inputs):
                    if joined.get(tensor) == (index, position):
                        self.layouts[tensor] = concatenated_layout(self.graph, operator, position, whole)
        for view, source in views.items():
            seen = self.layouts[source].viewed_as(form_of(self.graph.tensor(view).shape))
            assert seen is not None  # noqa: S101 - what is viewed as another form has been laid out densely
            self.layouts[view] = seen
        for index, spread in self.scope.spreads.items():
            self.layouts[spread.tensor] = spread_layout(self.scope, self.graph.operators[index], self.layouts)
        for index, tensors in self.scope.scratch.items():
            own = replace(self.layouts[self.graph.operators[index].inputs[0]], offset=0)
            self.layouts |= dict.fromkeys(tensors, own)

    def owners(self, joined: Mapping[int, tuple[int, int]]) -> dict[int, int]:
        """Return whose buffer each tensor lies in."""
        owners = {tensor: tensor for tensor in self.layouts}
        for tensor, (index, _) in joined.items():
            owners[tensor] = self.graph.operators[index].outputs[0]
        for view, source in self._views().items():
            owners[view] = owners[source]
        return owners

    def _views(self) -> dict[int, int]:
        """Return the source of each view, in order."""
        operators = [self.graph.operators[index] for index in self.operators]
        return {operator.outputs[0]: operator.inputs[0] for operator in operators if operator.kind in VIEWS}

    def _classes(self, views: Mapping[int, int], joined: Mapping[int, tuple[int, int]]) -> Iterator[_Class]:
        groups: dict[int, _Class] = {}
        for index in self.working:
            operator = self.graph.operators[index]
            for tensor in (*self.scope.sources_of(operator), operator.outputs[0]):
                root = _root(tensor, views)
                if root not in joined:
                    groups.setdefault(root, _Class([root]))
        for view, source in views.items():
            if not _same_everywhere(self.graph, view, source) and _root(source, views) in groups:
                groups[_root(source, views)].dense = True
        for index in self.working:
            self._tie(self.graph.operators[index], groups, views)
        seen: set[int] = set()
        for group in groups.values():
            if id(group) not in seen:
                seen.add(id(group))
                yield group

    def _tie(self, operator: Operator, groups: dict[int, _Class], views: Mapping[int, int]) -> None:
        """Give the operands of an operator of two the same pitch."""
        sources = [_root(tensor, views) for tensor in self.scope.sources_of(operator)]
        if operator.kind in BINARY and len(sources) == 2 and smaller_operand(self.graph, operator) is None:
            one, other = (groups[tensor] for tensor in sources)
            if one is not other:
                one.tensors += other.tensors
                one.dense = one.dense or other.dense
                for tensor in other.tensors:
                    groups[tensor] = one
        if operator.kind is OpKind.FULLY_CONNECTED:
            features = self.graph.tensor(operator.inputs[1]).shape[1]
            form = form_of(self.graph.tensor(operator.inputs[0]).shape)
            if needs_dense(form, features):
                groups[sources[0]].dense = True

    def _choose_pitch(self, group: _Class) -> None:
        """Choose the pitch with which the operators that read the class take the fewest cycles."""
        forms = {tensor: form_of(self.graph.tensor(tensor).shape) for tensor in group.tensors}
        form = forms[group.tensors[0]]
        base = form.columns * form.channels
        pitches = [base]
        if not group.dense and len(set(forms.values())) == 1:
            wishes = {wish for reader, layout in self._reads(group, base) for wish in self._wishes(reader, layout)}
            banks = self.scope.parameters.act_banks
            pitches += sorted(base + (wish - base) % banks for wish in wishes)
        best = min(pitches, key=lambda pitch: (self._cycles(group, pitch), pitch))
        for tensor, own in forms.items():
            self.layouts[tensor] = Layout.dense(own, best if own == form else 0)

    def _reads(self, group: _Class, pitch: int) -> Iterator[tuple[Operator, Layout]]:
        """Yield the operators that read a tensor of the class, and how it would lie with this pitch."""
        for index in self.working:
            operator = self.graph.operators[index]
            source = self.scope.source_of(operator)
            if source in group.tensors:
                yield operator, Layout.dense(form_of(self.graph.tensor(source).shape), pitch)

    def _cycles(self, group: _Class, pitch: int) -> int:
        return sum(self._estimate(operator, layout) for operator, layout in self._reads(group, pitch))

    def _estimate(self, operator: Operator, layout: Layout) -> int:
        if operator.kind is OpKind.CONV_2D:
            return estimate_convolution(self.scope, operator, layout)
        if operator.kind is OpKind.DEPTHWISE_CONV_2D:
            return estimate_depthwise(self.scope, operator, layout)
        if operator.kind is OpKind.FULLY_CONNECTED:
            return estimate_fully_connected(self.scope, operator, layout)
        if operator.kind in _POOLS:
            return estimate_pool(self.scope, operator, layout)
        return 0

    def _wishes(self, operator: Operator, layout: Layout) -> set[int]:
        if operator.kind in _WINDOWED:
            return wished_pitches(self.scope, operator, layout)
        if operator.kind in _POOLS:
            return wished_pool_pitches(self.scope, operator, layout)
        return set()


_POOLS = (OpKind.AVERAGE_POOL_2D, OpKind.MAX_POOL_2D, OpKind.MEAN)


def _root(tensor: int, views: Mapping[int, int]) -> int:
    """Return the tensor that a view of views looks at in the end."""
    while tensor in views:
        tensor = views[tensor]
    return tensor


def _same_everywhere(graph: Graph, view: int, source: int) -> bool:
    """Whether a view has its source's form, or both have a single line, so that no pitch matters."""
    one, other = form_of(graph.tensor(view).shape), form_of(graph.tensor(source).shape)
    return one == other or (one.lines == 1 and other.lines == 1)
