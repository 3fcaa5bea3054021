"""Sums up the runs: per cell with its confidence interval, over all cells, and one flat object of results."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from learning_study.peers import UNGATED
from learning_study.table import write_table
from learning_study.world import CLEAN, DRIFTED, EVERY, STEPS

__all__ = ["cells_of", "summarise"]

SMALLEST_LOSS = 0.03
"""Where the offline head wins back less than this over the frozen one, there is no recovery to speak of."""
LABELS = 500
SETTLED = 200
"""So many labels after the return to clean data, that world must serve well again."""
# Student's t at 97.5 % for 1 to 9 degrees of freedom, then the normal's.
_T = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26)
_NORMAL = 1.96

Run = Mapping[str, Any]
Curve = npt.NDArray[np.float64]


def summarise(runs: Sequence[Run], folder: Path) -> dict[str, Any]:
    """Write ``cells.json`` and the report into a folder, and return the flat object of results."""
    from learning_study.report import write_report  # noqa: PLC0415 - it draws, which a summary alone need not

    cells = cells_of(runs)
    (folder / "cells.json").write_text(json.dumps(cells, indent=1))
    results = _results(cells, runs)
    write_report(runs, cells, results, folder)
    write_table(cells, folder / "table.md")
    return results


def cells_of(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Return what each cell's seeds say together."""
    groups: dict[tuple[Any, ...], list[Run]] = defaultdict(list)
    for run in runs:
        groups[run["stream"], run["drift"], run["delay"], run["noise"]].append(run)
    return [_cell(key, group) for key, group in groups.items()]


def _cell(key: tuple[Any, ...], runs: Sequence[Run]) -> dict[str, Any]:
    stream, drift, delay, noise = key
    after_drift, after_return = (_mean_interval([_below(run)[part] for run in runs]) for part in (0, 1))
    lost = _mean_interval([100 * (run["frozen_clean"] - run["frozen_drifted"]) for run in runs])
    gain = np.mean([run["offline"] - run["frozen_drifted"] for run in runs])
    peers = _peers(runs)
    ungated = peers.pop(UNGATED)
    return {
        "stream": stream,
        "drift": drift,
        "delay": delay,
        "noise": noise,
        "seeds": len(runs),
        "lost_points": lost,
        "offline_gain_points": round(100 * float(gain), 2),
        "recovered": _recovered(runs) if gain >= SMALLEST_LOSS else None,
        "samples_to_90": _mean([_samples_to_90(run) for run in runs]),
        "forgotten_points": _mean_interval([_forgotten(run) for run in runs]),
        "above_frozen_drifted_points": after_drift,
        "above_frozen_returned_points": after_return,
        "below_frozen": min(end["mean"] + end["half_width"] for end in (after_drift, after_return)) < -1,
        "false_promotions": round(float(np.mean([run["false_promotions"] for run in runs])), 3),
        "int8_gap_points": _mean_interval([_int8_gap(run) for run in runs]),
        "label_us": round(float(np.median([run["label_us"] for run in runs])), 1),
        "bytes": int(np.max([run["bytes"] for run in runs])),
        "served": round(100 * float(np.mean([_lifetime(run["served"]) for run in runs])), 2),
        "ungated": ungated["peer"],
        "peers": peers,
        "best_peer": max(peers, key=lambda name: peers[name]["peer"]),
        "best_peer_beaten": all(numbers["served"] > numbers["peer"] for numbers in peers.values()),
    }


def _peers(runs: Sequence[Run]) -> dict[str, dict[str, float]]:
    """Return each peer's accuracy over drift and return, and what was served on the same seeds."""
    found = {}
    for name in dict.fromkeys(name for run in runs for name in run["peers"]):
        both = [(_lifetime(run["peers"][name]), _lifetime(run["served"])) for run in runs if name in run["peers"]]
        peer, served = np.mean(both, axis=0)
        found[name] = {"peer": round(100 * float(peer), 2), "served": round(100 * float(served), 2), "seeds": len(both)}
    return found


