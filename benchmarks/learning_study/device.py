"""A device in small: the int8 head that serves, the learner behind it, and labels that come late and may be wrong."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from edge_runtime.learning import Command, Decision, DecisionKind, Learner, LearnerOptions
from edge_runtime.model import QuantizedHead, Rounding, quantize_head
from edge_runtime.model.fixed_point import QuantizedMultiplier, quantize_multiplier
from learning_study.body import Body

__all__ = ["Device", "Int8Head"]

Embeddings = npt.NDArray[np.int8]
_AHEAD = 32  # predictions made at once, until the head changes
_SWITCHES = (DecisionKind.PROMOTE, DecisionKind.ROLL_BACK)


class Int8Head:
    """A quantised head as the accelerator computes it: int8 products, int32 sums, TFLite's rounding, int8 logits."""

    def __init__(self, head: QuantizedHead, body: Body) -> None:
        self._matrix = head.weights.T.astype(np.float64)  # sums stay far below 2**53, so they are exact
        self._bias = head.bias.astype(np.int64)
        self._input_zero_point, self._zero_point = body.zero_point, head.output_zero_point
        factor = float(np.float32(body.scale)) * head.weight_scale / head.output_scale
        multiplier, shift = quantize_multiplier(factor)
        self._scale = QuantizedMultiplier(
            np.array([multiplier], np.int32), np.array([shift], np.int32), Rounding.DOUBLE
        )

    def predict(self, embeddings: Embeddings) -> npt.NDArray[np.int64]:
        """Return int64[n], the class of each."""
        sums = (embeddings.astype(np.float64) - self._input_zero_point) @ self._matrix + self._bias
        logits = np.clip(self._scale(sums.astype(np.int32)) + self._zero_point, -128, 127)
        classes: npt.NDArray[np.int64] = logits.argmax(axis=-1)
        return classes


@dataclass
class Device:
    """Streams embeddings through a learner.

    Parameters
    ----------
    body
        The network.
    stream
        int8[n, 64], what it will predict, one after the other.
    delay
        How many predictions later a label comes.
    reserved_classes
        How many of the head's last rows are no class yet.
    """

    body: Body
    stream: Embeddings
    delay: int
    reserved_classes: int = 0
    switches: list[tuple[int, Decision]] = field(default_factory=list)
    label_seconds: float = 0.0
    labels: int = 0

    def __post_init__(self) -> None:
        body = self.body
        self.learner = Learner(
            body.weights,
            body.bias,
            scale=body.scale,
            zero_point=body.zero_point,
            statistics=body.statistics,
            options=LearnerOptions(reserved_classes=self.reserved_classes),
        )
        self.own = self._quantized(*self.learner.served_linear(), body.calibration)
        self.head = self.own
        self._waiting: deque[tuple[int, int, str]] = deque()
        self._ahead: list[int] = []

    def step(self, label: int, source: str = "") -> int:
        """Take in the labels that are due, predict the next of `stream`, and return what was predicted."""
        self._learn_due()
        at = self.step_number
        if not self._ahead:
            self._ahead = self.head.predict(self.stream[at : at + _AHEAD]).tolist()[::-1]
        predicted = self._ahead.pop()
        prediction = self.learner.on_prediction(self.stream[at], predicted, t_ns=0)
        self._follow(self.learner.take_decisions())
        self._waiting.append((prediction, label, source))
        return predicted

    def float_predict(self, embeddings: Embeddings) -> npt.NDArray[np.int64]:
        """Return what the served head would say before its quantisation."""
        weights, bias = self.learner.served_linear()
        classes: npt.NDArray[np.int64] = (self.body.real(embeddings) @ weights.T + bias).argmax(axis=1)
        return classes

    @property
    def step_number(self) -> int:
        """How many predictions there have been."""
        return self.learner.memory.next_id

    def _learn_due(self) -> None:
        while self._waiting and self.step_number - self._waiting[0][0] > self.delay:
            prediction, label, source = self._waiting.popleft()
            if label >= self.learner.contest.known_classes:
                self.learner.command(Command.ADD_CLASS)
            began = time.perf_counter()
            outcome = self.learner.on_label(prediction, label, source=source)
            self.label_seconds += time.perf_counter() - began
            self.labels += 1
            decisions = self.learner.take_decisions()
            self._follow([*decisions, *([outcome.decision] if outcome.decision else [])])

    def _follow(self, decisions: list[Decision]) -> None:
        for decision in decisions:
            if not decision.changes_head:
                continue
            if decision.kind in _SWITCHES:
                self.switches.append((self.step_number, decision))
            self._ahead = []
            if decision.serving == "frozen":
                self.head = self.own
            else:
                self.head = self._quantized(*self.learner.served_linear(), self.learner.recent_embeddings())

    def _quantized(
        self, weights: npt.NDArray[np.float32], bias: npt.NDArray[np.float32], embeddings: Embeddings
    ) -> Int8Head:
        head = quantize_head(
            weights,
            bias,
            input_scale=self.body.scale,
            input_zero_point=self.body.zero_point,
            embeddings=embeddings,
        )
        return Int8Head(head, self.body)
