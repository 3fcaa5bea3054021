"""The contract of the head seam, over every head; and broken heads that each check must catch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from edge_runtime.errors import DataError, StateError
from edge_runtime.learning import (
    FrozenHead,
    Head,
    LinearRegression,
    NearestClassMean,
    RecursiveLeastSquares,
    SoftmaxHead,
    StreamingLDA,
    TrainingStatistics,
    head_from_bytes,
)

FEATURES, CLASSES = 7, 3
MakeHead = Callable[[], Head]


def linear_start() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(5)
    return random.normal(size=(CLASSES, FEATURES)).astype(np.float32), random.normal(size=CLASSES).astype(np.float32)


def training() -> TrainingStatistics:
    embeddings, labels = samples(90, seed=11)
    return TrainingStatistics.of(embeddings, labels, classes=CLASSES)


HEADS: dict[str, MakeHead] = {
    "frozen": lambda: FrozenHead(*linear_start()),
    "softmax": lambda: SoftmaxHead(*linear_start(), rate=0.7),
    "slda": lambda: StreamingLDA(FEATURES, CLASSES),
    "slda forgetting": lambda: StreamingLDA(FEATURES, CLASSES, memory=15.5),
    "slda fixed shrinkage": lambda: StreamingLDA(FEATURES, CLASSES, shrinkage=0.05),
    "slda clipped": lambda: StreamingLDA(FEATURES, CLASSES, clip=1.0),
    "slda of training": lambda: StreamingLDA.of_training(training(), weight=10, memory=40),
    "softmax averaged": lambda: SoftmaxHead(*linear_start(), rate=2, averaged=True),
    "rls": lambda: RecursiveLeastSquares(FEATURES, CLASSES),
    "rls forgetting": lambda: RecursiveLeastSquares(FEATURES, CLASSES, memory=50.0),
    "ncm": lambda: NearestClassMean(FEATURES, CLASSES),
    "ncm forgetting": lambda: NearestClassMean(FEATURES, CLASSES, memory=15.5),
    "regression": lambda: LinearRegression(FEATURES, CLASSES, clip=2.0),
    "regression forgetting": lambda: LinearRegression(FEATURES, CLASSES, memory=50.0),
}


def samples(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Classes whose means are four standard deviations apart."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, CLASSES, count)
    means = 4 * np.eye(CLASSES, FEATURES)
    return (means[labels] + random.normal(size=(count, FEATURES))).astype(np.float32), labels


def learn(head: Head, embeddings: np.ndarray, labels: np.ndarray) -> None:
    """Teach labels, to a head of numbers as one-hot targets."""
    one_hot = isinstance(head, LinearRegression)
    head.learn_many(embeddings, np.eye(CLASSES, dtype=np.float32)[labels] if one_hot else labels)


def check_scores_are_the_linear_ones(make: MakeHead) -> None:
    head = make()
    for count in (0, 1, 40):
        learn(head, *samples(count))
        weights, bias = head.linear()
        assert (weights.dtype, weights.shape) == (np.float32, (CLASSES, FEATURES))
        assert (bias.dtype, bias.shape) == (np.float32, (CLASSES,))
        assert np.isfinite(weights).all()
        assert np.isfinite(bias).all()
        embeddings = samples(9, seed=1)[0]
        scores = head.predict_many(embeddings)
        assert (scores.dtype, scores.shape) == (np.float32, (9, CLASSES))
        np.testing.assert_allclose(scores, embeddings @ weights.T + bias, rtol=1e-5, atol=1e-4)


def check_batching_changes_nothing(make: MakeHead) -> None:
    embeddings, labels = samples(150)
    whole, pieces = make(), make()
    learn(whole, embeddings, labels)
    for part in np.array_split(np.arange(150), [1, 2, 70, 70, 131]):
        learn(pieces, embeddings[part], labels[part])
    assert whole.to_bytes() == pieces.to_bytes()


def check_asking_changes_nothing(make: MakeHead) -> None:
    embeddings, labels = samples(150)
    asked, unasked = make(), make()
    for at in range(0, 150, 7):
        learn(asked, embeddings[at : at + 7], labels[at : at + 7])
        learn(unasked, embeddings[at : at + 7], labels[at : at + 7])
        asked.predict_many(embeddings)
        asked.linear()
    assert asked.to_bytes() == unasked.to_bytes()


def check_a_restored_head_goes_on_as_if_never_saved(make: MakeHead) -> None:
    embeddings, labels = samples(200)
    for cut in (0, 1, 63, 64, 100):
        head = make()
        learn(head, embeddings[:cut], labels[:cut])
        restored = type(head).from_bytes(head.to_bytes(), features=FEATURES, classes=CLASSES)
        for each in (head, restored):
            learn(each, embeddings[cut:], labels[cut:])
        assert restored.to_bytes() == head.to_bytes()
        np.testing.assert_array_equal(restored.predict_many(embeddings), head.predict_many(embeddings))


def check_a_copy_is_independent(make: MakeHead) -> None:
    head = make()
    learn(head, *samples(30))
    before = head.to_bytes()
    copy = head.copy()
    assert copy.to_bytes() == before
    learn(copy, *samples(30, seed=3))
    assert head.to_bytes() == before


def check_bad_input_is_refused_and_not_learnt(make: MakeHead) -> None:
    head = make()
    good, labels = samples(4)
    before = head.to_bytes()
    not_finite = good.copy()
    not_finite[2, 3] = np.nan
    for embeddings, classes in (
        (good[:, :-1], labels),
        (good.astype(np.float64), labels),
        (good[0], labels[:1]),
        (not_finite, labels),
        (good, labels[:3]),
        (good, labels.astype(np.int32)),
        (good, np.array([0, 1, CLASSES, 0])),
        (good, np.array([0, -1, 0, 0])),
    ):
        with pytest.raises(DataError):
            head.learn_many(embeddings, classes)
    for embeddings in (good[:, :-1], good.astype(np.float64), good[0], not_finite):
        with pytest.raises(DataError):
            head.predict_many(embeddings)
    assert head.to_bytes() == before


def check_damage_is_noticed(make: MakeHead) -> None:
    head = make()
    learn(head, *samples(20))
    state = head.to_bytes()
    for at in range(0, len(state), max(1, len(state) // 97)):
        damaged = bytearray(state)
        damaged[at] ^= 0x10
        with pytest.raises(StateError):
            type(head).from_bytes(bytes(damaged), features=FEATURES, classes=CLASSES)
    for length in (0, 5, 20, len(state) // 2, len(state) - 1):
        with pytest.raises(StateError):
            type(head).from_bytes(state[:length], features=FEATURES, classes=CLASSES)
    with pytest.raises(StateError):
        type(head).from_bytes(state + b"\0", features=FEATURES, classes=CLASSES)


def check_another_network_is_refused(make: MakeHead) -> None:
    head = make()
    with pytest.raises(StateError, match=f"{FEATURES} features and {CLASSES} classes"):
        type(head).from_bytes(head.to_bytes(), features=FEATURES + 1, classes=CLASSES)
    with pytest.raises(StateError, match="another network"):
        type(head).from_bytes(head.to_bytes(), features=FEATURES, classes=CLASSES - 1)
    other = StreamingLDA if head.kind != StreamingLDA.kind else FrozenHead
    with pytest.raises(StateError, match="another kind"):
        other.from_bytes(head.to_bytes(), features=FEATURES, classes=CLASSES)


CHECKS = [value for name, value in sorted(globals().items()) if name.startswith("check_")]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", HEADS)
def test_contract(name: str, check: Callable[[MakeHead], None]) -> None:
    check(HEADS[name])


@pytest.mark.parametrize("name", HEADS)
def test_any_kind_is_restored_by_what_it_says(name: str) -> None:
    head = HEADS[name]()
    learn(head, *samples(20))
    restored = head_from_bytes(head.to_bytes(), features=FEATURES, classes=CLASSES)
    assert type(restored) is type(head)
    assert restored.to_bytes() == head.to_bytes()


@pytest.mark.parametrize("name", [name for name in HEADS if name != "frozen"])
def test_what_learns_learns(name: str) -> None:
    head = HEADS[name]()
    learn(head, *samples(400 if name == "softmax averaged" else 120))
    embeddings, labels = samples(500, seed=9)
    assert (head.predict_many(embeddings).argmax(axis=1) == labels).mean() > 0.95


def test_the_frozen_head_stays_as_it_is() -> None:
    head = HEADS["frozen"]()
    before = head.to_bytes()
    learn(head, *samples(50))
    assert head.to_bytes() == before


class Broken(FrozenHead):
    """Keeps the contract, until a subclass breaks it in one place."""

    kind = "broken"


class AveragesEachBatch(Broken):
    def _learn(self, embeddings: np.ndarray, targets: Sequence[int]) -> None:
        if targets:
            self._weights[targets[0]] += embeddings.mean(axis=0)


class LearnsByPredicting(Broken):
    def predict_many(self, embeddings: np.ndarray) -> np.ndarray:
        scores = super().predict_many(embeddings)
        self._bias += np.float32(1)
        return scores


class ForgetsItsBias(Broken):
    def _state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        return {}, {"weights": self._weights, "bias": np.zeros_like(self._bias)}


class SharesItsWeights(Broken):
    def copy(self) -> SharesItsWeights:
        copy = SharesItsWeights(self._weights, self._bias)
        copy._weights = self._weights
        return copy

    def _learn(self, embeddings: np.ndarray, targets: Sequence[int]) -> None:
        self._weights[targets] += 1


class TakesAnything(Broken):
    def _check_embeddings(self, embeddings: np.ndarray) -> None:
        """Look at nothing."""


class ScoresOtherwise(Broken):
    def predict_many(self, embeddings: np.ndarray) -> np.ndarray:
        return super().predict_many(embeddings) * np.float32(2)


class RestoresAnySize(Broken):
    @classmethod
    def from_bytes(cls, data: bytes, *, features: int, classes: int) -> RestoresAnySize:
        return cls(*linear_start())


BROKEN: Mapping[type[Broken], Callable[[MakeHead], None]] = {
    AveragesEachBatch: check_batching_changes_nothing,
    LearnsByPredicting: check_asking_changes_nothing,
    ForgetsItsBias: check_a_restored_head_goes_on_as_if_never_saved,
    SharesItsWeights: check_a_copy_is_independent,
    TakesAnything: check_bad_input_is_refused_and_not_learnt,
    ScoresOtherwise: check_scores_are_the_linear_ones,
    RestoresAnySize: check_another_network_is_refused,
}


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_the_contract_can_fail(broken: type[Broken]) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception, ValueError)):
        BROKEN[broken](lambda: broken(*linear_start()))


def test_the_check_of_damage_can_fail() -> None:
    with pytest.raises(pytest.fail.Exception):
        check_damage_is_noticed(lambda: RestoresAnySize(*linear_start()))
