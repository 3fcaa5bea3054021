"""Compiles a model: decides who runs what; lays out, lowers, places and schedules the overlay's parts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from edge_runtime.compiler.descriptor import descriptor_fields, descriptor_words
from edge_runtime.compiler.engine_layer import EngineLayer, Unit
from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.compiler.images import Images
from edge_runtime.compiler.layout import Layout
from edge_runtime.compiler.layouts import PartLayout, lay_out
from edge_runtime.compiler.lowering import lower_part
from edge_runtime.compiler.memory import ActivationPlan, first_layer_at, plan_activations
from edge_runtime.compiler.operands import resolved_operands
from edge_runtime.compiler.overflow import MemoryOverflowError, operators_to_send
from edge_runtime.compiler.parameters import OverlayParameters
from edge_runtime.compiler.placement import Decision, cut, place
from edge_runtime.compiler.program import BufferUse, HeadSlot, LayerPlace, Part, Placement, Program
from edge_runtime.compiler.schedule import PlacedLayer, ScheduledLayer, schedule_run
from edge_runtime.compiler.scope import Scope
from edge_runtime.model.fixed_point import Rounding
from edge_runtime.model.graph import Graph
from edge_runtime.model.head import find_head
from edge_runtime.model.reader import read_tflite

__all__ = ["compile_model"]


def compile_model(
    model: bytes,
    parameters: OverlayParameters,
    *,
    name: str,
    rounding: Rounding = Rounding.DOUBLE,
    allow_cpu: bool = False,
) -> Program:
    """Compile an int8 TFLite file for an overlay.

    Parameters
    ----------
    model
        The file's content.
    parameters
        The overlay's.
    name
        For messages and reports.
    rounding
        Which of TFLite's roundings the fully-connected layers follow.
    allow_cpu
        Send what does not fit the overlay to the CPU: of the operators that use what is short, those that cost the
        CPU least for what they free.

    Raises
    ------
    ModelError
        If the model cannot be read or has something that is not supported.
    FitError
        If it does not fit the overlay, with the numbers and with what would make it fit.
    """
    graph = read_tflite(model, name)
    sent_away: dict[int, str] = {}
    moved: set[int] = set()
    program = None
    while program is None:
        compilation = _Compilation(graph, model, parameters, rounding, name, frozenset(moved))
        program = _attempt(compilation, sent_away, moved, allow_cpu=allow_cpu)
    return program


def _attempt(
    compilation: _Compilation, sent_away: dict[int, str], moved: set[int], *, allow_cpu: bool
) -> Program | None:
    """Compile; or add an operator that has to go to the CPU, or to have an operand moved, and return None."""
    decisions = place(compilation.graph, sent_away)
    try:
        return compilation.compile(decisions)
    except _OperandsApart as refusal:
        moved.add(refusal.operator)
    except _CannotLower as refusal:
        sent_away[refusal.operator] = refusal.reason
    except MemoryOverflowError as error:
        on_overlay = {decision.operator for decision in decisions if decision.on_overlay}
        if not allow_cpu:
            raise
        sent_away |= dict.fromkeys(operators_to_send(compilation.graph, error, on_overlay), f"does not fit: {error}")
    return None


class _CannotLower(Exception):  # noqa: N818 - no error: a turn that compilation takes
    def __init__(self, operator: int, reason: str) -> None:
        super().__init__(reason)
        self.operator = operator
        self.reason = reason


class _OperandsApart(Exception):  # noqa: N818 - no error: a turn that compilation takes
    """An operator's operands cannot be placed so that both are read in one step: one has to be copied."""

    def __init__(self, operator: int) -> None:
        super().__init__(operator)
        self.operator = operator


