"""The label feed seam: labels for predictions, whenever they come.

Labels from outside, over HTTP, MQTT, a serial line or from Python, come through the device (`RunningDevice.add_labels`)
into the pipeline's `LabelQueue`. What became of each is answered, and told by a record of kind ``label``.
"""

from __future__ import annotations

import heapq
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge_runtime.errors import DataError
from edge_runtime.stream.recording import Recording

__all__ = ["AnyLabel", "DelayedTruth", "Label", "LabelFeed", "LabelQueue", "SpanLabel"]

NS_PER_S = 1_000_000_000


@dataclass(frozen=True)
class Label:
    """What a prediction should have been.

    Parameters
    ----------
    prediction
        The prediction's id.
    label
        Index of the true class.
    source
        Who says so.
    """

    prediction: int
    label: int
    source: str = ""


@dataclass(frozen=True)
class SpanLabel:
    """What all predictions of a span of time should have been: those whose windows lie wholly in it.

    Parameters
    ----------
    start_ns, end_ns
        The span, nanoseconds since the Unix epoch, UTC.
    label
        Index of the true class.
    source
        Who says so.
    """

    start_ns: int
    end_ns: int
    label: int
    source: str = ""


AnyLabel = Label | SpanLabel


class LabelFeed(ABC):
    """Brings labels to a pipeline.

    The pipeline asks before each inference, so labels take effect between two inferences and, for a feed that
    goes by the stream's time, always at the same place of the stream. Both methods answer at once; a feed that
    hears from elsewhere keeps what came until it is asked.
    """

    @abstractmethod
    def predicted(self, prediction: int, *, start_ns: int, end_ns: int) -> None:
        """Hear of a prediction and of the window that it is about (times of its first and last sample)."""

    @abstractmethod
    def due(self, now_ns: int) -> Sequence[AnyLabel]:
        """Return the labels that have come by the stream's time `now_ns` and were not returned before."""


class LabelQueue(LabelFeed):
    """Labels from outside: whoever learns one puts it here, from any thread.

    A label for a span of time waits until the stream has passed its end, so it may come before the predictions do.

    Parameters
    ----------
    capacity
        How many labels may wait.

    Attributes
    ----------
    refused
        How many came while the queue was full.
    """

    def __init__(self, capacity: int = 100_000) -> None:
        self._labels: deque[AnyLabel] = deque()
        self._spans: list[SpanLabel] = []
        self._predicted_ns: int | None = None  # the end of the newest window that has its prediction
        self._capacity = capacity
        self.refused = 0

    def put(self, label: AnyLabel) -> bool:
        """Hand a label over; return False, and count it, where the queue is full."""
        if len(self._labels) + len(self._spans) >= self._capacity:
            self.refused += 1
            return False
        self._labels.append(label)
        return True

    def predicted(self, prediction: int, *, start_ns: int, end_ns: int) -> None:  # noqa: ARG002
        """Note how far predictions have come; whoever gives the labels knows what they are about."""
        self._predicted_ns = end_ns

    def due(self, now_ns: int) -> Sequence[AnyLabel]:
        """Return what was put since the last call, and the spans of which all windows have their predictions."""
        # As many as are there now: one that is put meanwhile waits for the next call.
        came = [self._labels.popleft() for _ in range(len(self._labels))]
        spans = [*self._spans, *(label for label in came if isinstance(label, SpanLabel))]
        self._spans = [span for span in spans if not self._has_passed(span, now_ns)]
        passed = [span for span in spans if self._has_passed(span, now_ns)]
        return [*(label for label in came if isinstance(label, Label)), *passed]

    def _has_passed(self, span: SpanLabel, now_ns: int) -> bool:
        """Return whether no window to come lies in a span; the window that ends now may be still without prediction."""
        return span.end_ns < now_ns or (self._predicted_ns is not None and span.end_ns <= self._predicted_ns)


class DelayedTruth(LabelFeed):
    """A recording's own truth, told some time later: stands in for the person who gives labels.

    A window gets a label when one span covers all of it.

    Parameters
    ----------
    recording
        What is true when.
    classes
        Each label's class, the network's output index.
    delay_s
        Seconds of the stream's time from a window's last sample to its label.

    Raises
    ------
    DataError
        If a span's label is not among `classes`.
    """

    def __init__(self, recording: Recording, classes: Mapping[str, int], *, delay_s: float) -> None:
        unknown = sorted({span.label for span in recording.spans} - set(classes))
        if unknown:
            raise DataError(f"the recording has spans of {unknown[0]!r}; the model's classes are {', '.join(classes)}")
        self._recording = recording
        self._classes = dict(classes)
        self._delay_ns = round(delay_s * NS_PER_S)
        self._waiting: list[tuple[int, int, int]] = []

    @property
    def waiting(self) -> int:
        """How many labels are still to come."""
        return len(self._waiting)

    def predicted(self, prediction: int, *, start_ns: int, end_ns: int) -> None:
        """Look up the truth of the prediction's window; it is due after the delay."""
        label = self._recording.label_between(start_ns, end_ns)
        if label is not None:
            heapq.heappush(self._waiting, (end_ns + self._delay_ns, prediction, self._classes[label]))

    def due(self, now_ns: int) -> Sequence[Label]:
        """Return the labels whose delay has passed."""
        labels = []
        while self._waiting and self._waiting[0][0] <= now_ns:
            _, prediction, label = heapq.heappop(self._waiting)
            labels.append(Label(prediction, label))
        return labels
