"""Training sets: what was known at the time of each label, and nothing later."""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.errors import DataError
from edge_runtime.features.compute import FeatureWindow
from edge_runtime.stream.clock import NS_PER_S
from edge_runtime.stream.recording import Recording

__all__ = ["LabelledTime", "join_labels", "label_windows", "read_labels"]


@dataclass(frozen=True)
class LabelledTime:
    """Something that was found to be true at a time, in nanoseconds since the epoch."""

    t_ns: int
    label: str


def join_labels(
    windows: Sequence[FeatureWindow], labels: Sequence[LabelledTime], *, oldest_s: float | None = None
) -> list[tuple[FeatureWindow, str]]:
    """Give each label the newest window that had ended by its time: a point-in-time join.

    Parameters
    ----------
    windows
        Sorted by their ends.
    labels
        In any order.
    oldest_s
        A window that ended longer before the label does not count; None: any age will do.

    Returns
    -------
    A pair for each label that has such a window, in the labels' order
    """
    ends = [window.end_ns for window in windows]
    pairs = []
    for label in labels:
        at = bisect_right(ends, label.t_ns) - 1
        if at >= 0 and (oldest_s is None or label.t_ns - ends[at] <= oldest_s * NS_PER_S):
            pairs.append((windows[at], label.label))
    return pairs


def label_windows(windows: Sequence[FeatureWindow], recording: Recording) -> list[tuple[FeatureWindow, str]]:
    """Give each window what a recording's spans say was true all through it; others are left out."""
    found = [(window, recording.label_between(window.start_ns, window.end_ns)) for window in windows]
    return [(window, label) for window, label in found if label is not None]


def read_labels(path: Path) -> list[LabelledTime]:
    """Read a CSV file with the columns ``t_ns`` (or ``t``, in seconds) and ``label``.

    Raises
    ------
    DataError
        If it cannot be read, or a line has no time; the message names the line.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    labels = []
    for number, row in enumerate(rows, start=2):
        try:
            t_ns = int(row["t_ns"]) if "t_ns" in row else round(float(row["t"]) * NS_PER_S)
            labels.append(LabelledTime(t_ns, row["label"]))
        except (KeyError, TypeError, ValueError) as error:  # noqa: PERF203 - it names the line
            raise DataError(f"{path}: line {number}: needs t_ns (or t) and label ({error})") from error
    return labels