@dataclass
class _Compilation:
    """One attempt with given decisions."""

    graph: Graph
    model: bytes
    parameters: OverlayParameters
    rounding: Rounding
    name: str
    moved: frozenset[int] = frozenset()

    def compile(self, decisions: Sequence[Decision]) -> Program:
        images = Images(self.parameters)
        builder = _PartBuilder(Scope(self.graph, self.parameters, self.rounding), images, self.moved)
        parts = tuple(
            builder.build(operators) if on_overlay else Part(operators, on_overlay=False)
            for on_overlay, operators in cut(decisions)
        )
        images.check_fit(self.name)
        row, vec_row = self.parameters.weight_row_bytes, self.parameters.vec_weight_row_bytes
        return Program(
            name=self.name,
            model=self.model,
            parameters=self.parameters,
            rounding=self.rounding,
            parts=parts,
            head=builder.head_slot,
            descriptors=images.descriptor_image(),
            weight_rows=images.weights[Unit.ARRAY].image((row,), "u1"),  # type: ignore[arg-type]
            channels=images.channels[Unit.ARRAY].image((4,), "u4"),  # type: ignore[arg-type]
            vec_weight_rows=images.weights[Unit.VECTOR].image((vec_row,), "u1"),  # type: ignore[arg-type]
            vec_channels=images.channels[Unit.VECTOR].image((4,), "u4"),  # type: ignore[arg-type]
            tables=images.tables.image((256, 2), "i4"),  # type: ignore[arg-type]
            decisions=tuple(decisions),
            act_bytes=builder.extent,
        )


class _PartBuilder:
    """Lowers overlay parts into the images."""

    def __init__(self, scope: Scope, images: Images, moved: Collection[int]) -> None:
        self._scope = scope
        self._graph = scope.graph
        self._images = images
        self._head = find_head(scope.graph)
        self._moved = moved
        self._parameters = scope.parameters
        self.head_slot: HeadSlot | None = None
        self.extent = 0

    def build(self, operators: tuple[int, ...]) -> Part:
        sources, results = _boundary(self._graph, operators)
        keep = sorted(self._kept(operators, results))
        part = lay_out(self._scope, operators, keep, self._moved)
        sources = [tensor for tensor in sources if tensor in part.scope.layouts]
        layers = lower_part(part, head=self._head.operator if self._head else None, keep=keep)
        _check_all_lowered(self._graph, part, layers)
        plan = plan_activations(
            self._graph.name,
            layers,
            layouts=part.scope.layouts,
            owners=part.owners,
            sources=sources,
            keep=keep,
            parameters=self._parameters,
        )
        self.extent = max(self.extent, plan.extent)
        resolved = [_resolve(layer, plan.addresses, self._parameters) for layer in layers]
        placed = [self._fields(layer, plan, last=layer is resolved[-1]) for layer in resolved]
        entry = len(self._images.descriptors)
        places, cycles, prefetch = self._schedule(resolved, placed, part, plan)
        return Part(
            operators=operators,
            on_overlay=True,
            entry=entry,
            inputs=tuple(_placement(tensor, part, plan) for tensor in sources),
            outputs=tuple(_placement(tensor, part, plan) for tensor in keep),
            layers=places,
            cycles=cycles,
            prefetch=prefetch,
            buffers=tuple(BufferUse(owner, *use) for owner, use in sorted(plan.lifetimes.items())),
        )

    def _kept(self, operators: Sequence[int], results: Sequence[int]) -> set[int]:
        """Return the tensors that must still be there after the run."""
        kept = set(results)
        if self._head and self._head.operator in operators:
            kept.add(self._head.embedding)
        return kept

    def _fields(self, layer: EngineLayer, plan: ActivationPlan, *, last: bool) -> dict[str, int]:
        """Return a layer's descriptor fields, with the addresses of what it reads and writes."""
        fields = {**layer.fields, "OPCODE": host_interface().opcodes[layer.unit.value], "LAST": int(last)}
        if layer.unit is Unit.VECTOR or not layer.fused:
            fields["ROW_START"] = fields["ROW_START"] + plan.addresses[layer.source]
        if layer.unit is Unit.ARRAY or not layer.fused:
            fields["OUTPUT"] = fields["OUTPUT"] + plan.addresses[layer.target]
        return fields

    def _schedule(
        self,
        layers: Sequence[EngineLayer],
        fields: Sequence[dict[str, int]],
        part: PartLayout,
        plan: ActivationPlan,
    ) -> tuple[tuple[LayerPlace, ...], int, int]:
        """Append the descriptors of a part's layers, with their WAIT.

        Returns the layers, the run's cycles, and in which of these the next input may be fetched (0: in none).
        """
        decoded = [descriptor_fields(descriptor_words(row, self._parameters), self._parameters) for row in fields]
        placed = [
            PlacedLayer(row, layer.unit is Unit.ARRAY, layer.used_lanes)
            for layer, row in zip(layers, decoded, strict=True)
        ]
        scheduled, cycles = schedule_run(placed, self._parameters)
        spans = _spans(scheduled, cycles)
        places = []
        for layer, row, when, span in zip(layers, fields, scheduled, spans, strict=True):
            before = self._images.uses()
            index = self._append(layer, {**row, "WAIT": when.wait}, part, plan)
            self._images.charge(layer.operator, before)
            own = layer.target >= len(self._graph.tensors) or (layer.beside and layer.unit is Unit.VECTOR)
            output = None if own else _placement(layer.target, part, plan)
            places.append(LayerPlace(layer.operator, index, layer.unit.value.lower(), span, when.last_write, output))
        early = 0 if plan.prefetch is None else scheduled[first_layer_at(layers, plan.prefetch)].first_step
        return tuple(places), cycles, early

    def _append(self, layer: EngineLayer, fields: Mapping[str, int], part: PartLayout, plan: ActivationPlan) -> int:
        if not layer.fields.get("BANKED"):
            return self._images.add_descriptor({**fields, **self._images.place(layer)})
        banks = [self._images.place(layer, shared=False) for _ in range(2)]
        first, _ = [self._images.add_descriptor({**fields, **bank}) for bank in banks]
        self.head_slot = HeadSlot(
            operator=layer.operator,
            descriptor=first,
            weight_rows=(banks[0]["WEIGHT_ROW"], banks[1]["WEIGHT_ROW"]),
            param_rows=(banks[0]["PARAM_ROW"], banks[1]["PARAM_ROW"]),
            row_capacity=len(layer.weights),
            source=_placement(layer.source, part, plan),
        )
        return first


