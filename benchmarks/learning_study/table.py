"""The cells in short, as Markdown: a row for each stream and drift, over its three delays and two noises."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["write_table"]

_HEAD = (
    "| stream | drift | lost | recovered | samples to 90 % | forgotten | int8 less float32 | above the best peer |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- |\n"
)


def write_table(cells: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write the table; numbers are points of accuracy, and where they differ, the least and the most of six cells."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for cell in cells:
        groups[cell["stream"], cell["drift"]].append(cell)
    path.write_text(_HEAD + "".join(_row(*key, group) for key, group in groups.items()))


def _row(stream: str, drift: str, cells: Sequence[Mapping[str, Any]]) -> str:
    recovered = [100 * cell["recovered"]["mean"] for cell in cells if cell["recovered"] is not None]
    samples = [cell["samples_to_90"] for cell in cells if cell["samples_to_90"] is not None]
    fields = (
        stream,
        drift,
        f"{np.mean([cell['lost_points']['mean'] for cell in cells]):.1f}",
        _span(recovered, 0) + (" %" if recovered else ""),
        _span(samples, 0),
        _span([cell["forgotten_points"]["mean"] for cell in cells], 1),
        _span([cell["int8_gap_points"]["mean"] for cell in cells], 2),
        _span([min(peer["served"] - peer["peer"] for peer in cell["peers"].values()) for cell in cells], 1),
    )
    return f"| {' | '.join(fields)} |\n"


def _span(values: Iterable[float], digits: int) -> str:
    numbers = list(values)
    if not numbers:
        return "none"
    low, high = (f"{round(end, digits) + 0:.{digits}f}" for end in (min(numbers), max(numbers)))
    return low if low == high else f"{low} to {high}"
