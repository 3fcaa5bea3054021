"""Holds an overlay and the reference interpreter against TFLite's own reference kernels, bit by bit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.accelerator.bus.base import Bus
from edge_runtime.accelerator.golden_faults import golden_faults
from edge_runtime.accelerator.overlay import OverlayAccelerator
from edge_runtime.accelerator.samples import sample_inputs
from edge_runtime.accelerator.tflite import tflite
from edge_runtime.compiler.assemble import compile_model
from edge_runtime.compiler.program import Program
from edge_runtime.compiler.report import overlay_mac_share
from edge_runtime.model.interpreter import Interpreter

__all__ = ["FirstMismatch", "VerifyResult", "verify_model"]

# Inputs that are run once more, one behind the other.
_MOST_STREAMED = 8

_Arrays = Sequence[npt.NDArray[Any]]


@dataclass(frozen=True)
class FirstMismatch:
    """The first element, in order of execution, at which the overlay leaves the reference.

    `tile` is the tile of output channels, `element` the index into the flat output tensor.
    """

    sample: int
    operator: int
    op: str
    tile: int
    element: int
    got: int
    expected: int


@dataclass(frozen=True)
class VerifyResult:
    """What a verification found.

    Parameters
    ----------
    golden
        The TFLite whose reference kernels are the measure.
    parameters
        Hash of the overlay's parameters.
    samples, elements
        How many inputs were run, and how many output elements compared, for reference and overlay each.
    mismatches
        Elements in which the overlay or the reference interpreter differed from the golden outputs.
    cycles
        Of one inference, as the RTL counted them; the largest, should they differ.
    predicted_cycles
        By the cycle model.
    overlay_mac_share
        Share of the network's MACs that ran on the overlay.
    job_cycles
        Of one inference from the doorbell to its last output in the processor's memory, transfers included; the
        largest. 0 without a burst master.
    stream_cycles
        The same from one end to the next while the next input is fetched beside the computation; the mean. 0 without
        a burst master, and for networks with several parts on the overlay.
    first
        Where the overlay went wrong, if it did.
    golden_faults
        What the golden reference itself is known to compute wrongly in this network: differences there are its own.
    """

    golden: str
    parameters: str
    samples: int
    elements: int
    mismatches: int
    cycles: int
    predicted_cycles: int
    overlay_mac_share: float
    job_cycles: int = 0
    stream_cycles: int = 0
    first: FirstMismatch | None = None
    golden_faults: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether every bit and the cycle count are as they should be."""
        return self.mismatches == 0 and self.cycles == self.predicted_cycles


def verify_model(
    model: bytes, bus: Bus, *, name: str, samples: int, seed: int, allow_cpu: bool = False
) -> VerifyResult:
    """Run inputs through TFLite, the reference interpreter and the overlay on `bus`, and compare.

    Parameters
    ----------
    model
        A TFLite file's content.
    bus
        Leads to an overlay; closed at the end.
    name
        For messages.
    samples, seed
        How many inputs (see `sample_inputs`).
    allow_cpu
        Let the CPU run what does not fit the overlay.

    Raises
    ------
    ModelError, FitError
        If the model cannot be compiled for that overlay.
    ToolError
        If this Python has no TFLite.
    """
    golden = tflite()
    with OverlayAccelerator(bus) as overlay:
        program = compile_model(model, overlay.parameters, name=name, rounding=golden.rounding, allow_cpu=allow_cpu)
        overlay.load(program)
        tally = _Tally(overlay, program, golden.interpreter_of_checked(model))
        for inputs in sample_inputs(program.graph, samples, seed):
            tally.compare(inputs)
        tally.compare_stream(sample_inputs(program.graph, min(samples, _MOST_STREAMED), seed))
    return VerifyResult(
        golden=golden.name,
        parameters=program.parameters.hash,
        samples=tally.samples,
        elements=tally.elements,
        mismatches=tally.mismatches,
        cycles=tally.cycles,
        predicted_cycles=program.cycles,
        overlay_mac_share=overlay_mac_share(program),
        job_cycles=tally.job_cycles,
        stream_cycles=tally.stream_cycles,
        first=tally.first,
        golden_faults=golden_faults(program.graph, golden.name),
    )


class _Tally:
    """Compares inference by inference and keeps count."""

    def __init__(self, overlay: OverlayAccelerator, program: Program, golden: Any) -> None:
        self._overlay = overlay
        self._program = program
        self._golden = golden
        self._reference = Interpreter(program.graph, program.rounding)
        self.samples = self.elements = self.mismatches = self.cycles = 0
        self.job_cycles = self.stream_cycles = 0
        self.first: FirstMismatch | None = None

    def compare(self, inputs: _Arrays) -> None:
        expected = _golden_outputs(self._golden, self._program, inputs)
        inference = self._overlay.infer(inputs)
        wrong = _differences(inference.outputs, expected)
        self.mismatches += wrong + _differences(self._reference.run(inputs), expected)
        self.elements += sum(array.size for array in expected)
        self.cycles = max(self.cycles, inference.cycles)
        self.job_cycles = max(self.job_cycles, inference.job_cycles)
        if wrong and self.first is None:
            self.first = _locate(self._overlay, self._program, inputs, self.samples)
        self.samples += 1

    def compare_stream(self, inputs: Iterable[_Arrays]) -> None:
        """Compare inferences that follow each other without a pause, where a burst master makes a difference."""
        if not self.job_cycles:
            return
        given = list(inputs)
        periods = []
        for arrays, inference in zip(given, self._overlay.infer_stream(given), strict=True):
            self.mismatches += _differences(inference.outputs, _golden_outputs(self._golden, self._program, arrays))
            periods.append(inference.period_cycles)
        steady = periods[1:]  # the first one has nobody before it
        if steady and self._overlay.streams:
            self.stream_cycles = round(sum(steady) / len(steady))


def _golden_outputs(truth: Any, program: Program, inputs: _Arrays) -> list[npt.NDArray[Any]]:
    for detail, array in zip(truth.get_input_details(), inputs, strict=True):
        truth.set_tensor(detail["index"], array)
    truth.invoke()
    return [truth.get_tensor(index) for index in program.graph.outputs]


def _differences(got: _Arrays, expected: _Arrays) -> int:
    return sum(int(np.count_nonzero(one != other)) for one, other in zip(got, expected, strict=True))


def _locate(overlay: OverlayAccelerator, program: Program, inputs: _Arrays, sample: int) -> FirstMismatch | None:
    """Run layer by layer, and compare each operator's output with the reference's."""
    expected = Interpreter(program.graph, program.rounding).run_all(inputs)
    last = {layer.operator: layer.descriptor for part in program.parts for layer in part.layers}
    for layer, got in overlay.outputs_by_layer(inputs):
        assert layer.output is not None  # noqa: S101 - only such layers are yielded
        if layer.descriptor != last[layer.operator]:
            continue
        tensor = layer.output.tensor
        wrong = np.flatnonzero(got.reshape(-1) != expected[tensor].reshape(-1))
        if wrong.size:
            element = int(wrong[0])
            channels = (1, *program.graph.tensors[tensor].shape)[-1]
            lanes = program.parameters.oc_lanes if layer.unit == "array" else program.parameters.vec_lanes
            writer = next(operator for operator in program.graph.operators if tensor in operator.outputs)
            return FirstMismatch(
                sample=sample,
                operator=writer.index,
                op=writer.kind.value,
                tile=element % channels // lanes,
                element=element,
                got=int(got.reshape(-1)[element]),
                expected=int(expected[tensor].reshape(-1)[element]),
            )
    return None
