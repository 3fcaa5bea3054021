"""Learning beside a pipeline: the learner, its labels, and the head as the accelerator takes it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from edge_runtime.daemon.labels import Label, LabelFeed
from edge_runtime.daemon.network import LinearHead
from edge_runtime.features.compute import FeatureWindow
from edge_runtime.learning.learner import LabelOutcome, Learner
from edge_runtime.model.head import QuantizedHead, quantize_head

__all__ = ["Learning"]


class Learning:
    """A learner with its labels.

    Parameters
    ----------
    learner
        Learns, and says which head shall serve.
    feed
        Brings the labels.
    head
        The network's own last layer.
    """

    def __init__(self, learner: Learner, feed: LabelFeed, head: LinearHead) -> None:
        self.learner = learner
        self.feed = feed
        self._head = head

    def remember(self, embedding: npt.NDArray[np.int8], predicted: int, window: FeatureWindow) -> int:
        """Remember a prediction until its label comes, and return its id."""
        prediction = self.learner.on_prediction(embedding, predicted, t_ns=window.end_ns)
        self.feed.predicted(prediction, start_ns=window.start_ns, end_ns=window.end_ns)
        return prediction

    def learn_due(self, now_ns: int) -> Iterator[tuple[Label, LabelOutcome]]:
        """Learn the labels that have come, one after the other; follow each outcome before taking the next."""
        for label in self.feed.due(now_ns):
            yield label, self.learner.on_label(label.prediction, label.label)

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
