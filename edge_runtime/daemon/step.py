"""One window after the other: the labels that have come, then the inference, then what there is to tell."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.accelerator import Accelerator, CheckedAccelerator, Inference
from edge_runtime.bundles import HeadFile
from edge_runtime.compiler.program import Program
from edge_runtime.daemon.labels import AnyLabel
from edge_runtime.daemon.learning import Learning
from edge_runtime.daemon.network import Network
from edge_runtime.daemon.recorder import Recorder
from edge_runtime.daemon.score_alarm import WindowAlarm
from edge_runtime.daemon.statistics import Durations
from edge_runtime.errors import DataError, ModelError, StateError
from edge_runtime.features.compute import FeatureWindow
from edge_runtime.learning.events import Command
from edge_runtime.learning.gate import Decision, DecisionKind
from edge_runtime.learning.labels import LabelOutcome
from edge_runtime.model.head import QuantizedHead
from edge_runtime.stream.block import Flags
from edge_runtime.telemetry.record import AttachedRecord

__all__ = ["Step"]


class Step:
    """Runs a network on the windows of a stream, and lets it learn between two of them.

    Everything here blocks: it belongs into a worker's thread.

    Parameters
    ----------
    network
        What the network is.
    accelerator
        What runs it; it belongs to the step from now on.
    program
        The network as the accelerator takes it.
    recorder
        Makes the records.
    learning
        None: the network stays as it is.
    alarm
        Watches the network's scores; None: nothing does.

    Attributes
    ----------
    inferences, cycles
        How many there were, and the engine's cycles in all.
    latencies
        From a block's arrival to the prediction of each of its windows.
    decisions
        How often the gate decided what.
    stage
        What it is at, or failed with: ``accelerator`` or ``learner``.
    """

    def __init__(
        self,
        network: Network,
        accelerator: Accelerator,
        program: Program,
        *,
        recorder: Recorder,
        learning: Learning | None = None,
        alarm: WindowAlarm | None = None,
    ) -> None:
        self.network = network
        self.accelerator = accelerator
        self.program = program
        self.learning, self.alarm = learning, alarm
        self.inferences = self.cycles = 0
        self.latencies = Durations()
        self.decisions = dict.fromkeys(DecisionKind, 0)
        self._recorder = recorder
        self._now_ns = 0
        self._first_prediction = 0
        self._kept_head, self._kept_classes = "frozen", network.classes
        self._held_back: tuple[str, ...] = ()
        self.stage = "accelerator"
        self._load_own()
        if learning is not None:
            learning.resume()
        if learning is not None and learning.learner.serving != "frozen":
            # It has learnt in a former life.
            self._serve(learning)

    def take(self, window: FeatureWindow, *, received: float) -> list[dict[str, Any]]:
        """Take in one window and return what there is to tell, in order.

        Parameters
        ----------
        window
            The window's features.
        received
            When its block arrived, on `time.perf_counter`'s clock.

        Raises
        ------
        AcceleratorError
            If the accelerator fails.
        """
        self._now_ns = window.end_ns
        self.stage = "learner"
        told = self.learn()
        self.stage = "accelerator"
        known = self.check.mismatches if self.check else 0
        stored = self.network.quantize(window.values)
        inference = self.accelerator.infer([stored])
        self.inferences += 1
        self.cycles += inference.cycles
        self.stage = "learner"
        prediction = self._remember(inference, window)
        latency = time.perf_counter() - received
        self.latencies.add(latency)
        mismatches = self.check.mismatches - known if self.check else None
        made = self._tell_prediction(inference, window, prediction, latency=latency, mismatches=mismatches)
        return [*told, made, *self._judge_score(made, stored, inference)]

    def roll_back(self) -> list[dict[str, Any]]:
        """Let the network's own last layer serve again because somebody asked for it; return what there is to tell."""
        if self.learning is None:
            self._kept_head = "frozen"
            self._load_own()
            return []
        return self.steer(Command.ROLL_BACK)

    def steer(self, command: Command, name: str = "") -> list[dict[str, Any]]:
        """Do with the learner what somebody asked for; return what there is to tell.

        Raises
        ------
        DataError
            If the network does not learn, or there is no such candidate.
        FitError
            If there is no row for another class.
        """
        if self.learning is None:
            raise DataError("this pipeline does not learn; its file needs a [learning] table")
        decisions = self.learning.learner.command(command, name)
        return [record for decision in decisions for record in self._follow(self.learning, decision, self._now_ns)]

    def push_head(self, head: HeadFile) -> list[dict[str, Any]]:
        """Let a head that was trained elsewhere take part, under the gate; return what there is to tell.

        Raises
        ------
        DataError
            If the network does not learn, or the head is of another size.
        """
        if self.learning is None:
            raise DataError("this pipeline does not learn; its file needs a [learning] table")
        decisions = self.learning.learner.push_head(head.weights, head.bias, about=head.title)
        return [record for decision in decisions for record in self._follow(self.learning, decision, self._now_ns)]

    @property
    def next_prediction(self) -> int:
        """The number that the next prediction gets."""
        if self.learning is None:
            return self._first_prediction + self.inferences
        return self.learning.learner.memory.next_id

    def number_from(self, first: int) -> None:
        """Let predictions be numbered from `first` on: a label for another network's prediction finds none of these."""
        self._first_prediction = first
        if self.learning is not None:
            self.learning.learner.memory.skip_to(first)

    def stop_learning(self) -> None:
        """Learn no more: the head that serves goes on serving, and predictions are numbered on."""
        learning = self.learning
        if learning is None:
            return
        self._kept_head, self._kept_classes = self.serving, self.classes
        self._first_prediction = self.next_prediction - self.inferences
        self.learning = None
        with suppress(StateError, OSError):
            learning.close()

    def close(self) -> None:
        """Close the accelerator, and what learning keeps on disk."""
        self.accelerator.close()
        if self.learning is not None:
            self.learning.close()
        if self.alarm is not None:
            self.alarm.save()

    @property
    def check(self) -> CheckedAccelerator | None:
        """The check against the reference, where there is one."""
        return self.accelerator if isinstance(self.accelerator, CheckedAccelerator) else None

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes' names, those that were added on the device among them."""
        return self._kept_classes if self.learning is None else (*self.network.classes, *self.learning.added_classes)

    @property
    def serving(self) -> str:
        """The name of the head that serves."""
        return self.learning.learner.serving if self.learning else self._kept_head

    @property
    def learned_head(self) -> QuantizedHead | None:
        """The head that serves, where it was learnt; None: the network's own does."""
        if self.learning is None or self.serving == "frozen":
            return None
        return self.learning.quantized_head()

    def learn(self) -> list[dict[str, Any]]:
        """Learn the labels that have come, and return what there is to tell."""
        if self.learning is None:
            return []
        now_ns = self._now_ns
        told = self._follow_others(self.learning, now_ns)
        for label, outcome in self.learning.learn_due(now_ns):
            told.append(self._tell_label(label, outcome, now_ns))
            if outcome.decision is not None:
                told += self._follow(self.learning, outcome.decision, now_ns)
        return told + self._follow_others(self.learning, now_ns)

    def _follow_others(self, learning: Learning, now_ns: int) -> list[dict[str, Any]]:
        """Follow what was decided without a label: because embeddings shifted, or because somebody said so."""
        decisions = learning.learner.take_decisions()
        return [record for decision in decisions for record in self._follow(learning, decision, now_ns)]

    def _follow(self, learning: Learning, decision: Decision, now_ns: int) -> list[dict[str, Any]]:
        """Write the head that shall serve, if it is another one; the next inference uses it."""
        self.decisions[decision.kind] += 1
        if decision.kind is DecisionKind.HOLD and not self._is_news(decision):
            return []
        self._held_back = decision.held_back
        if decision.changes_head:
            self._serve(learning)
        return [self._tell_decision(decision, now_ns)]

    def _is_news(self, hold: Decision) -> bool:
        """Return whether a hold is worth a record: there is one with nearly every label."""
        return hold.commanded or not set(hold.held_back) <= set(self._held_back)

    def _serve(self, learning: Learning) -> None:
        """Let the accelerator run the head that shall serve now."""
        if learning.learner.serving == "frozen":
            self._load_own()
        else:
            self.accelerator.load_head(learning.quantized_head(), probes=learning.probes())

    def _load_own(self) -> None:
        """Let the program's own last layer serve, to the bit, or the head that a bundle brings in its place."""
        self.accelerator.load(self.program)
        if self.network.first_head is not None:
            self.accelerator.load_head(self.network.first_head)

    def _remember(self, inference: Inference, window: FeatureWindow) -> int:
        if self.learning is None:
            return self.next_prediction - 1
        if inference.embedding is None:
            raise ModelError(f"{self.network.graph.name}: the accelerator gives no embedding; learning needs one")
        return self.learning.remember(inference.embedding, self.network.class_of(inference.outputs[0]), window)

    def _tell_prediction(
        self,
        inference: Inference,
        window: FeatureWindow,
        prediction: int,
        *,
        latency: float,
        mismatches: int | None,
    ) -> dict[str, Any]:
        index = self.network.class_of(inference.outputs[0])
        return self._recorder.make(
            "prediction",
            t_ns=window.end_ns,
            start_ns=window.start_ns,
            window=window.index,
            prediction=prediction,
            index=index,
            name=self._class_name(index),
            outputs=np.ravel(inference.outputs[0]),
            head=self.serving,
            cycles=inference.cycles,
            mismatches=mismatches,
            latency_ms=round(latency * 1e3, 4),
            label_wanted=self.learning is not None and self.learning.learner.asks,
            flags=[flag.name for flag in Flags if flag and flag in window.flags],
        )

    def _judge_score(
        self, made: dict[str, Any], stored: npt.NDArray[np.int8], inference: Inference
    ) -> list[dict[str, Any]]:
        """Put a window's score into its prediction's record; return an event where an alarm begins."""
        if self.alarm is None:
            return []
        verdict, begins = self.alarm.take(stored, inference.outputs[0])
        made.update(score=verdict.score, threshold=verdict.threshold, alarm=verdict.alarm)
        if not begins:
            return []
        message = f"the score {verdict.score:.6g} is above the threshold {verdict.threshold:.6g}"
        numbers = {"prediction": made["prediction"], "score": verdict.score, "threshold": verdict.threshold}
        return [
            self._recorder.make("event", t_ns=made["t_ns"], event="score alarm", error=None, message=message, **numbers)
        ]

    def _tell_label(self, label: AnyLabel, outcome: LabelOutcome, now_ns: int) -> dict[str, Any]:
        return self._recorder.make(
            "label",
            t_ns=now_ns,
            prediction=outcome.prediction,
            index=outcome.label,
            name=self._class_name(outcome.label),
            source=label.source,
            status=outcome.status.value,
            served_right=outcome.served_right,
            learnt=outcome.learnt,
        )

    def _class_name(self, index: int) -> str | None:
        return self.classes[index] if index < len(self.classes) else None

    def _tell_decision(self, decision: Decision, now_ns: int) -> dict[str, Any]:
        record = self._recorder.make(
            "head", t_ns=now_ns, decision=decision.kind.value, head=self.serving, evidence=decision.evidence
        )
        if self.learning is None or not decision.changes_head:
            return record
        weights, bias = self.learning.learner.served_linear()
        return AttachedRecord(record, {"weights": weights, "bias": bias})
