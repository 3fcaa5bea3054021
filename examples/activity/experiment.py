"""Plays the demo's scenario over many seeds in the reference arithmetic, without overlay or daemon, in seconds.

It shows how far the demo's outcome hangs on seed, split and turn; ``--help`` tells what can be varied.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.daemon.network import Network
from edge_runtime.demo.labels import ScenarioLabels
from edge_runtime.demo.scenario import Matrix, Role, Scenario, ScenarioPlan, Slot, build_scenario
from edge_runtime.demo.scores import Accuracies, Recovery, recovery_of
from edge_runtime.features import FeatureView, FeatureWindow, compute_recording
from edge_runtime.learning import Decision, DecisionKind, Learner
from edge_runtime.model import Graph, Interpreter, apply_head, load_tflite, quantize_head

HERE = Path(__file__).parent


def main() -> None:
    """Run the seeds, and with ``--turns`` every way to turn the watch by quarter turns."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=HERE, help="where activity.tflite and view.toml are")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--turns", action="store_true", help="try all 24 orientations, not only the demo's")
    arguments = parser.parse_args()
    view = FeatureView.from_toml(arguments.folder / "view.toml")
    graph = load_tflite(arguments.folder / "activity.tflite")
    turns = list(orientations()) if arguments.turns else [ScenarioPlan().turn]
    for turn in turns:
        plan = ScenarioPlan(turn=turn)
        seeds = [Device(graph, view).play(build_scenario(seed, plan)) for seed in range(arguments.seeds)]
        print(json.dumps({"turn": turn, **summary(recovery_of(seeds), seeds)}), flush=True)


def orientations() -> Iterator[Matrix]:
    """Yield the 24 rotations that bring the axes onto axes."""
    for order, signs in itertools.product(itertools.permutations(range(3)), itertools.product((1, -1), repeat=3)):
        rows = tuple(
            tuple(sign if axis == column else 0 for axis in range(3)) for column, sign in zip(order, signs, strict=True)
        )
        if round(float(np.linalg.det(np.array(rows)))) == 1:
            yield rows  # type: ignore[misc]


def summary(recovery: Recovery, seeds: Sequence[Accuracies]) -> dict[str, Any]:
    """Return what is told of one turn, to four digits."""
    mean = recovery.mean
    return {
        "seeds": len(seeds),
        "before": round(mean.before, 4),
        "frozen_after": round(mean.frozen_after, 4),
        "learned_after": round(mean.learned_after, 4),
        "smallest_cost": round(min(seed.cost for seed in seeds), 4),
        "recovered": None if recovery.recovered is None else round(recovery.recovered, 4),
        "interval": None if recovery.interval is None else [round(end, 4) for end in recovery.interval],
        "worst_seed": None if recovery.recovered is None else round(min(seed.recovered or 0.0 for seed in seeds), 4),
    }


@dataclass
class Hits:
    """Which evaluation windows were right, before and after the turn."""

    clean: list[bool]
    turned: list[bool]

    def add(self, slot: Slot, predicted: int) -> None:
        """Count a window."""
        (self.turned if slot.turned else self.clean).append(predicted == slot.label)


class Device:
    """The network and its learner as the daemon has them, one window after the other.

    Parameters
    ----------
    graph
        The network.
    view
        Its features.
    """

    def __init__(self, graph: Graph, view: FeatureView) -> None:
        self._graph, self._view = graph, view
        self._network = Network(graph, size=view.size)
        self._site, self._head = self._network.head_site(), self._network.linear_head()
        self._learner = Learner(
            self._head.weights, self._head.bias, scale=self._head.scale, zero_point=self._head.zero_point
        )
        self._frozen = self._serving = Interpreter(graph)

    def play(self, scenario: Scenario) -> Accuracies:
        """Stream a scenario; return the accuracies on its evaluation cases."""
        labels = ScenarioLabels(scenario)
        frozen, served = Hits([], []), Hits([], [])
        for window in compute_recording(self._view, scenario.recording):
            for label in labels.due(window.end_ns):
                decision = self._learner.on_label(label.prediction, label.label).decision
                if decision is not None:
                    self._follow(decision)
            answers = self._infer(window, labels)
            slot = scenario.slot_of(window.start_ns, window.end_ns)
            if slot is not None and slot.role is Role.EVALUATION:
                for hits, answer in zip((frozen, served), answers, strict=True):
                    hits.add(slot, answer)
        return Accuracies(*(float(np.mean(hits)) for hits in (frozen.clean, frozen.turned, served.turned)))

    def _infer(self, window: FeatureWindow, labels: ScenarioLabels) -> tuple[int, int]:
        """Return what the frozen and the serving network say; the learner hears of what was served."""
        inputs = [self._network.quantize(window.values)]
        values = self._frozen.run_all(inputs)
        frozen = self._network.class_of(values[self._graph.outputs[0]])
        served = frozen if self._serving is self._frozen else self._network.class_of(self._serving.run(inputs)[0])
        embedding: npt.NDArray[np.int8] = values[self._site.embedding].reshape(-1)
        prediction = self._learner.on_prediction(embedding, served, t_ns=window.end_ns)
        for decision in self._learner.take_decisions():
            self._follow(decision)
        labels.predicted(prediction, start_ns=window.start_ns, end_ns=window.end_ns)
        return frozen, served

    def _follow(self, decision: Decision) -> None:
        """Put the head that shall serve into the network, as the accelerator would get it."""
        if decision.kind is DecisionKind.ROLL_BACK:
            self._serving = self._frozen
        elif decision.changes_head:
            weights, bias = self._learner.served_linear()
            head = quantize_head(
                weights,
                bias,
                input_scale=self._head.scale,
                input_zero_point=self._head.zero_point,
                embeddings=self._learner.recent_embeddings(),
            )
            self._serving = Interpreter(apply_head(self._graph, head))


if __name__ == "__main__":
    main()
