"""The report's pictures, drawn by matplotlib as SVG."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from edge_runtime.demo.play import Played
from edge_runtime.demo.probe import LayerCycles
from edge_runtime.demo.scenario import Role
from edge_runtime.demo.scores import Accuracies
from edge_runtime.demo.track import Track
from edge_runtime.errors import ToolError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["accuracy_picture", "check_plotting", "cycles_picture", "latency_picture", "seeds_picture"]

NS_PER_MINUTE = 60e9
SMOOTHING = 20
FROZEN, LEARNING, TURN, QUIET = "#b4552d", "#1f6f8b", "#444444", "#9aa5ab"


def check_plotting() -> None:
    """Find out before the work whether pictures can be drawn.

    Raises
    ------
    ToolError
        If matplotlib is missing.
    """
    try:
        import matplotlib  # noqa: F401, PLC0415 # an extra, needed here only
    except ImportError as error:
        raise ToolError("the report's pictures need matplotlib: pip install 'edge-runtime[plot]'") from error


@contextmanager
def _drawing(width: float, height: float, files: list[str]) -> Iterator[Axes]:
    """Give one axes to draw on, then append the SVG to `files`."""
    # Not through pyplot, which would keep state and look for a screen.
    from matplotlib import rc_context  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    with rc_context(
        {"font.size": 9.0, "svg.hashsalt": "edge-runtime", "axes.spines.top": False, "axes.spines.right": False}
    ):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure.subplots()
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    files.append(buffer.getvalue())


def accuracy_picture(played: Played) -> str:
    """Draw both pipelines' accuracy over time, with the turn and every change of head."""
    files: list[str] = []
    with _drawing(9.0, 3.4, files) as axes:
        _shade_evaluation(axes, played)
        for name, track, colour in (("frozen", played.frozen, FROZEN), ("learning", played.learning, LEARNING)):
            minutes, accuracy = _running_accuracy(track)
            axes.plot(minutes, accuracy, color=colour, label=name, linewidth=1.8)
        axes.axvline(played.scenario.turn_ns / NS_PER_MINUTE, color=TURN, linewidth=1.2)
        axes.text(played.scenario.turn_ns / NS_PER_MINUTE, 1.07, " the watch is turned", color=TURN, va="bottom")
        _mark_switches(axes, played.learning)
        axes.set(xlabel="minutes of the stream", ylabel=f"accuracy, last {SMOOTHING} windows", ylim=(-0.02, 1.05))
        axes.legend(loc="lower left", frameon=False)
    return files[0]


def _running_accuracy(track: Track) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    hits = track.hits()
    known = ~np.isnan(hits)
    sums = np.concatenate([[0.0], np.cumsum(hits[known], dtype=np.float64)])
    ends = np.arange(1, len(sums))
    starts = np.maximum(0, ends - SMOOTHING)
    return np.array(track.end_ns)[known] / NS_PER_MINUTE, (sums[ends] - sums[starts]) / (ends - starts)


def _shade_evaluation(axes: Axes, played: Played) -> None:
    label: str | None = "never labelled: accuracy is counted here"
    for slot in played.scenario.slots:
        if slot.role is Role.EVALUATION:
            span = (slot.start_ns / NS_PER_MINUTE, slot.end_ns / NS_PER_MINUTE)
            axes.axvspan(*span, color=QUIET, alpha=0.18, linewidth=0, label=label)
            label = None


def _mark_switches(axes: Axes, track: Track) -> None:
    labels = {"promote": "a learned head is promoted", "roll back": "rolled back to the frozen head"}
    for decision, marker in (("promote", "^"), ("roll back", "v")):
        minutes = [switch.t_ns / NS_PER_MINUTE for switch in track.switches if switch.decision == decision]
        if minutes:
            axes.plot(
                minutes,
                [0.02] * len(minutes),
                marker,
                color=LEARNING,
                linestyle="",
                markersize=8,
                label=labels[decision],
            )


def latency_picture(played: Sequence[Played]) -> str:
    """Draw how the latencies of all windows are distributed."""
    tracks = [track for one in played for track in (one.frozen, one.learning)]
    latencies = np.concatenate([track.latency_ms for track in tracks])
    p50, p99 = np.percentile(latencies, [50, 99])
    files: list[str] = []
    with _drawing(4.4, 2.8, files) as axes:
        axes.hist(latencies, bins=np.geomspace(latencies.min(), latencies.max() * 1.01, 50).tolist(), color=LEARNING)
        for value, name in ((p50, "p50"), (p99, "p99")):
            axes.axvline(value, color=TURN, linewidth=1)
            axes.text(value, 1.0, f" {name} {value:.2f} ms", transform=axes.get_xaxis_transform(), va="top")
        axes.set(xscale="log", xlabel="ms from a block's arrival to the prediction", ylabel="windows")
    return files[0]


def cycles_picture(layers: Sequence[LayerCycles]) -> str:
    """Draw the engine's cycles, layer by layer."""
    files: list[str] = []
    with _drawing(4.4, 0.9 + 0.45 * len(layers), files) as axes:
        places = range(len(layers))
        bars = axes.barh(places, [layer.counted for layer in layers], color=LEARNING)
        axes.bar_label(bars, [f" {layer.counted}" for layer in layers])
        axes.set_yticks(places, [layer.name for layer in layers])
        axes.invert_yaxis()
        axes.set(xlabel="cycles, as the RTL counted them")
        axes.margins(x=0.12)
    return files[0]


def seeds_picture(seeds: Sequence[int], found: Sequence[Accuracies]) -> str:
    """Draw each seed's accuracies: before the turn, and after it without and with learning."""
    series: list[tuple[str, str, Any, str]] = [
        ("before the turn", "o", [one.before for one in found], QUIET),
        ("frozen, after", "v", [one.frozen_after for one in found], FROZEN),
        ("learning, after", "^", [one.learned_after for one in found], LEARNING),
    ]
    files: list[str] = []
    with _drawing(9.0, 2.6, files) as axes:
        places = range(len(seeds))
        axes.vlines(places, series[1][2], series[2][2], color=QUIET, linewidth=1)
        for name, marker, values, colour in series:
            axes.plot(places, values, marker, color=colour, label=name, markersize=7)
        axes.set_xticks(places, [str(seed) for seed in seeds])
        axes.set(xlabel="seed", ylabel="accuracy", ylim=(-0.02, 1.05))
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return files[0]
