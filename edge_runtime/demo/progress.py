"""Whoever watches the demo: the seam, and an observer that only writes a line now and then."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod

from rich.console import Console

from edge_runtime.demo.scenario import Scenario
from edge_runtime.demo.scores import Accuracies
from edge_runtime.demo.track import Track
from edge_runtime.telemetry.record import Record

__all__ = ["LineProgress", "Progress", "percent", "stream_clock"]


class Progress(ABC):
    """Sees the demo go by; all methods are called on the event loop's thread and return at once."""

    @abstractmethod
    def say(self, text: str) -> None:
        """Hear what the demo is about to do."""

    @abstractmethod
    def begin(self, scenario: Scenario, *, number: int, seeds: int) -> None:
        """See a seed begin, the `number`-th (from 1) of `seeds`."""

    @abstractmethod
    def record(self, pipeline: str, track: Track, record: Record) -> None:
        """See a record, which is in the track already."""

    @abstractmethod
    def end(self, scenario: Scenario, accuracies: Accuracies, *, mismatches: int) -> None:
        """See a seed end."""

    @abstractmethod
    def close(self) -> None:
        """Leave the terminal as it was."""


class LineProgress(Progress):
    """Writes lines, for logs and pipes.

    Parameters
    ----------
    console
        Where to.
    every_s
        Seconds between two lines about the same seed.
    """

    def __init__(self, console: Console, *, every_s: float = 5.0) -> None:
        self._console = console
        self._every_s = every_s
        self._next = 0.0
        self._began = 0.0
        self._windows = 0
        self._turned = False

    def say(self, text: str) -> None:
        """Write it."""
        self._console.print(text)

    def begin(self, scenario: Scenario, *, number: int, seeds: int) -> None:
        """Write that a seed begins."""
        self._console.print(f"seed {scenario.seed} ({number} of {seeds}): {len(scenario.slots)} cases")
        self._began = time.monotonic()
        self._next = self._began + self._every_s
        self._windows = 0
        self._turned = False

    def record(self, pipeline: str, track: Track, record: Record) -> None:
        """Write a change of head or the turn, and the rate now and then."""
        if record["kind"] == "head":
            clock = stream_clock(record["t_ns"])
            self._console.print(f"  {clock} {pipeline}: {record['decision']}, {record['head']} serves")
        if record["kind"] != "prediction":
            return
        self._windows += 1
        if not self._turned and record["t_ns"] >= track.scenario.turn_ns:
            self._turned = True
            self._console.print(f"  {stream_clock(record['t_ns'])} the watch is turned")
        if time.monotonic() >= self._next:
            self._next += self._every_s
            rate = self._windows / (time.monotonic() - self._began)
            self._console.print(f"  {stream_clock(record['t_ns'])} {self._windows} windows, {rate:.0f}/s")

    def end(self, scenario: Scenario, accuracies: Accuracies, *, mismatches: int) -> None:
        """Write the seed's numbers."""
        self._console.print(
            f"  seed {scenario.seed}: before {percent(accuracies.before)}, after the turn frozen "
            f"{percent(accuracies.frozen_after)}, learning {percent(accuracies.learned_after)}; {mismatches} mismatches"
        )

    def close(self) -> None:
        """Nothing is left to do."""


def percent(fraction: float | None) -> str:
    """Write a fraction of 1 for people."""
    return "-" if fraction is None else f"{100 * fraction:.1f} %"


def stream_clock(t_ns: int) -> str:
    """Write the stream's time as minutes and seconds."""
    minutes, seconds = divmod(t_ns // 1_000_000_000, 60)
    return f"{minutes:02d}:{seconds:02d}"
