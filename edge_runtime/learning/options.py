"""The numbers of a learner."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge_runtime.errors import DataError
from edge_runtime.learning.detectors import AdwinOptions, ErrorDetector

__all__ = ["LearnerOptions"]


@dataclass(frozen=True)
class LearnerOptions:
    """What a learner keeps, and how often it does what.

    Parameters
    ----------
    capacity
        How many predictions wait for their labels: the longest label delay, in predictions.
    memory_bytes
        A budget for them; where `capacity` predictions need more, so many fewer are kept. None: no budget.
    held_out_every
        Of each class, every so-manieth label is kept to compare heads on, and learnt by none.
    held_out_per_class
        How many of those are kept of each class.
    refresh_every
        After so many labels learnt, the head that serves goes on with its newer weights; with fewer after as many
        predictions without a label.
    labelled
        How many learnt labels are kept with their embeddings, for heads that begin anew.
    reserved_classes
        How many of the head's last rows are not yet classes: they may become some on the device.
    labels_per_minute, label_burst
        How many labels one source may give.
    startup
        Where there are no training statistics: so many of the device's first embeddings stand in for them; 0: none do,
        and only labels tell that the world has changed.
    ask_rate
        The share of predictions whose label is asked for, the least certain ones; after an alarm it is ten times as
        much.
    errors
        What notices a change in the errors of the frozen head, and of what serves.

    Raises
    ------
    DataError
        If a number is out of its range.
    """

    capacity: int = 1024
    memory_bytes: int | None = None
    held_out_every: int = 6
    held_out_per_class: int = 8
    refresh_every: int = 10
    labelled: int = 512
    reserved_classes: int = 0
    labels_per_minute: float = 600.0
    label_burst: float = 2000.0
    startup: int = 0
    ask_rate: float = 0.05
    errors: ErrorDetector = field(default_factory=AdwinOptions)

    def __post_init__(self) -> None:
        counts = (self.capacity, self.held_out_per_class, self.refresh_every, self.labelled)
        if min(counts) < 1 or self.held_out_every < 2 or self.reserved_classes < 0:
            raise DataError(f"{self}: numbers must be at least 1, held_out_every at least 2, reserved_classes 0")
        if self.startup < 0:
            raise DataError(f"a startup of {self.startup} embeddings: it must be 0 or more")
        if not 0 < self.ask_rate <= 0.1:
            raise DataError(f"an ask_rate of {self.ask_rate}: it must be above 0 and at most 0.1")
