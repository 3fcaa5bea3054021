"""The demo's live display in a terminal."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from edge_runtime.demo.progress import Progress, percent, stream_clock
from edge_runtime.demo.scenario import Scenario, Slot
from edge_runtime.demo.scores import Accuracies
from edge_runtime.demo.track import Track
from edge_runtime.telemetry.record import Record

__all__ = ["LiveProgress"]

RECENT = 20
SPARKS = "▁▂▃▄▅▆▇█"
EVENTS_SHOWN = 6


@dataclass
class _Side:
    """What is shown of one pipeline."""

    said: str = ""
    right: bool | None = None
    head: str = "frozen"
    hits: deque[bool] = field(default_factory=lambda: deque(maxlen=RECENT))
    history: deque[float] = field(default_factory=lambda: deque(maxlen=24))
    windows: int = 0
    latency_ms: float = 0.0
    cycles: int = 0
    mismatches: int = 0

    def take(self, record: Record, slot: Slot | None) -> None:
        self.windows += 1
        self.said = record["name"] or str(record["index"])
        self.head = record["head"]
        self.latency_ms, self.cycles = record["latency_ms"], record["cycles"]
        self.mismatches += record["mismatches"] or 0
        self.right = None if slot is None else slot.label == record["index"]
        if self.right is not None:
            self.hits.append(self.right)
            self.history.append(self.accuracy())

    def accuracy(self) -> float:
        return sum(self.hits) / len(self.hits) if self.hits else 0.0

    def sparkline(self) -> str:
        return "".join(SPARKS[min(7, int(value * 8))] for value in self.history)


class LiveProgress(Progress):
    """A display that is redrawn while the stream plays.

    Parameters
    ----------
    console
        A terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._sides = {"frozen": _Side(), "learning": _Side()}
        self._events: deque[str] = deque(maxlen=EVENTS_SHOWN)
        self._results: list[tuple[int, Accuracies, int]] = []
        self._scenario: Scenario | None = None
        self._truth = ""
        self._title = ""
        self._now_ns = 0
        self._began = 0.0
        self._live = Live(console=console, get_renderable=self.draw, refresh_per_second=10, transient=True)
        self._live.start()

    def say(self, text: str) -> None:
        """Show it above the display."""
        self._live.console.print(text)

    def begin(self, scenario: Scenario, *, number: int, seeds: int) -> None:
        """Show a new stream."""
        self._scenario = scenario
        self._title = f"seed {scenario.seed} ({number} of {seeds})"
        self._sides = {"frozen": _Side(), "learning": _Side()}
        self._events.clear()
        self._began = time.monotonic()

    def record(self, pipeline: str, track: Track, record: Record) -> None:
        """Show a record."""
        if record["kind"] == "head":
            clock = stream_clock(record["t_ns"])
            self._events.append(f"{clock}  {pipeline}: {record['decision']}, {record['head']} serves")
        if record["kind"] != "prediction":
            return
        slot = track.slots[-1]
        if self._now_ns < track.scenario.turn_ns <= record["t_ns"]:
            self._events.append(f"{stream_clock(record['t_ns'])}  the watch is turned")
        self._now_ns = record["t_ns"]
        self._truth = "between two cases" if slot is None else track.scenario.class_names[slot.label]
        self._sides[pipeline].take(record, slot)

    def end(self, scenario: Scenario, accuracies: Accuracies, *, mismatches: int) -> None:
        """Add a seed to the table."""
        self._results.append((scenario.seed, accuracies, mismatches))
        self._now_ns = 0

    def close(self) -> None:
        """Take the display away."""
        self._live.stop()

    def draw(self) -> RenderableType:
        """Return the display as it is now."""
        if self._scenario is None:
            return Text("")
        parts: list[RenderableType] = [self._bar(self._scenario), self._table()]
        if self._events:
            parts.append(Text("\n".join(self._events)))
        if self._results:
            parts.append(self._seeds())
        return Panel(Group(*parts), title=self._title, width=min(self._console.width, 100))

    def _bar(self, scenario: Scenario) -> RenderableType:
        end_ns = scenario.slots[-1].end_ns
        turned = "turned" if self._now_ns >= scenario.turn_ns else "as trained"
        line = Table.grid(padding=(0, 2), expand=True)
        line.add_row(
            f"{stream_clock(self._now_ns)} of {stream_clock(end_ns)}",
            ProgressBar(total=end_ns, completed=self._now_ns, width=36),
            f"watch {turned}",
            f"truth: {self._truth}",
        )
        return line

    def _table(self) -> RenderableType:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
        for column in ("", "says", f"last {RECENT}", "", "head", "windows/s", "latency", "cycles", "mismatches"):
            table.add_column(column)
        elapsed = max(time.monotonic() - self._began, 1e-3)
        for name, side in self._sides.items():
            style = {True: "green", False: "red", None: "dim"}[side.right]
            table.add_row(
                name,
                Text(side.said, style=style),
                percent(side.accuracy()),
                side.sparkline(),
                side.head,
                f"{side.windows / elapsed:.0f}",
                f"{side.latency_ms:.1f} ms",
                f"{side.cycles:,}",
                Text(f"{side.mismatches:,}", style="bold red" if side.mismatches else ""),
            )
        return table

    def _seeds(self) -> RenderableType:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
        for column in ("seed", "before", "frozen after", "learned after", "recovered", "mismatches"):
            table.add_column(column, justify="right")
        for seed, found, mismatches in self._results:
            shares = [found.before, found.frozen_after, found.learned_after, found.recovered]
            table.add_row(str(seed), *[percent(share) for share in shares], str(mismatches))
        return table
