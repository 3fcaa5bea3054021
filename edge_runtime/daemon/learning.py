"""Learning beside a pipeline: the learner, its labels, and the head as the accelerator takes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.daemon.labels import AnyLabel, Label, LabelFeed
from edge_runtime.daemon.network import LinearHead
from edge_runtime.features.compute import FeatureWindow
from edge_runtime.learning.durable import DurableLearner
from edge_runtime.learning.labels import GivenLabel, LabelOutcome
from edge_runtime.learning.learner import Learner
from edge_runtime.learning.memory import LabelStatus
from edge_runtime.model.head import QuantizedHead, quantize_head

__all__ = ["Learning"]

_PROBES = 4


class Learning:
    """A learner with its labels.

    Parameters
    ----------
    learner
        Learns, and says which head shall serve; or makes one, always the same.
    feed
        Brings the labels.
    head
        The network's own last layer.
    state
        The folder in which the learner survives a restart; `learner` must then make one. None: it does not survive.

    Raises
    ------
    StateError
        If the folder's state is of another network, or damaged.
    """

    def __init__(
        self,
        learner: Learner | Callable[[], Learner],
        feed: LabelFeed,
        head: LinearHead,
        *,
        state: Path | None = None,
    ) -> None:
        self._make: Callable[[], Learner] = (lambda: learner) if isinstance(learner, Learner) else learner
        self._state = state
        self._durable = None if state is None else DurableLearner(state, self._make)
        self.learner = self._make() if self._durable is None else self._durable.learner
        self._closed = False
        self.feed = feed
        self._head = head

    def remember(self, embedding: npt.NDArray[np.int8], predicted: int, window: FeatureWindow) -> int:
        """Remember a prediction until its label comes, and return its id."""
        prediction = self.learner.on_prediction(embedding, predicted, t_ns=window.end_ns, start_ns=window.start_ns)
        self.feed.predicted(prediction, start_ns=window.start_ns, end_ns=window.end_ns)
        return prediction

    def learn_due(self, now_ns: int) -> Iterator[tuple[AnyLabel, LabelOutcome]]:
        """Learn the labels that have come, one after the other; follow each outcome before taking the next.

        A label for a span of time is as many labels as there are predictions in it; where there is none, it is answered
        as forgotten, with -1 for the prediction.
        """
        for label in self.feed.due(now_ns):
            given = self._given(label)
            for outcome in self.learner.on_labels(given, now_ns=now_ns):
                yield label, outcome
            if not given:
                yield label, LabelOutcome(-1, label.label, LabelStatus.FORGOTTEN)
        if self._durable is not None:
            self._durable.checkpoint_if_due()

    def quantized_head(self) -> QuantizedHead:
        """Return the head that shall serve, its outputs' range set by the newest embeddings."""
        weights, bias = self.learner.served_linear()
        return quantize_head(
            weights,
            bias,
            input_scale=self._head.scale,
            input_zero_point=self._head.zero_point,
            embeddings=self.learner.recent_embeddings(),
        )

    def probes(self) -> npt.NDArray[np.int8]:
        """Return kept embeddings on which a new head is tried before it serves, int8[n, features]."""
        return self.learner.recent_embeddings(_PROBES)

    @property
    def added_classes(self) -> tuple[str, ...]:
        """Names of the classes that were added on the device; one without a name is called by its number."""
        first = len(self._head.bias) - self.learner.options.reserved_classes
        added = self.learner.contest.added
        return tuple(name or f"class {first + number}" for number, name in enumerate(added))

    def report(self) -> dict[str, Any]:
        """Return what the metrics page and the store tell of learning: plain numbers and strings, by name."""
        return self.learner.report()

    def resume(self) -> None:
        """Go on after `close`, with what had been learnt; does nothing on what is open.

        Raises
        ------
        StateError
            If what was written down cannot be read.
        """
        if self._closed and self._state is not None:
            self._durable = DurableLearner(self._state, self._make)
            self.learner = self._durable.learner
        self._closed = False

    def close(self) -> None:
        """Write down what is to survive; closing twice does nothing."""
        self._closed = True
        if self._durable is not None:
            self._durable.close()

    def _given(self, label: AnyLabel) -> list[GivenLabel]:
        if isinstance(label, Label):
            return [GivenLabel(label.prediction, label.label, label.source)]
        predictions = self.learner.predictions_within(label.start_ns, label.end_ns)
        return [GivenLabel(prediction, label.label, label.source) for prediction in predictions]
