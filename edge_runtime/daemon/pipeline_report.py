"""What a pipeline has done, in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from edge_runtime.daemon.engine import Computer
from edge_runtime.daemon.fanout import SinkCounts
from edge_runtime.daemon.step import Step

__all__ = ["PipelineReport", "report_of"]


@dataclass(frozen=True)
class PipelineReport:
    """What a pipeline has done.

    Parameters
    ----------
    pipeline
        Its name.
    blocks
        Blocks taken in.
    passed_over
        Blocks that came while a stage was to be started again, and others that read the source could not wait.
    windows, skipped, held, marked, filled, missed, gaps, late_blocks, bad_blocks
        The features' counts; `windows` are those delivered.
    inferences, cycles_per_inference
        How many, and the engine's cycles for one; 0 where there is no engine.
    compared, mismatches
        Output and embedding elements held against the reference's, and how many differed; None: not compared.
    windows_per_s
        Over the time from the first block to the last prediction.
    p50_ms, p99_ms, max_ms
        From a block's arrival in the pipeline to the predictions of its windows.
    memory_bytes
        What the ring buffer and the panes take; it does not grow.
    serving
        The head that serves.
    labels
        How many labels met which fate.
    decisions
        How often the gate decided what.
    accuracy
        Prequential accuracy of what was served, on all labels; None before the first.
    sinks
        What became of the records.
    """

    pipeline: str
    blocks: int
    passed_over: int
    windows: int
    skipped: int
    held: int
    marked: int
    filled: int
    missed: int
    gaps: int
    late_blocks: int
    bad_blocks: int
    inferences: int
    cycles_per_inference: float
    compared: int | None
    mismatches: int | None
    windows_per_s: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    memory_bytes: int
    serving: str
    labels: dict[str, int]
    decisions: dict[str, int]
    accuracy: float | None
    sinks: list[SinkCounts]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON shows it."""
        return asdict(self)


def report_of(
    name: str,
    computer: Computer,
    step: Step | None,
    *,
    blocks: int,
    passed_over: int,
    elapsed_s: float,
    sinks: Sequence[SinkCounts],
) -> PipelineReport:
    """Put together what a pipeline and its parts have counted; `step` is None before the accelerator is open."""
    check = step.check if step else None
    inferences = step.inferences if step else 0
    latencies = asdict(step.latencies.quantiles()) if step else {"p50_ms": 0.0, "p99_ms": 0.0, "max_ms": 0.0}
    return PipelineReport(
        pipeline=name,
        blocks=blocks,
        passed_over=passed_over,
        **asdict(computer.counts),
        inferences=inferences,
        cycles_per_inference=round(step.cycles / inferences, 2) if step and inferences else 0.0,
        compared=check.elements if check else None,
        mismatches=check.mismatches if check else None,
        windows_per_s=round(inferences / elapsed_s, 2) if elapsed_s > 0 else 0.0,
        **latencies,
        memory_bytes=computer.nbytes,
        **_learning_status(step),
        sinks=list(sinks),
    )


def _learning_status(step: Step | None) -> dict[str, Any]:
    if step is None or step.learning is None:
        return {"serving": "frozen" if step is None else step.serving, "labels": {}, "decisions": {}, "accuracy": None}
    learner = step.learning.learner
    score = learner.scores()["served"]
    return {
        "serving": learner.serving,
        "labels": {status.value: count for status, count in learner.label_counts.items()},
        "decisions": {kind.value: count for kind, count in step.decisions.items()},
        "accuracy": round(score.overall, 6) if score.count else None,
    }
