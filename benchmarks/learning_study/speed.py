"""What one update costs, beside river's: 64 features, 8 classes, one label after the other, in one process."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from edge_runtime.learning import Head, NearestClassMean, RecursiveLeastSquares, SoftmaxHead, StreamingLDA

__all__ = ["update_costs"]

FEATURES, CLASSES = 64, 8
LABELS, ROUNDS = 100, 60


def update_costs() -> dict[str, float]:
    """Return microseconds of processor time for one update of each head and of river's.

    The best of many rounds, taken in turn; ``update_us`` is the slowest head's, the ratio that of like to like.
    """
    random = np.random.default_rng(0)
    rows = np.maximum(random.normal(size=(LABELS, FEATURES)), 0).astype(np.float32)
    labels = random.integers(0, CLASSES, LABELS)
    heads: dict[str, Head] = {
        "softmax": SoftmaxHead(np.zeros((CLASSES, FEATURES), np.float32), np.zeros(CLASSES, np.float32)),
        "rls": RecursiveLeastSquares(FEATURES, CLASSES),
        "slda": StreamingLDA(FEATURES, CLASSES, clip=3.0),
        "ncm": NearestClassMean(FEATURES, CLASSES),
    }
    learners: dict[str, Callable[[], object]] = {
        f"{name}_update_us": _learn_one_by_one(head, rows, labels) for name, head in heads.items()
    }
    learners["river_update_us"] = _river(rows, labels)
    best = dict.fromkeys(learners, float("inf"))
    for _ in range(ROUNDS):
        for name, learn in learners.items():
            began = time.thread_time()
            learn()
            best[name] = min(best[name], (time.thread_time() - began) / LABELS * 1e6)
    costs = {name: round(value, 2) for name, value in best.items()}
    slowest = max(costs[f"{name}_update_us"] for name in heads)
    ratio = round(costs["river_update_us"] / costs["softmax_update_us"], 2)
    return {**costs, "update_us": slowest, "ratio_river_update": ratio}


def _learn_one_by_one(head: Head, rows: Any, labels: Any) -> Callable[[], object]:
    samples = [(rows[at : at + 1], labels[at : at + 1]) for at in range(len(rows))]
    return lambda: [head.learn_many(row, label) for row, label in samples]


def _river(rows: Any, labels: Any) -> Callable[[], object]:
    from river.linear_model import SoftmaxRegression  # noqa: PLC0415 - a peer

    model = SoftmaxRegression()
    samples = [(dict(enumerate(row.tolist())), int(label)) for row, label in zip(rows, labels, strict=True)]
    return lambda: [model.learn_one(row, label) for row, label in samples]