def _check_all_lowered(graph: Graph, part: PartLayout, layers: Sequence[EngineLayer]) -> None:
    lowered = {layer.operator for layer in layers}
    for index in part.operators:
        operator = graph.operators[index]
        inputs_joined = all(tensor in part.scope.joined for tensor in operator.inputs)
        if index not in lowered and not inputs_joined:
            raise _CannotLower(index, "its input would have to lie with gaps and without at once")


def _resolve(layer: EngineLayer, addresses: Mapping[int, int], parameters: OverlayParameters) -> EngineLayer:
    if layer.other is None:
        return layer
    resolved = resolved_operands(layer, addresses, parameters)
    if resolved is None:
        raise _OperandsApart(layer.operator)
    return resolved


def _spans(scheduled: Sequence[ScheduledLayer], cycles: int) -> list[int]:
    """Return the cycles from each layer's first step to the next one's; the last one counts to the end of the run."""
    begins = [when.first_step for when in scheduled]
    return [end - begin for begin, end in zip(begins, [*begins[1:], cycles], strict=True)]


def _placement(tensor: int, part: PartLayout, plan: ActivationPlan) -> Placement:
    layout: Layout = part.scope.layouts[tensor]
    form = (layout.form.lines, layout.form.columns, layout.form.channels)
    return Placement(tensor, plan.addresses[tensor] + layout.offset, form, layout.pixel, layout.pitch)


def _boundary(graph: Graph, operators: Sequence[int]) -> tuple[list[int], list[int]]:
    """Return the tensors that a part takes from outside, and those that others need from it."""
    inside = {tensor for index in operators for tensor in graph.operators[index].outputs}
    read = {tensor for index in operators for tensor in graph.activations_of(graph.operators[index])}
    outside = [operator for operator in graph.operators if operator.index not in operators]
    wanted = {tensor for operator in outside for tensor in operator.inputs} | set(graph.outputs)
    return sorted(read - inside), sorted(inside & wanted)
