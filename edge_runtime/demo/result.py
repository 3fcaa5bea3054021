"""What the demo found, in the form that the command line and the report show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge_runtime.daemon.build import Deployment
from edge_runtime.daemon.statistics import Quantiles, quantiles_of
from edge_runtime.demo.play import Played
from edge_runtime.demo.probe import LayerCycles
from edge_runtime.demo.scores import Accuracies, Recovery, recovery_of

__all__ = ["DemoResult"]

DIGITS = 6


@dataclass(frozen=True)
class DemoResult:
    """The demo's result.

    Parameters
    ----------
    deployment
        What ran.
    played
        The seeds in order; the first one was shown live, at a slower pace.
    layers
        The engine's cycles, layer by layer.
    elapsed_s
        The whole demo, without building the simulation.
    """

    deployment: Deployment
    played: Sequence[Played]
    layers: Sequence[LayerCycles]
    elapsed_s: float

    @property
    def accuracies(self) -> list[Accuracies]:
        """Each seed's accuracies."""
        return [played.accuracies() for played in self.played]

    @property
    def recovery(self) -> Recovery:
        """All seeds summed up."""
        return recovery_of(self.accuracies)

    @property
    def mismatches(self) -> int:
        """Output elements of the overlay that were not the reference's."""
        return sum(report.mismatches or 0 for played in self.played for report in played.reports)

    @property
    def compared(self) -> int:
        """Output elements that were compared."""
        return sum(report.compared or 0 for played in self.played for report in played.reports)

    @property
    def windows(self) -> int:
        """Windows in all, both pipelines."""
        return sum(report.inferences for played in self.played for report in played.reports)

    @property
    def windows_per_s(self) -> float:
        """Both pipelines together, over the seeds that ran at full speed (or the live one, if it is alone)."""
        fast = self.played[1:] or self.played
        windows = sum(report.inferences for played in fast for report in played.reports)
        return windows / sum(played.elapsed_s for played in fast)

    @property
    def cycles_per_inference(self) -> float:
        """As the engine counted them."""
        cycles = sum(r.cycles_per_inference * r.inferences for played in self.played for r in played.reports)
        return cycles / self.windows

    @property
    def latency(self) -> Quantiles:
        """From a block's arrival to its windows' predictions, over all windows."""
        tracks = [track for played in self.played for track in (played.frozen, played.learning)]
        return quantiles_of(np.concatenate([track.latency_ms for track in tracks]))

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as `--json` prints them."""
        recovery = self.recovery
        latency = self.latency
        return {
            "mismatches": self.mismatches,
            "accuracy": _rounded(recovery.mean),
            "recovered": None if recovery.recovered is None else round(recovery.recovered, DIGITS),
            "interval": None if recovery.interval is None else [round(end, DIGITS) for end in recovery.interval],
            "seeds": len(self.played),
            "per_seed": [
                {"seed": played.scenario.seed, **_rounded(found), "recovered": found.recovered}
                for played, found in zip(self.played, self.accuracies, strict=True)
            ],
            "board": self.deployment.board.name,
            "parameters": self.deployment.board.overlay.hash,
            "compared": self.compared,
            "windows": self.windows,
            "windows_per_s": round(self.windows_per_s, 1),
            "p50_ms": latency.p50_ms,
            "p99_ms": latency.p99_ms,
            "cycles_per_inference": round(self.cycles_per_inference, 2),
            "predicted_cycles": self.deployment.program.cycles,
            "elapsed_s": round(self.elapsed_s, 1),
        }


def _rounded(found: Accuracies) -> dict[str, float]:
    return {
        "before": round(found.before, DIGITS),
        "frozen_after": round(found.frozen_after, DIGITS),
        "learned_after": round(found.learned_after, DIGITS),
    }
