"""A learner's life as a process that a test may kill at any instant.

Usage: durable_life.py FOLDER STEPS. It goes on where the folder's state is, and prints the number of each label as
soon as it was answered: what was printed must never be lost.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from edge_runtime.learning import DurableLearner, Learner, LearnerOptions, TrainingStatistics

FEATURES, CLASSES = 12, 3
DELAY = 7


def statistics() -> TrainingStatistics:
    random = np.random.default_rng(1)
    labels = random.integers(0, CLASSES, 300)
    embeddings = 2 * np.eye(CLASSES, FEATURES)[labels] + 0.5 * random.normal(size=(300, FEATURES))
    return TrainingStatistics.of(embeddings.astype(np.float32), labels, classes=CLASSES)


def make_learner() -> Learner:
    weights = 2 * np.eye(CLASSES, FEATURES, dtype=np.float32)
    return Learner(
        weights,
        np.zeros(CLASSES, np.float32),
        scale=0.05,
        zero_point=-20,
        statistics=statistics(),
        options=LearnerOptions(capacity=64, refresh_every=3, held_out_every=4),
    )


class Keeping(DurableLearner):
    """Keeps every log, so that a test can repeat a whole life from the first label."""

    def _tidy(self) -> None:
        """Remove nothing."""


def sample(number: int) -> tuple[np.ndarray, int]:
    """The embedding and true class of the prediction with this id; the world changes after 150."""
    random = np.random.default_rng([5, number])
    label = int(random.integers(CLASSES))
    real = 2 * np.eye(CLASSES, FEATURES)[label] + 0.5 * random.normal(size=FEATURES)
    if number > 150:
        real = np.roll(real, 5)
    return np.clip(np.rint(real / 0.05) - 20, -128, 127).astype(np.int8), label


def live(durable: DurableLearner, steps: int) -> None:
    """Predict, and learn the label of the prediction `DELAY` steps before, if this life has made it."""
    learner = durable.learner
    for _ in range(steps):
        number = learner.memory.next_id
        embedding, _ = sample(number)
        weights, bias = learner.served_linear()
        predicted = int(np.argmax(weights @ learner.contest.real(embedding) + bias))
        learner.on_prediction(embedding, predicted, t_ns=number)
        due = number - DELAY
        if due >= 0:
            outcome = learner.on_label(due, sample(due)[1], source=f"source {due % 2}")
            if outcome.decision is not None:
                print(due, flush=True)
        durable.checkpoint_if_due()


if __name__ == "__main__":
    with Keeping(Path(sys.argv[1]), make_learner, checkpoint_every=40, reserve=16) as durable:
        live(durable, int(sys.argv[2]))
