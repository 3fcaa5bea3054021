"""What the compiler has to say: who runs what, the cycles, the memory in use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from edge_runtime.compiler.capabilities import VIEWS
from edge_runtime.compiler.host_interface import host_interface
from edge_runtime.compiler.job_cycles import MEMORY_LATENCY, job_cycles, stream_cycles
from edge_runtime.compiler.placement import Decision
from edge_runtime.compiler.program import Program
from edge_runtime.compiler.roofline import RooflinePoint, roofline
from edge_runtime.compiler.transfers import part_regions
from edge_runtime.model.geometry import operator_macs

__all__ = [
    "CompileReport",
    "MapRow",
    "OperatorRow",
    "SerialTimes",
    "Transfers",
    "Use",
    "describe",
    "overlay_mac_share",
    "transfer_lines",
]

#: A memory that is fuller than this is worth a warning.
_NEARLY_FULL = 0.95


@dataclass(frozen=True)
class OperatorRow:
    """One line of the operator table; `cycles` counts from the layer's first step to the next layer's."""

    index: int
    op: str
    placement: str
    reason: str
    macs: int
    cycles: int


@dataclass(frozen=True)
class Use:
    """How much of a memory is used."""

    used: int
    available: int


@dataclass(frozen=True)
class MapRow:
    """A tensor's bytes in the activation memory, from layer `first` to layer `last` of a part."""

    part: int
    tensor: int
    name: str
    address: int
    size: int
    first: int
    last: int


@dataclass(frozen=True)
class Transfers:
    """What an inference moves between the processor's memory and the overlay, by its burst master.

    Parameters
    ----------
    bytes_in, bytes_out
        Whole beats of 8 bytes.
    memory_latency_cycles
        What the two figures below take memory to be: steady, and so long to answer a burst.
    job_cycles
        From the doorbell to the last output in memory, summed over the overlay's parts.
    stream_cycles
        The same from one inference to the next while inputs are fetched beside the computation; None where the
        overlay has several parts, which are not streamed.
    """

    bytes_in: int
    bytes_out: int
    memory_latency_cycles: int
    job_cycles: int
    stream_cycles: int | None


@dataclass(frozen=True)
class SerialTimes:
    """How long things take on a serial cable at `baud` bits per second that loses nothing, in seconds.

    `load_s` brings the network there, `inference_s` an inference's inputs, outputs and registers.
    """

    baud: int
    load_s: float
    inference_s: float


@dataclass(frozen=True)
class CompileReport:
    """Everything that `compile` reports.

    Parameters
    ----------
    model, board
        Names. supported Whether the model compiled: a report exists only of those that did. ops The operator table.
        macs, cycles Of one inference; `cycles` is exact, and of the overlay alone. clock_hz, latency_us The board's
        clock, and `cycles` at that clock. memory Use of each of the overlay's memories, by the parameter that sizes
        it. parameters Hash of the overlay's parameters. rounding How fully-connected layers round, after the golden
        reference: double as tflite-runtime 2.14, or single as LiteRT 2. utilisation MACs by the cycles in which the
        array could have done them, 0 to 1. roofline What operators reach of what is possible. memory_map What lies
        where in the activation memory, and when. warnings What is worth knowing. transfers Through the burst
        master, where there is one. serial On a serial cable, where that leads to the board.
    """

    model: str
    board: str
    supported: bool
    ops: tuple[OperatorRow, ...]
    macs: int
    cycles: int
    clock_hz: int
    latency_us: float
    memory: dict[str, Use]
    parameters: str
    rounding: str
    utilisation: float
    roofline: tuple[RooflinePoint, ...]
    memory_map: tuple[MapRow, ...]
    warnings: tuple[str, ...]
    transfers: Transfers | None = None
    serial: SerialTimes | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain types."""
        return asdict(self)


def describe(program: Program, *, board: str, clock_hz: int) -> CompileReport:
    """Describe a compiled program for a board with this clock."""
    rows = _rows(program)
    macs = sum(row.macs for row in rows)
    on_overlay = sum(row.macs for row in rows if row.placement == "overlay")
    return CompileReport(
        model=program.name,
        board=board,
        supported=True,
        ops=rows,
        macs=macs,
        cycles=program.cycles,
        clock_hz=clock_hz,
        latency_us=round(program.cycles / clock_hz * 1e6, 3),
        memory=_memory(program),
        parameters=program.parameters.hash,
        rounding=program.rounding.value,
        utilisation=round(on_overlay / max(1, program.cycles) / program.parameters.macs_per_cycle, 4),
        roofline=roofline(program),
        memory_map=_memory_map(program),
        warnings=tuple(_warnings(program, rows)),
        transfers=_transfers(program),
    )


def _transfers(program: Program) -> Transfers | None:
    parts = [part for part in program.parts if part.on_overlay]
    if not program.parameters.axi_master or not parts:
        return None
    regions = [part_regions(part)[0] for part in parts]
    return Transfers(
        bytes_in=sum(names["INPUT"].length for names in regions),
        bytes_out=sum(names["OUTPUT"].length + names["EXTRA"].length for names in regions),
        memory_latency_cycles=MEMORY_LATENCY,
        job_cycles=sum(job_cycles(part) for part in parts),
        stream_cycles=stream_cycles(parts[0]) if len(parts) == 1 else None,
    )


def transfer_lines(report: CompileReport) -> Iterator[str]:
    """Yield what there is to say about moving inputs, outputs and the network, a sentence each."""
    moved = report.transfers
    if moved is not None:
        stream = "" if moved.stream_cycles is None else f", {moved.stream_cycles:,} each in a stream"
        yield (
            f"An inference moves {moved.bytes_in:,} bytes from memory and {moved.bytes_out:,} to it: "
            f"{moved.job_cycles:,} cycles from doorbell to outputs in memory{stream}, with memory that answers in "
            f"{moved.memory_latency_cycles} cycles."
        )
    line = report.serial
    if line is not None:
        yield (
            f"Over the serial cable, at {line.baud:,} baud, loading it takes {line.load_s:.2g} s, and an inference's "
            f"inputs and outputs {line.inference_s:.2g} s."
        )


def _memory_map(program: Program) -> tuple[MapRow, ...]:
    return tuple(
        MapRow(number, use.tensor, _tensor_name(program, use.tensor), use.address, use.size, use.first, use.last)
        for number, part in enumerate(program.parts)
        for use in sorted(part.buffers, key=lambda use: (use.address, use.first))
    )


def _tensor_name(program: Program, tensor: int) -> str:
    """Return a tensor's name; numbers behind the graph's are tensors of the compiler's own."""
    tensors = program.graph.tensors
    if tensor < len(tensors):
        return tensors[tensor].name
    operator = (tensor - len(tensors)) % len(program.graph.operators)
    return f"what the compiler copies or works on for operator {operator}"


