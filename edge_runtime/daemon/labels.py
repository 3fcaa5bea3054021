"""The label feed seam: labels for predictions, whenever they come."""

from __future__ import annotations

import heapq
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge_runtime.errors import DataError
from edge_runtime.stream.recording import Recording

__all__ = ["DelayedTruth", "Label", "LabelFeed", "LabelQueue"]

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
    """

    prediction: int
    label: int


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
    def due(self, now_ns: int) -> Sequence[Label]:
        """Return the labels that have come by the stream's time `now_ns` and were not returned before."""


class LabelQueue(LabelFeed):
    """Labels from outside: whoever learns one puts it here, from any thread."""

    def __init__(self) -> None:
        self._labels: deque[Label] = deque()

    def put(self, label: Label) -> None:
        """Hand a label over."""
        self._labels.append(label)

    def predicted(self, prediction: int, *, start_ns: int, end_ns: int) -> None:
        """Do nothing: whoever gives the labels knows what they are about."""

    def due(self, now_ns: int) -> Sequence[Label]:  # noqa: ARG002 # whatever has come is due
        """Return what was put since the last call."""
        # As many as are there now: one that is put meanwhile waits for the next call.
        return [self._labels.popleft() for _ in range(len(self._labels))]


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