def _lifetime(curve: Sequence[float]) -> float:
    """Return the mean accuracy from the drift to the end, in whatever world it is then."""
    return float(np.mean(curve[CLEAN // EVERY :]))


def _end_of_drift(curve: Sequence[float]) -> float:
    return float(np.mean(curve[(CLEAN + DRIFTED) // EVERY - 2 : (CLEAN + DRIFTED) // EVERY]))


def _recovered(runs: Sequence[Run]) -> dict[str, float]:
    """Return the share of the offline head's gain that was won back: the ratio of the means, and its interval."""
    won = np.array([_end_of_drift(run["served"]) - run["frozen_drifted"] for run in runs])
    most = np.array([run["offline"] - run["frozen_drifted"] for run in runs])
    random = np.random.default_rng(0)
    picks = random.integers(0, len(runs), (1000, len(runs)))
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = np.nanpercentile(won[picks].sum(axis=1) / most[picks].sum(axis=1), [2.5, 97.5])
    ratio = float(won.sum() / most.sum())
    return {"mean": round(ratio, 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def _samples_to_90(run: Run) -> float | None:
    """Return how many predictions after the drift nine tenths of the offline head's gain are reached; None: never."""
    goal = run["frozen_drifted"] + 0.9 * (run["offline"] - run["frozen_drifted"])
    if run["offline"] - run["frozen_drifted"] < SMALLEST_LOSS:
        return None
    curve = np.array(run["served"][CLEAN // EVERY : (CLEAN + DRIFTED) // EVERY])
    reached = np.flatnonzero(curve >= goal)
    return float((reached[0] + 1) * EVERY) if len(reached) else float(DRIFTED)


def _forgotten(run: Run) -> float:
    """Return what the end of the stream, clean again, has lost against the frozen head, in points."""
    return 100 * (run["frozen_clean"] - float(np.mean(run["served"][-2:])))


def _below(run: Run) -> tuple[float, float]:
    """Return how far served is above frozen: drifted after 500 labels, and settled after the return."""
    curve, end = np.array(run["served"]), (CLEAN + DRIFTED) // EVERY
    drifted = curve[(LABELS + run["delay"]) // EVERY : end] - run["frozen_drifted"]
    returned = curve[end + (SETTLED + run["delay"]) // EVERY :] - run["frozen_clean"]
    return 100 * float(drifted.mean()), 100 * float(returned.mean())


def _int8_gap(run: Run) -> float:
    return 100 * float(np.mean(np.array(run["served"]) - np.array(run["float"])))


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(float(np.mean(known)), 1) if known else None


def _mean_interval(values: Sequence[float]) -> dict[str, float]:
    """Return a mean and half the width of its 95 % interval (Student's t)."""
    count = len(values)
    t = _T[count - 2] if 2 <= count <= len(_T) + 1 else _NORMAL
    half = t * float(np.std(values, ddof=1)) / count**0.5 if count > 1 else 100.0
    return {"mean": round(float(np.mean(values)), 3), "half_width": round(half, 3)}


def _results(cells: Sequence[Mapping[str, Any]], runs: Sequence[Run]) -> dict[str, Any]:
    recovered = [cell["recovered"]["mean"] for cell in cells if cell["recovered"] is not None]
    beaten = np.array([cell["best_peer_beaten"] for cell in cells])
    return {
        "benchmark": "learning",
        "cells": len(cells),
        "seeds": min((cell["seeds"] for cell in cells), default=0),
        "runs": len(runs),
        "steps": STEPS,
        "median_recovered": _median(recovered),
        "cells_with_a_loss": len(recovered),
        "median_forgotten_points": _median([cell["forgotten_points"]["mean"] for cell in cells]),
        "most_forgotten_points": _largest(cells, lambda cell: cell["forgotten_points"]["mean"]),
        "cells_below_frozen": sum(cell["below_frozen"] for cell in cells),
        "int8_gap_points": _largest(cells, lambda cell: abs(cell["int8_gap_points"]["mean"])),
        "median_int8_gap_points": _median([cell["int8_gap_points"]["mean"] for cell in cells]),
        "cells_best_peer_beaten": int(beaten.sum()),
        "median_lead_over_ungated_points": _median([cell["served"] - cell["ungated"] for cell in cells]),
        "median_lead_points": _median([_lead(cell) for cell in cells]),
        "false_promotions_per_run": round(float(np.mean([run["false_promotions"] for run in runs])), 4),
        "bytes": max((cell["bytes"] for cell in cells), default=0),
    }


def _lead(cell: Mapping[str, Any]) -> float:
    """Return how far the served head is above the peer that comes nearest to it, in points of accuracy."""
    return float(min(numbers["served"] - numbers["peer"] for numbers in cell["peers"].values()))


def _median(values: Sequence[float]) -> float | None:
    return round(float(np.median(values)), 4) if values else None


def _largest(cells: Sequence[Mapping[str, Any]], of: Callable[[Mapping[str, Any]], float]) -> float | None:
    return round(max(of(cell) for cell in cells), 3) if cells else None
