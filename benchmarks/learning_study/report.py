"""The report: what was measured in two pictures and two tables, as one HTML file."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from learning_study.drifts import DRIFTS
from learning_study.streams import STREAMS
from learning_study.world import CLEAN, DRIFTED, EVERY, STEPS

__all__ = ["write_report"]

_COLUMNS = (
    "stream",
    "drift",
    "delay",
    "noise",
    "lost_points",
    "recovered",
    "samples_to_90",
    "forgotten_points",
    "above_frozen_drifted_points",
    "above_frozen_returned_points",
    "false_promotions",
    "int8_gap_points",
    "label_us",
    "bytes",
    "served",
    "ungated",
    "best_peer",
)


def write_report(
    runs: Sequence[Mapping[str, Any]],
    cells: Sequence[Mapping[str, Any]],
    results: Mapping[str, Any],
    folder: Path,
) -> None:
    """Write ``report.html`` and its pictures; without matplotlib the report has no pictures and says so."""
    pictures = _draw(runs, cells, folder)
    rows = "".join(f"<tr>{''.join(f'<td>{_text(cell, name)}</td>' for name in _COLUMNS)}</tr>" for cell in cells)
    numbers = "".join(f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in results.items())
    heads = "".join(f"<th>{name.replace('_', ' ')}</th>" for name in _COLUMNS)
    page = (
        "<!doctype html><meta charset='utf-8'><title>Learning on the device</title>"
        "<style>body{font:14px sans-serif;margin:2em}td,th{padding:2px 8px;text-align:left}"
        "img{max-width:100%}</style><h1>Learning on the device</h1>"
        f"<p>{CLEAN} predictions clean, {DRIFTED} drifted, {STEPS - CLEAN - DRIFTED} clean again; "
        "accuracy on test cases that no head learns from. ± is half of a 95 % interval over the seeds.</p>"
        f"<table>{numbers}</table>{pictures}<table><tr>{heads}</tr>{rows}</table>"
    )
    (folder / "report.html").write_text(page)


def _text(cell: Mapping[str, Any], name: str) -> str:
    value = cell[name]
    if name == "best_peer":
        return html.escape(f"{value} {cell['peers'][value]['peer']:.1f}")
    if isinstance(value, Mapping) and "half_width" in value:
        return f"{value['mean']:.1f} ± {value['half_width']:.1f}"
    if isinstance(value, Mapping):
        return f"{100 * value['mean']:.0f} % ({100 * value['low']:.0f} to {100 * value['high']:.0f})"
    return "none" if value is None else html.escape(str(value))


def _draw(runs: Sequence[Mapping[str, Any]], cells: Sequence[Mapping[str, Any]], folder: Path) -> str:
    try:
        import matplotlib as mpl  # noqa: PLC0415 - an extra
    except ImportError:
        return "<p>No pictures: matplotlib is not installed (extra <code>plot</code>).</p>"
    mpl.use("Agg")
    _draw_curves(runs, folder / "curves.png")
    _draw_peers(cells, folder / "peers.png")
    return "<p><img src='curves.png'></p><p><img src='peers.png'></p>"


def _draw_curves(runs: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw the mean accuracy over time of every stream and drift, at a delay of 50 and a fifth of the labels wrong."""
    import matplotlib.pyplot as plt  # noqa: PLC0415 - an extra

    figure, grid = plt.subplots(len(STREAMS), len(DRIFTS), figsize=(16, 13), sharex=True, sharey=True, squeeze=False)
    steps = np.arange(EVERY, STEPS + 1, EVERY)
    for row, stream in enumerate(STREAMS):
        for column, drift in enumerate(DRIFTS):
            axes = grid[row][column]
            axes.set_title(f"{stream}, {drift}", fontsize=9)
            axes.axvspan(CLEAN, CLEAN + DRIFTED, color="0.92")
            wanted = (stream, drift, 50, 0.2)
            chosen = [r for r in runs if (r["stream"], r["drift"], r["delay"], r["noise"]) == wanted]
            if chosen:
                _draw_cell(axes, steps, chosen)
    grid[0][0].legend(fontsize=7, loc="lower left")
    figure.supxlabel("predictions (grey: drifted)")
    figure.supylabel("accuracy on test cases")
    figure.tight_layout()
    figure.savefig(path, dpi=80)
    plt.close(figure)


def _draw_cell(axes: Any, steps: Any, runs: Sequence[Mapping[str, Any]]) -> None:
    names = list(dict.fromkeys(name for run in runs for name in run["peers"]))
    for name in names:
        curves = [run["peers"][name] for run in runs if name in run["peers"]]
        axes.plot(steps, np.mean(curves, axis=0), lw=0.8, alpha=0.7, label=name)
    frozen = np.where(
        (steps > CLEAN) & (steps <= CLEAN + DRIFTED),
        *(np.mean([run[key] for run in runs]) for key in ("frozen_drifted", "frozen_clean")),
    )
    axes.plot(steps, frozen, "k:", lw=1, label="frozen")
    axes.plot(steps, np.mean([run["served"] for run in runs], axis=0), "r", lw=2, label="served")


def _draw_peers(cells: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw, for each peer, the served head's lead over it in every cell."""
    import matplotlib.pyplot as plt  # noqa: PLC0415 - an extra

    names = list(dict.fromkeys(name for cell in cells for name in cell["peers"]))
    figure, axes = plt.subplots(figsize=(10, 4))
    leads = [
        [cell["peers"][name]["served"] - cell["peers"][name]["peer"] for cell in cells if name in cell["peers"]]
        for name in names
    ]
    axes.boxplot(leads, showfliers=True)
    axes.set_xticks(range(1, len(names) + 1), names)
    axes.axhline(0, color="k", lw=0.8)
    axes.set_ylabel("lead of the served head, points")
    figure.tight_layout()
    figure.savefig(path, dpi=80)
    plt.close(figure)
