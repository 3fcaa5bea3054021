"""Compiles a model: decides who runs what, lowers the overlay's layers and packs them into memory images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from edge_runtime.compiler.cycles import LayerShape, layer_cycles, run_cycles
from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.compiler.lowering import Layer, lower_fully_connected
from edge_runtime.compiler.memory import plan_activations
from edge_runtime.compiler.parameters import OverlayParameters
from edge_runtime.compiler.placement import VIEWS, cut, place
from edge_runtime.compiler.program import HeadSlot, LayerPlace, Part, Placement, Program
from edge_runtime.errors import FitError
from edge_runtime.model.fixed_point import Rounding
from edge_runtime.model.graph import Graph
from edge_runtime.model.head import HeadSite, find_head
from edge_runtime.model.reader import read_tflite

__all__ = ["compile_model", "descriptor_words", "place_layer"]


def compile_model(
    model: bytes,
    parameters: OverlayParameters,
    *,
    name: str,
    rounding: Rounding = Rounding.DOUBLE,
    keep_everything: bool = False,
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
    keep_everything
        Give every activation memory of its own, so that all of them can be read after a run.

    Raises
    ------
    ModelError
        If the model cannot be read or has something that is not supported.
    FitError
        If it does not fit the overlay, with the numbers and with what would make it fit.
    """
    graph = read_tflite(model, name)
    images = _Images(parameters)
    builder = _PartBuilder(graph, images, find_head(graph), rounding, keep_everything)
    parts = tuple(
        builder.build(operators) if on_overlay else Part(operators, on_overlay=False)
        for on_overlay, operators in cut(place(graph))
    )
    images.check_fit(name)
    return Program(
        name=name,
        model=model,
        parameters=parameters,
        rounding=rounding,
        parts=parts,
        head=images.head,
        descriptors=np.array(images.descriptors, np.uint32).reshape(-1, host_interface().descriptor_words),
        weight_rows=np.concatenate([np.zeros((0, parameters.weight_row_bytes), np.uint8), *images.weight_rows]),
        channels=np.concatenate([np.zeros((0, 4), np.uint32), *images.channels]),
        act_bytes=images.act_bytes,
    )


@dataclass
class _Images:
    """The overlay's memories while they fill up."""

    parameters: OverlayParameters
    descriptors: list[list[int]] = field(default_factory=list)
    weight_rows: list[npt.NDArray[np.uint8]] = field(default_factory=list)
    channels: list[npt.NDArray[np.uint32]] = field(default_factory=list)
    act_bytes: int = 0
    head: HeadSlot | None = None

    @property
    def next_weight_row(self) -> int:
        return sum(len(block) for block in self.weight_rows)

    @property
    def next_param_row(self) -> int:
        return sum(len(block) for block in self.channels) // self.parameters.requant_lanes

    def add(self, layer: Layer, fields: Mapping[str, int]) -> tuple[int, int]:
        """Append a layer; return its first weight row and its first parameter row."""
        rows = self.next_weight_row, self.next_param_row
        self.weight_rows.append(layer.weight_rows)
        self.channels.append(layer.channels)
        self.descriptors.append(descriptor_words(place_layer(layer, fields, weight_row=rows[0], param_row=rows[1])))
        return rows

    def check_fit(self, name: str) -> None:
        """Refuse what the memories cannot hold."""
        needs = {
            "weight_rows": self.next_weight_row,
            "param_channels": self.next_param_row * self.parameters.requant_lanes,
            "descriptors": len(self.descriptors),
        }
        for memory, needed in needs.items():
            there = getattr(self.parameters, memory)
            if needed > there:
                raise FitError(
                    f"{name} needs {needed:,} {memory.replace('_', ' ')} and the overlay has {there:,}; "
                    f"an overlay with {memory} = {1 << (needed - 1).bit_length()} would fit it"
                )


def place_layer(layer: Layer, place: Mapping[str, int], *, weight_row: int, param_row: int) -> dict[str, int]:
    """Return all of a layer's descriptor fields: its own, and those of the place it gets."""
    return {**layer.fields, **place, "WEIGHT_ROW": weight_row, "PARAM_ROW": param_row}


