"""The double-banked last layer: a new head is written beside the one in use, read back, and then switched to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge_runtime.accelerator.memories import Memories
from edge_runtime.accelerator.registers import Registers
from edge_runtime.compiler.descriptor import descriptor_words
from edge_runtime.compiler.engine_layer import EngineLayer
from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.compiler.layout import Form, Layout, form_of
from edge_runtime.compiler.program import HeadSlot, Program
from edge_runtime.compiler.scope import Scope
from edge_runtime.compiler.weighted import lower_fully_connected
from edge_runtime.errors import BusError, FitError
from edge_runtime.model.graph import Graph

__all__ = ["HeadBank"]


class HeadBank:
    """The two banks of a loaded program's head; bank 0 is in use at first."""

    def __init__(self, program: Program, memories: Memories, registers: Registers) -> None:
        self._program = program
        self._memories = memories
        self._registers = registers
        self._bank = 0
        registers.write_fields("HEAD_BANK", BANK=0)

    def switch(self, graph: Graph) -> None:
        """Make the head of `graph`, the program's network with another head, the one that the next run takes.

        Raises
        ------
        FitError
            If the program's head is not on the overlay, or the new one does not fit its place.
        BusError
            If what is read back is not what was written; the head in use stays.
        """
        slot = self._slot()
        layer = self._lower(slot, graph)
        if len(layer.weights) > slot.row_capacity:
            raise FitError(
                f"the new head needs {len(layer.weights)} weight rows and has {slot.row_capacity}: "
                "its weights must be from -127 to 127"
            )
        idle = 1 - self._bank
        self._write(slot, idle, layer)
        self._registers.write_fields("HEAD_BANK", BANK=idle)
        self._bank = idle

    def _slot(self) -> HeadSlot:
        if self._program.head is None:
            raise FitError(f"{self._program.name} has no head on the overlay that could be replaced")
        return self._program.head

    def _lower(self, slot: HeadSlot, graph: Graph) -> EngineLayer:
        """Lower the head of a network, as the compiler does, for an input that lies where the program has put it."""
        operator = graph.operators[slot.operator]
        source, target = operator.inputs[0], operator.outputs[0]
        layouts = {
            source: Layout(Form(*slot.source.form), slot.source.pixel, slot.source.pitch),
            target: Layout.dense(form_of(graph.tensor(target).shape)),
        }
        scope = Scope(graph, self._program.parameters, self._program.rounding, layouts=layouts)
        return lower_fully_connected(scope, operator, banked=True)[0]

    def _write(self, slot: HeadSlot, bank: int, layer: EngineLayer) -> None:
        """Write a head into a bank, and read it back."""
        memories = self._memories
        weight_row, param_row = slot.weight_rows[bank], slot.param_rows[bank]
        channel = param_row * self._program.parameters.requant_lanes
        descriptor = self._descriptor(slot, layer, weight_row, param_row)
        memories.write_weights(weight_row, layer.weights)
        memories.write_channels(channel, layer.channels)
        memories.write_descriptors(slot.descriptor + bank, descriptor)
        read_back = {
            "weights": np.array_equal(memories.read_weights(weight_row, len(layer.weights)), layer.weights),
            "parameters": np.array_equal(memories.read_channels(channel, len(layer.channels)), layer.channels),
            "descriptor": np.array_equal(memories.read_descriptors(slot.descriptor + bank, 1), descriptor),
        }
        for what, same in read_back.items():
            if not same:
                raise BusError(f"the new head's {what} were not read back as written; the old head stays in use")

    def _descriptor(
        self, slot: HeadSlot, layer: EngineLayer, weight_row: int, param_row: int
    ) -> npt.NDArray[np.uint32]:
        """Return the new head's descriptor: placed and timed as the program's own head is."""
        own = self._program.descriptors[slot.descriptor]
        bits = host_interface().descriptor
        names = ("OPCODE", "LAST", "WAIT", "ROW_START", "OUTPUT")
        placed = {name: bits[name].get(int(own[bits[name].word])) for name in names}
        fields = {**layer.fields, **placed, "WEIGHT_ROW": weight_row, "PARAM_ROW": param_row}
        return np.array([descriptor_words(fields, self._program.parameters)], np.uint32)
