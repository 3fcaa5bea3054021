"""What one pipeline of the demo told, kept for the scores and the pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.demo.scenario import Role, Scenario, Slot
from edge_runtime.telemetry.memory import MemorySink
from edge_runtime.telemetry.record import Record

__all__ = ["Switch", "Track", "TrackSink"]


@dataclass(frozen=True)
class Switch:
    """A change of the head that serves.

    Parameters
    ----------
    t_ns
        The stream's time.
    decision
        What the gate decided.
    head
        Who serves from then on.
    """

    t_ns: int
    decision: str
    head: str


@dataclass
class Track:
    """A pipeline's predictions in order, each with the case that its window lies in.

    Parameters
    ----------
    scenario
        The stream that they are about.
    """

    scenario: Scenario
    end_ns: list[int] = field(default_factory=list)
    predicted: list[int] = field(default_factory=list)
    slots: list[Slot | None] = field(default_factory=list)
    latency_ms: list[float] = field(default_factory=list)
    switches: list[Switch] = field(default_factory=list)

    def take(self, record: Mapping[str, Any]) -> None:
        """Take in one record."""
        if record["kind"] == "prediction":
            self.end_ns.append(record["t_ns"])
            self.predicted.append(record["index"])
            self.slots.append(self.scenario.slot_of(record["start_ns"], record["t_ns"]))
            self.latency_ms.append(record["latency_ms"])
        elif record["kind"] == "head" and record["decision"] != "shadow":
            self.switches.append(Switch(record["t_ns"], record["decision"], record["head"]))

    def hits(self) -> npt.NDArray[np.float32]:
        """Return float32[n]: 1 where a prediction was right, 0 where wrong, NaN where a window touches two cases."""
        return np.array(
            [np.nan if slot is None else slot.label == index for slot, index in self._pairs()], dtype=np.float32
        )

    def evaluation_accuracy(self, *, turned: bool) -> float:
        """Return the accuracy on the windows of cases that no training and no label has touched.

        Parameters
        ----------
        turned
            After the watch was turned, or before.
        """
        hits = [
            slot.label == index
            for slot, index in self._pairs()
            if slot is not None and slot.role is Role.EVALUATION and slot.turned == turned
        ]
        return float(np.mean(hits))

    def _pairs(self) -> list[tuple[Slot | None, int]]:
        return list(zip(self.slots, self.predicted, strict=True))


class TrackSink(MemorySink):
    """A sink that fills a track, and shows each record to whoever watches.

    Parameters
    ----------
    track
        Is filled.
    watch
        Called with each record, on the event loop: it must be quick.
    """

    def __init__(self, track: Track, watch: Callable[[Record], None]) -> None:
        super().__init__()
        self.track = track
        self._watch = watch

    async def put(self, records: Sequence[Record]) -> None:
        """Take the records into the track."""
        await super().put(records)
        for record in self.records:
            self.track.take(record)
            self._watch(record)
        self.records.clear()