def descriptor_words(fields: Mapping[str, int]) -> list[int]:
    """Return a descriptor's words from its fields (those that are missing are 0)."""
    interface = host_interface()
    words = [0] * interface.descriptor_words
    for name, value in fields.items():
        bits = interface.descriptor[name]
        words[bits.word] |= bits.put(value)
    return words


@dataclass
class _PartBuilder:
    """Lowers one overlay part into the images."""

    graph: Graph
    images: _Images
    head: HeadSite | None
    rounding: Rounding
    keep_everything: bool

    def build(self, operators: tuple[int, ...]) -> Part:
        sources, results = _boundary(self.graph, operators)
        kept = sorted(self._kept(operators, results))
        act_bytes = self.images.parameters.act_bytes
        addresses = plan_activations(self.graph, operators, keep=kept, act_bytes=act_bytes)
        self.images.act_bytes = max(self.images.act_bytes, _extent(self.graph, addresses))
        entry = len(self.images.descriptors)
        working = [index for index in operators if self.graph.operators[index].kind not in VIEWS]
        placed = [self._add(index, addresses, last=index == working[-1]) for index in working]
        return Part(
            operators=operators,
            on_overlay=True,
            entry=entry,
            inputs=tuple(Placement(tensor, addresses[tensor]) for tensor in sources),
            outputs=tuple(Placement(tensor, addresses[tensor]) for tensor in kept),
            layers=tuple(place for place, _ in placed),
            cycles=run_cycles([shape for _, shape in placed], self.images.parameters),
        )

    def _kept(self, operators: Sequence[int], results: Sequence[int]) -> set[int]:
        """Return the tensors that must still be there after the run."""
        kept = set(results)
        if self.head and self.head.operator in operators:
            kept.add(self.head.embedding)
        if self.keep_everything:
            for index in operators:
                operator = self.graph.operators[index]
                kept.update({*self.graph.activations_of(operator), *operator.outputs})
        return kept

    def _add(self, index: int, addresses: Mapping[int, int], *, last: bool) -> tuple[LayerPlace, LayerShape]:
        operator = self.graph.operators[index]
        parameters = self.images.parameters
        banked = self.head is not None and index == self.head.operator
        layer = lower_fully_connected(self.graph, operator, parameters, rounding=self.rounding, banked=banked)
        fields = {
            "OPCODE": host_interface().opcodes["FULLY_CONNECTED"],
            "LAST": int(last),
            "INPUT": addresses[operator.inputs[0]],
            "OUTPUT": addresses[operator.outputs[0]],
        }
        place = LayerPlace(index, len(self.images.descriptors), layer_cycles(layer.shape, parameters))
        if banked:
            self.images.head = _add_head(self.images, layer, fields, index)
        else:
            self.images.add(layer, fields)
        return place, layer.shape


def _add_head(images: _Images, layer: Layer, fields: Mapping[str, int], operator: int) -> HeadSlot:
    """Append the head twice, once for each bank."""
    descriptor = len(images.descriptors)
    banks = [images.add(layer, fields) for _ in range(2)]
    return HeadSlot(
        operator=operator,
        descriptor=descriptor,
        weight_rows=(banks[0][0], banks[1][0]),
        param_rows=(banks[0][1], banks[1][1]),
        row_capacity=len(layer.weight_rows),
    )


def _boundary(graph: Graph, operators: Sequence[int]) -> tuple[list[int], list[int]]:
    """Return the tensors that a part takes from outside, and those that others need from it."""
    inside = {tensor for index in operators for tensor in graph.operators[index].outputs}
    sources = {tensor for index in operators for tensor in graph.activations_of(graph.operators[index])} - inside
    outside = [operator for operator in graph.operators if operator.index not in operators]
    wanted = {tensor for operator in outside for tensor in operator.inputs} | set(graph.outputs)
    return sorted(sources), sorted(inside & wanted)


def _extent(graph: Graph, addresses: Mapping[int, int]) -> int:
    return max(address + graph.tensors[tensor].size for tensor, address in addresses.items())
