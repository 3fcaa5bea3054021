"""The overlay as an accelerator: the same driver over a simulation, a Zynq or a serial cable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.accelerator.base import Accelerator, Inference
from edge_runtime.accelerator.bus.base import Bus
from edge_runtime.accelerator.head_bank import HeadBank
from edge_runtime.accelerator.memories import Memories
from edge_runtime.accelerator.registers import Registers, identify
from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.compiler.program import LayerPlace, Part, Placement, Program
from edge_runtime.errors import AcceleratorError, DeadlineError, FitError, MismatchError
from edge_runtime.model.head import QuantizedHead, apply_head, find_head
from edge_runtime.model.interpreter import Interpreter

__all__ = ["DEFAULT_DEADLINE_S", "OverlayAccelerator"]

DEFAULT_DEADLINE_S = 10.0


class OverlayAccelerator(Accelerator):
    """Drives an overlay over a bus.

    Parameters
    ----------
    bus
        Taken over: closed with the accelerator.
    deadline_s
        How long a run may take, in seconds.

    Raises
    ------
    AcceleratorError
        If what answers on the bus is no overlay of this release.
    """

    def __init__(self, bus: Bus, *, deadline_s: float = DEFAULT_DEADLINE_S) -> None:
        self._bus = bus
        self._deadline_s = deadline_s
        self._registers = Registers(bus)
        self.parameters = identify(self._registers)
        self._memories = Memories(bus, self.parameters)
        self._program: Program | None = None
        self._registers.write_fields("CONTROL", RESET=1)
        self._registers.write_fields("IRQ_ENABLE", DONE=1)

    def load(self, program: Program) -> None:  # noqa: D102 - as the base says
        if program.parameters != self.parameters:
            raise FitError(
                f"{program.name} was compiled for overlay {program.parameters.hash} and this one is "
                f"{self.parameters.hash}; compile it for this board"
            )
        self._program = None
        self._memories.write_weights(0, program.weight_rows)
        self._memories.write_channels(0, program.channels)
        self._memories.write_vector_weights(0, program.vec_weight_rows)
        self._memories.write_channels(0, program.vec_channels, window="VECTOR_PARAMETERS")
        self._memories.write_tables(program.tables)
        self._memories.write_descriptors(0, program.descriptors)
        self._head = HeadBank(program, self._memories, self._registers)
        self._interpreter = Interpreter(program.graph, program.rounding)
        site = find_head(program.graph)
        self._embedding = site.embedding if site else None
        self._program = program

    def infer(self, inputs: Sequence[npt.NDArray[Any]]) -> Inference:  # noqa: D102 - as the base says
        graph = self._loaded().graph
        values, cycles = self._run_parts(inputs)
        return Inference(
            outputs=tuple(values[index] for index in graph.outputs),
            embedding=None if self._embedding is None else values[self._embedding].reshape(-1),
            cycles=cycles,
        )

    def outputs_by_layer(self, inputs: Sequence[npt.NDArray[Any]]) -> Iterator[tuple[LayerPlace, npt.NDArray[Any]]]:
        """Run the network again and again, to the end of one layer after the other, and yield what each wrote.

        Layers that hand their output to the other unit are passed over. The CPU's parts are computed from what the
        overlay gave.
        """
        values = self._interpreter.bind(inputs)
        for part in self._loaded().parts:
            if not part.on_overlay:
                self._interpreter.evaluate(values, part.operators)
                continue
            for layer in part.layers:
                if layer.output is not None:
                    yield layer, self._run_until(part, layer, layer.output, values)
            self._run_part(part, values)

    def _run_until(
        self, part: Part, layer: LayerPlace, output: Placement, values: dict[int, npt.NDArray[Any]]
    ) -> npt.NDArray[Any]:
        """Run a part to the end of a layer and return what that layer wrote."""
        bit = host_interface().descriptor["LAST"]
        own = self._memories.read_descriptors(layer.descriptor, 1)
        ended = own.copy()
        ended[0, bit.word] |= bit.put(1)
        self._memories.write_descriptors(layer.descriptor, ended)
        try:
            for place in part.inputs:
                self._memories.write_activations(place, values[place.tensor])
            self._registers.write("ENTRY", part.entry)
            self._run()
            return self._read(output)
        finally:
            self._memories.write_descriptors(layer.descriptor, own)

    def load_head(  # noqa: D102 - as the base says
        self, head: QuantizedHead, *, probes: npt.NDArray[np.int8] | None = None
    ) -> None:
        program = self._loaded()
        graph = apply_head(program.graph, head)
        interpreter = Interpreter(graph, program.rounding)
        self._head.switch(graph, None if probes is None else lambda: self._try_head(interpreter, probes))
        self._interpreter = interpreter

    def _try_head(self, interpreter: Interpreter, probes: npt.NDArray[np.int8]) -> None:
        """Hold the head that has just been written against the reference, embedding by embedding."""
        site = find_head(interpreter.graph)
        assert site is not None  # noqa: S101 - it has just been replaced
        shape = interpreter.graph.tensors[site.embedding].shape
        for number, embedding in enumerate(probes):
            values: dict[int, npt.NDArray[Any]] = {site.embedding: embedding.reshape(shape)}
            interpreter.evaluate(values, [site.operator])
            expected = values[site.logits].ravel()
            got = self._head.run(embedding, self._run)
            if not np.array_equal(got, expected):
                raise MismatchError(
                    f"the new head gives {got.tolist()} for kept embedding {number}, the reference "
                    f"{expected.tolist()}; the old head stays in use"
                )

    def layer_ends(self) -> dict[int, int]:
        """Return, by descriptor, the cycle of each layer's last output in the last run, counted from START."""
        layers = [layer for part in self._loaded().parts for layer in part.layers]
        return {layer.descriptor: int(self._memories.read_stamps(layer.descriptor, 1)[0]) for layer in layers}

    def layer_cycles(self) -> dict[int, int]:
        """Return, for each of the model's operators that the overlay ran, the cycles that the RTL counted last.

        An operator counts from the end of the outputs before its own, and the first one of a run from START, to the
        end of its own; so one that runs beside the operator after it may count few.
        """
        counted: dict[int, int] = {}
        ends = self.layer_ends()
        for part in self._loaded().parts:
            previous = 0
            for layer in part.layers:
                end = max(ends[layer.descriptor], previous)
                counted[layer.operator] = counted.get(layer.operator, 0) + end - previous
                previous = end
        return counted

    def close(self) -> None:  # noqa: D102 - as the base says
        self._program = None
        self._bus.close()

    def _loaded(self) -> Program:
        if self._program is None:
            raise AcceleratorError("no program is loaded; call load() first")
        return self._program

    def _run_parts(self, inputs: Sequence[npt.NDArray[Any]]) -> tuple[dict[int, npt.NDArray[Any]], int]:
        """Run the network; return its tensors and the counted cycles."""
        program = self._loaded()
        values = self._interpreter.bind(inputs)
        cycles = 0
        for part in program.parts:
            if part.on_overlay:
                cycles += self._run_part(part, values)
            else:
                self._interpreter.evaluate(values, part.operators)
        return values, cycles

    def _run_part(self, part: Part, values: dict[int, npt.NDArray[Any]]) -> int:
        """Run one part, from its inputs in `values` to its outputs there; return the counted cycles."""
        for place in part.inputs:
            self._memories.write_activations(place, values[place.tensor])
        self._registers.write("ENTRY", part.entry)
        self._run()
        for place in part.outputs:
            values[place.tensor] = self._read(place)
        return self._registers.read("CYCLES")

    def _read(self, place: Placement) -> npt.NDArray[Any]:
        tensor = self._interpreter.graph.tensors[place.tensor]
        return self._memories.read_activations(place, tensor.dtype).reshape(tensor.shape)

    def _run(self) -> None:
        """Ring the doorbell and wait for the end of the run."""
        self._registers.write_fields("CONTROL", START=1)
        if not self._bus.wait_interrupt(self._deadline_s):
            self._registers.write_fields("CONTROL", RESET=1)
            raise DeadlineError(f"the engine did not finish within {self._deadline_s:g} s; it was reset")
        self._registers.write_fields("IRQ_STATUS", DONE=1)
        if self._registers.read_fields("STATUS")["ERROR"]:
            descriptor = self._registers.read("ERROR_DESCRIPTOR")
            raise AcceleratorError(f"the engine stopped at descriptor {descriptor}: its operation is unknown")