def _warnings(program: Program, rows: tuple[OperatorRow, ...]) -> Iterator[str]:
    total = sum(row.macs for row in rows)
    for row in rows:
        if row.placement == "cpu" and row.macs:
            share = f"{100 * row.macs / total:.1f} % of the MACs"
            yield f"operator {row.index} ({row.op}), {share}, runs on the CPU: {row.reason}"
    for memory, use in _memory(program).items():
        if use.used > _NEARLY_FULL * use.available:
            yield f"{memory.replace('_', ' ')}: {use.used:,} of {use.available:,} are used"
    split = _split_operators(program)
    if split:
        names = ", ".join(map(str, split))
        yield f"weights of operators {names} cannot be packed two by two: these take twice the cycles"


def _split_operators(program: Program) -> list[int]:
    bits = host_interface().descriptor["PASSES"]
    return [
        layer.operator
        for part in program.parts
        for layer in part.layers
        if layer.unit == "array" and bits.get(int(program.descriptors[layer.descriptor, bits.word])) > 1
    ]


def overlay_mac_share(program: Program) -> float:
    """Return the share of the network's MACs that the overlay computes, 0 to 1 (1 where there are none)."""
    rows = _rows(program)
    total = sum(row.macs for row in rows)
    return sum(row.macs for row in rows if row.placement == "overlay") / total if total else 1.0


def _rows(program: Program) -> tuple[OperatorRow, ...]:
    graph = program.graph
    cycles: dict[int, int] = {}
    units: dict[int, set[str]] = {}
    for part in program.parts:
        for layer in part.layers:
            cycles[layer.operator] = cycles.get(layer.operator, 0) + layer.cycles
            units.setdefault(layer.operator, set()).add(layer.unit)
    return tuple(
        OperatorRow(
            index=decision.operator,
            op=graph.operators[decision.operator].kind.value,
            placement="overlay" if decision.on_overlay else "cpu",
            reason=_reason(program, decision, units.get(decision.operator, set())),
            macs=operator_macs(graph, graph.operators[decision.operator]),
            cycles=cycles.get(decision.operator, 0),
        )
        for decision in program.decisions
    )


def _reason(program: Program, decision: Decision, units: set[str]) -> str:
    """Say what an operator has become."""
    if not decision.on_overlay:
        return decision.reason
    if not units:
        return (
            "a view: costs nothing"
            if program.graph.operators[decision.operator].kind in VIEWS
            else "done by its neighbours"
        )
    reason = " and ".join(f"runs on the {_UNITS[unit]}" for unit in sorted(units))
    return reason + _company(program, decision.operator)


def _company(program: Program, operator: int) -> str:
    """Say which operator's layer an operator runs beside, if it is the vector unit's of two."""
    layers = [layer for part in program.parts for layer in part.layers]
    own = [place for place, layer in enumerate(layers) if layer.operator == operator]
    if any(layers[place].output for place in own):
        return ""
    other = layers[own[-1] + 1].operator
    if other > operator:
        return ", beside the convolution after it"
    return f", on what operator {other} hands over"


_UNITS = {"array": "array", "vector": "vector unit"}


def _memory(program: Program) -> dict[str, Use]:
    parameters = program.parameters
    return {
        "act_bytes": Use(program.act_bytes, parameters.act_bytes),
        "weight_rows": Use(len(program.weight_rows), parameters.weight_rows),
        "param_channels": Use(len(program.channels), parameters.param_channels),
        "vec_weight_rows": Use(len(program.vec_weight_rows), parameters.vec_weight_rows),
        "vec_param_channels": Use(len(program.vec_channels), parameters.vec_param_channels),
        "table_pairs": Use(len(program.tables), parameters.table_pairs),
        "descriptors": Use(len(program.descriptors), parameters.descriptors),
    }
