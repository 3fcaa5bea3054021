"""A world that changes is noticed without labels and without training statistics, by the device's own first windows."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.errors import DataError, StateError
from edge_runtime.learning import Command, DurableLearner, Learner, LearnerOptions, TrainingStatistics
from edge_runtime.learning.startup import StartUpWatch

FEATURES, CLASSES, COUNT = 8, 3, 100
WEIGHTS = np.eye(CLASSES, FEATURES, dtype=np.float32)


def embeddings(count: int, random: np.random.Generator, *, turned: bool = False) -> np.ndarray:
    labels = random.integers(0, CLASSES, count)
    real = 3 * np.eye(CLASSES, FEATURES)[labels] + 0.5 * random.normal(size=(count, FEATURES))
    return (np.roll(real, 4, axis=1) if turned else real).astype(np.float32)


def feed(watch: StartUpWatch, rows: np.ndarray, first: int = 0) -> list[bool]:
    """Return whether each shift led home."""
    found = [watch.add(row, first + number, predicted=int((WEIGHTS @ row).argmax())) for number, row in enumerate(rows)]
    return [event.home for event in found if event is not None]


@pytest.mark.parametrize("seed", range(3))
def test_the_way_out_and_home_is_noticed_by_the_first_windows_statistics(seed: int) -> None:
    random = np.random.default_rng(seed)
    watch = StartUpWatch(COUNT, FEATURES, CLASSES)
    assert feed(watch, embeddings(COUNT + 300, random)) == []
    assert feed(watch, embeddings(150, random, turned=True), 400) == [False]
    assert feed(watch, embeddings(150, random), 550) == [True]


@pytest.mark.parametrize("seen", [40, COUNT, 180])
def test_a_restored_watch_goes_on_as_the_one_it_was_taken_from(seen: int) -> None:
    random = np.random.default_rng(5)
    rows = np.concatenate([embeddings(200, random), embeddings(80, random, turned=True)])
    one, other = (StartUpWatch(COUNT, FEATURES, CLASSES) for _ in range(2))
    feed(one, rows[:seen])
    other.restore(*one.state())
    assert feed(one, rows[seen:], seen) == feed(other, rows[seen:], seen) == [False]
    with pytest.raises(ValueError, match="rows"):
        StartUpWatch(COUNT, FEATURES + 1, CLASSES).restore(*one.state())


def test_a_learner_takes_its_first_windows_for_training_if_it_is_told_to() -> None:
    random = np.random.default_rng(0)
    learner = Learner(
        WEIGHTS, np.zeros(CLASSES, np.float32), scale=0.05, zero_point=0, options=LearnerOptions(startup=COUNT)
    )
    rows = np.concatenate([embeddings(250, random), embeddings(100, random, turned=True)])
    told = []
    for row in np.clip(np.rint(rows / 0.05), -128, 127).astype(np.int8):
        learner.on_prediction(row, int((WEIGHTS @ row).argmax()), t_ns=0)
        told += learner.take_decisions()
    assert [decision.evidence["alarm"] for decision in told] == ["embeddings"]
    assert learner.report()["changes"] == 1


def test_statistics_are_read_from_a_file_and_what_is_none_is_refused(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    known = TrainingStatistics.of(embeddings(50, random), random.integers(0, CLASSES, 50), classes=CLASSES)
    known.save(tmp_path / "known.npz")
    assert TrainingStatistics.read(tmp_path / "known.npz").to_bytes() == known.to_bytes()
    np.savez(tmp_path / "half.npz", counts=known.counts)
    (tmp_path / "text.npz").write_text("no")
    for name in ("half.npz", "text.npz", "nobody.npz"):
        with pytest.raises(StateError, match=rf"{name}: no training statistics: .*counts, means, covariance"):
            TrainingStatistics.read(tmp_path / name)
    with pytest.raises(DataError, match="startup"):
        LearnerOptions(startup=-1)


def test_the_name_of_an_added_class_survives(tmp_path: Path) -> None:
    def make() -> Learner:
        options = LearnerOptions(reserved_classes=2)
        return Learner(WEIGHTS, np.zeros(CLASSES, np.float32), scale=0.05, zero_point=0, options=options)

    with DurableLearner(tmp_path, make) as durable:
        durable.learner.command(Command.ADD_CLASS, "dancing")
    second = DurableLearner(tmp_path, make)  # by the checkpoint
    second.learner.command(Command.ADD_CLASS)
    third = DurableLearner(tmp_path, make)  # killed: by the log
    assert third.learner.report()["classes_added"] == ["dancing", ""]
    assert third.learner.contest.known_classes == 3


def test_a_report_is_json_before_the_first_label_and_after_it() -> None:
    learner = Learner(WEIGHTS, np.zeros(CLASSES, np.float32), scale=0.05, zero_point=0)
    before = json.loads(json.dumps(learner.report(), allow_nan=False))
    assert before["heads"]["served"]["accuracy"] is None
    learner.on_label(learner.on_prediction(np.zeros(FEATURES, np.int8), 1, t_ns=0), 1, source="anna")
    after = json.loads(json.dumps(learner.report(), allow_nan=False))
    assert after["heads"]["served"]["recall"] == [None, 1.0, None]
    assert after["heads"]["served"]["confusion"][1][1] == 1.0
    assert after["sources"]["anna"]["labels"] == 1.0
