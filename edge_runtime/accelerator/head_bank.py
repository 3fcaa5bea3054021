"""The double-banked last layer: a new head is written beside the one in use, read back, and then switched to."""

from __future__ import annotations

from collections.abc import Callable, Iterator

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
from edge_runtime.errors import AcceleratorError, BusError, FitError
from edge_runtime.model.graph import Graph
from edge_runtime.model.head import QuantizedHead, apply_head, find_head

__all__ = ["HeadBank"]

CHANNEL_WORDS = 4
USED_WORDS = 3
"""A channel's parameters are bias, multiplier and shifts; its fourth word is always 0."""

Words = npt.NDArray[np.uint32]
Piece = tuple[str, int, Words]
"""What it is, the address of its first word, and its words."""


class HeadBank:
    """The two banks of a loaded program's head; bank 0 is in use at first.

    Only the words that a head of this size fills are written and read back: the others are zero in either bank, and
    stay so.
    """

    def __init__(self, program: Program, memories: Memories, registers: Registers) -> None:
        self._program = program
        self._memories = memories
        self._registers = registers
        self._bank = 0
        self._used: list[npt.NDArray[np.bool_]] | None = None
        self.select()

    def select(self) -> None:
        """Say which bank the next run takes, after other programs have run."""
        self._use(self._bank)

    def switch(self, graph: Graph, try_it: Callable[[], None] | None = None) -> None:
        """Make the head of `graph`, the program's network with another head, the one that the next run takes.

        Parameters
        ----------
        graph
            The network with its new head.
        try_it
            Called when the new head is in place, to run it; if it raises, the old head is back in use.

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
        self._write(list(self._pieces(slot, idle, layer)))
        self._use(idle)
        if try_it is not None:
            try:
                try_it()
            except AcceleratorError:
                self._use(1 - idle)
                raise

    def run(self, embedding: npt.NDArray[np.int8], run: Callable[[], None]) -> npt.NDArray[np.int8]:
        """Run the head in use alone.

        Parameters
        ----------
        embedding
            int8[features].
        run
            Starts the engine and waits for its end.

        Returns
        -------
        int8[classes], the logits.
        """
        slot = self._slot()
        target = next(
            layer.output
            for part in self._program.parts
            for layer in part.layers
            if layer.descriptor == slot.descriptor and layer.output is not None
        )
        self._memories.write_activations(slot.source, embedding)
        self._registers.write("ENTRY", slot.descriptor)
        run()
        return self._memories.read_activations(target)

    def _use(self, bank: int) -> None:
        self._registers.write_fields("HEAD_BANK", BANK=bank)
        self._bank = bank

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

    def _write(self, pieces: list[Piece]) -> None:
        """Write a head's pieces, and read them back."""
        if self._used is None:
            self._used = self._used_words()
        for (_, offset, words), used in zip(pieces, self._used, strict=True):
            self._memories.write_words(offset, words, used)
        for (what, offset, words), used in zip(pieces, self._used, strict=True):
            if not np.array_equal(self._memories.read_words(offset, used), words):
                raise BusError(f"the new head's {what} were not read back as written; the old head stays in use")

    def _used_words(self) -> list[npt.NDArray[np.bool_]]:
        """Return which words of each piece a head of this size fills: those that are not 0 where no number of it is."""
        site = find_head(self._program.graph)
        assert site is not None  # noqa: S101 - the program has a slot for it
        ones = np.ones((site.classes, site.features), np.int8)
        full = apply_head(self._program.graph, QuantizedHead(ones, np.ones(site.classes, np.int32), 1.0, 1.0, 1))
        slot = self._slot()
        pieces = self._pieces(slot, 1, self._lower(slot, full))
        return [_filled(what, words) for what, _, words in pieces]

    def _pieces(self, slot: HeadSlot, bank: int, layer: EngineLayer) -> Iterator[Piece]:
        """Yield what a bank holds of a head: its weight rows, its channels' parameters, its descriptor."""
        memories = self._memories
        weight_row, param_row = slot.weight_rows[bank], slot.param_rows[bank]
        for index, row in enumerate(layer.weights):
            yield "weights", memories.weight_row(weight_row + index), row.view(np.uint32)
        channel = param_row * self._program.parameters.requant_lanes
        yield "parameters", memories.channel(channel), layer.channels.ravel()
        descriptor = self._descriptor(slot, layer, weight_row, param_row)
        yield "descriptor", memories.descriptor(slot.descriptor + bank), descriptor

    def _descriptor(self, slot: HeadSlot, layer: EngineLayer, weight_row: int, param_row: int) -> Words:
        """Return the new head's descriptor: placed and timed as the program's own head is."""
        own = self._program.descriptors[slot.descriptor - self._program.origin.descriptors]
        bits = host_interface().descriptor
        names = ("OPCODE", "LAST", "WAIT", "ROW_START", "OUTPUT")
        placed = {name: bits[name].get(int(own[bits[name].word])) for name in names}
        fields = {**layer.fields, **placed, "WEIGHT_ROW": weight_row, "PARAM_ROW": param_row}
        return np.array(descriptor_words(fields, self._program.parameters), np.uint32)


def _filled(what: str, words: Words) -> npt.NDArray[np.bool_]:
    """Return which words of a piece any head of this size may fill, given those of one without a zero."""
    if what == "descriptor":
        return np.ones(len(words), np.bool_)
    if what == "parameters":
        # Whole channels: a shift of 0, which a scale may give, is no reason to leave its word out.
        used = np.zeros((len(words) // CHANNEL_WORDS, CHANNEL_WORDS), np.bool_)
        used[words.reshape(used.shape).any(axis=1), :USED_WORDS] = True
        return used.ravel()
    return np.asarray(words != 0)
