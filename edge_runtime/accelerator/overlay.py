"""The overlay as an accelerator: the same driver over a simulation, a Zynq or a serial cable.

A driver has one network. Several on one overlay, whose programs lie side by side in its memories, run one at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.accelerator.base import Accelerator, Inference
from edge_runtime.accelerator.bus.base import Bus
from edge_runtime.accelerator.head_bank import HeadBank
from edge_runtime.accelerator.jobs import PENDING_JOBS, JobResult, Jobs
from edge_runtime.accelerator.overlay_hardware import OverlayHardware
from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.compiler.parameters import OverlayParameters
from edge_runtime.compiler.program import LayerPlace, Part, Placement, Program
from edge_runtime.errors import AcceleratorError, DeadlineError, FitError, MismatchError
from edge_runtime.model.head import QuantizedHead, apply_head, find_head
from edge_runtime.model.interpreter import Interpreter

__all__ = ["DEFAULT_DEADLINE_S", "OverlayAccelerator", "OverlayDriver"]

DEFAULT_DEADLINE_S = 10.0


class OverlayDriver(Accelerator):
    """Drives an overlay, for one network.

    Where the overlay has a burst master and the bus has memory that it reaches, inputs and outputs move as jobs
    (`edge_runtime.accelerator.jobs`), and through the activations' window elsewhere.

    Parameters
    ----------
    hardware
        The overlay; it may have other drivers too, whose programs lie elsewhere.
    deadline_s
        How long a run may take, in seconds.
    """

    def __init__(self, hardware: OverlayHardware, *, deadline_s: float = DEFAULT_DEADLINE_S) -> None:
        self.deadline_s = deadline_s
        self._hardware = hardware
        self._registers, self._memories = hardware.registers, hardware.memories
        self._by_jobs = hardware.by_jobs
        self._program: Program | None = None
        self._jobs: dict[int, Jobs] = {}

    @property
    def parameters(self) -> OverlayParameters:
        """The overlay's."""
        return self._hardware.parameters

    def load(self, program: Program) -> None:  # noqa: D102 - as the base says
        if program.parameters != self.parameters:
            raise FitError(
                f"{program.name} was compiled for overlay {program.parameters.hash} and this one is "
                f"{self.parameters.hash}; compile it for this board"
            )
        self._program = None
        self._close_jobs()
        self._memories.write_program(program)
        self._head = HeadBank(program, self._memories, self._registers)
        self._hardware.last_used_by = self
        self._interpreter = Interpreter(program.graph, program.rounding)
        site = find_head(program.graph)
        self._embedding = site.embedding if site else None
        if self._by_jobs:
            self._jobs = {part.entry: self._jobs_of(part, program) for part in program.parts if part.on_overlay}
        self._program = program

    def infer(self, inputs: Sequence[npt.NDArray[Any]]) -> Inference:  # noqa: D102 - as the base says
        program = self._ready()
        values = self._interpreter.bind(inputs)
        results = [self._run_part(part, values) for part in program.parts]
        return self._inference(values, [result for result in results if result is not None])

    def infer_stream(self, inputs: Iterable[Sequence[npt.NDArray[Any]]]) -> Iterator[Inference]:  # noqa: D102
        self._ready()
        jobs = self._streamed()
        if jobs is None:
            yield from super().infer_stream(inputs)
            return
        pending: deque[dict[int, npt.NDArray[Any]]] = deque()
        try:
            for arrays in inputs:
                values = self._interpreter.bind(arrays)
                self._run_on_cpu(values, before=True)
                if len(pending) == PENDING_JOBS:
                    yield self._collect(jobs, pending)
                jobs.submit(values)
                pending.append(values)
            while pending:
                yield self._collect(jobs, pending)
        finally:
            if jobs.pending:
                jobs.forget()

    def _collect(self, jobs: Jobs, pending: deque[dict[int, npt.NDArray[Any]]]) -> Inference:
        """Wait for the first job that is pending, and finish its inference."""
        values, result = pending.popleft(), jobs.collect(self.deadline_s)
        self._take(result, values)
        self._run_on_cpu(values, before=False)
        return self._inference(values, [result])

    @property
    def streams(self) -> bool:
        """Whether `infer_stream` fetches the next input beside the present computation."""
        return self._streamed() is not None

    def _streamed(self) -> Jobs | None:
        """Return the jobs of the program's only overlay part; None if it has several, or no jobs."""
        self._loaded()
        return next(iter(self._jobs.values())) if len(self._jobs) == 1 else None

    def _run_on_cpu(self, values: dict[int, npt.NDArray[Any]], *, before: bool) -> None:
        """Run the CPU's parts before, or behind, the only overlay part."""
        parts = self._loaded().parts
        middle = [part.on_overlay for part in parts].index(True)
        for part in parts[:middle] if before else parts[middle + 1 :]:
            self._interpreter.evaluate(values, part.operators)

    def _inference(self, values: dict[int, npt.NDArray[Any]], results: Sequence[JobResult]) -> Inference:
        return Inference(
            outputs=tuple(values[index] for index in self._loaded().graph.outputs),
            embedding=None if self._embedding is None else values[self._embedding].reshape(-1),
            cycles=sum(result.run_cycles for result in results),
            job_cycles=sum(result.job_cycles for result in results),
            period_cycles=sum(result.period_cycles for result in results),
        )

    def outputs_by_layer(self, inputs: Sequence[npt.NDArray[Any]]) -> Iterator[tuple[LayerPlace, npt.NDArray[Any]]]:
        """Run the network again and again, to the end of one layer after the other, and yield what each wrote.

        Two layers that run side by side count as one, the second one. The CPU's parts are computed from what the
        overlay gave.
        """
        program = self._ready()
        self._check_no_stream()
        values = self._interpreter.bind(inputs)
        for part in program.parts:
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
        program = self._ready()
        self._check_no_stream()
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
        end of its own; so one that runs beside the operator before or after it may count few.
        """
        counted: dict[int, int] = {}
        ends = self.layer_ends()
        for part in self._loaded().parts:
            previous = 0
            for layer in sorted(part.layers, key=lambda layer: ends[layer.descriptor]):
                end = max(ends[layer.descriptor], previous)
                counted[layer.operator] = counted.get(layer.operator, 0) + end - previous
                previous = end
        return counted

    def close(self) -> None:  # noqa: D102 - as the base says
        self._program = None
        self._close_jobs()

    def _jobs_of(self, part: Part, program: Program) -> Jobs:
        dtypes = {place.tensor: program.graph.tensors[place.tensor].dtype for place in part.outputs}
        return Jobs(self._hardware.bus, self._registers, part, dtypes)

    def _close_jobs(self) -> None:
        for jobs in self._jobs.values():
            jobs.close()
        self._jobs = {}

    def _loaded(self) -> Program:
        if self._program is None:
            raise AcceleratorError("no program is loaded; call load() first")
        return self._program

    def _ready(self) -> Program:
        """Return the program, with its own head in use, whatever has run since."""
        program = self._loaded()
        if self._hardware.last_used_by is not self:
            self._head.select()
            self._hardware.last_used_by = self
        return program

    def _run_part(self, part: Part, values: dict[int, npt.NDArray[Any]]) -> JobResult | None:
        """Run one part, from its inputs in `values` to its outputs there; return what the overlay counted."""
        if not part.on_overlay:
            self._interpreter.evaluate(values, part.operators)
            return None
        result = self._run_job(part, values) if self._by_jobs else self._run_windows(part, values)
        self._take(result, values)
        return result

    def _run_job(self, part: Part, values: dict[int, npt.NDArray[Any]]) -> JobResult:
        self._check_no_stream()
        jobs = self._jobs[part.entry]
        jobs.submit(values)
        return jobs.collect(self.deadline_s)

    def _check_no_stream(self) -> None:
        if any(jobs.pending for jobs in self._jobs.values()):
            raise AcceleratorError("a stream of inferences is under way; take all of its results first, or close it")

    def _run_windows(self, part: Part, values: dict[int, npt.NDArray[Any]]) -> JobResult:
        for place in part.inputs:
            self._memories.write_activations(place, values[place.tensor])
        self._registers.write("ENTRY", part.entry)
        self._run()
        tensors = {place.tensor: self._read(place) for place in part.outputs}
        return JobResult(tensors, self._registers.read("CYCLES"), 0, 0)

    def _take(self, result: JobResult, values: dict[int, npt.NDArray[Any]]) -> None:
        for index, array in result.tensors.items():
            values[index] = array.reshape(self._interpreter.graph.tensors[index].shape)

    def _read(self, place: Placement) -> npt.NDArray[Any]:
        tensor = self._interpreter.graph.tensors[place.tensor]
        return self._memories.read_activations(place, tensor.dtype).reshape(tensor.shape)

    def _run(self) -> None:
        """Begin a run without a job, and wait for its end."""
        if not self._by_jobs:
            self._ring_and_wait()
            return
        self._registers.write_fields("IRQ_STATUS", DONE=1)  # jobs' runs have set it
        self._registers.write_fields("IRQ_ENABLE", DONE=1)
        try:
            self._ring_and_wait()
        finally:
            self._registers.write_fields("IRQ_ENABLE", DONE=0)

    def _ring_and_wait(self) -> None:
        self._registers.write_fields("CONTROL", START=1)
        if not self._hardware.bus.wait_interrupt(self.deadline_s):
            self._registers.write_fields("CONTROL", RESET=1)
            raise DeadlineError(f"the engine did not finish within {self.deadline_s:g} s; it was reset")
        self._registers.write_fields("IRQ_STATUS", DONE=1)
        if self._registers.read_fields("STATUS")["ERROR"]:
            descriptor = self._registers.read("ERROR_DESCRIPTOR")
            raise AcceleratorError(f"the engine stopped at descriptor {descriptor}: its operation is unknown")


class OverlayAccelerator(OverlayDriver):
    """An overlay over a bus, opened with its first driver.

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
        super().__init__(OverlayHardware(bus), deadline_s=deadline_s)

    def neighbour(self) -> OverlayDriver:
        """Return a driver for another network on the same overlay.

        Its program must have been moved (`edge_runtime.compiler.link`) to where no other one's is. It is closed before
        this accelerator, and never called at the same time as another driver.
        """
        return OverlayDriver(self._hardware)

    def close(self) -> None:  # noqa: D102 - as the base says
        super().close()
        self._hardware.bus.close()
