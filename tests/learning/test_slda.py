from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.errors import DataError
from edge_runtime.learning import StreamingLDA


def stream(count: int, features: int, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, count)
    mixing = random.normal(size=(features, features))
    means = random.normal(scale=3, size=(classes, features))
    return (means[labels] + random.normal(size=(count, features)) @ mixing).astype(np.float32), labels


def pooled(embeddings: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The within-class covariance by its definition; a class's first sample tells nothing of the spread."""
    seen = np.unique(labels)
    deviations = np.concatenate([embeddings[labels == c] - embeddings[labels == c].mean(axis=0) for c in seen])
    return deviations.T @ deviations / (len(labels) - len(seen))


@given(count=st.integers(8, 300), features=st.integers(1, 6), classes=st.integers(1, 4), seed=st.integers(0, 99))
def test_the_cumulative_statistics_are_those_of_the_whole_batch(
    count: int, features: int, classes: int, seed: int
) -> None:
    embeddings, labels = stream(count, features, classes, seed)
    head = StreamingLDA(features, classes)
    head.learn_many(embeddings, labels)
    expected = pooled(embeddings.astype(np.float64), labels)
    np.testing.assert_allclose(head.covariance(), expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_scores_are_the_discriminant_functions_but_for_what_all_classes_share() -> None:
    embeddings, labels = stream(400, 5, 3, seed=1)
    head = StreamingLDA(5, 3, shrinkage=0.2)
    head.learn_many(embeddings, labels)
    covariance = pooled(embeddings.astype(np.float64), labels)
    regularised = 0.8 * covariance + 0.2 * np.trace(covariance) / 5 * np.eye(5)
    means = np.stack([embeddings[labels == c].mean(axis=0) for c in range(3)])
    weights = np.linalg.solve(regularised, means.T).T
    scores = embeddings @ weights.T - 0.5 * np.sum(weights * means, axis=1)
    np.testing.assert_allclose(
        head.predict_many(embeddings), scores - scores.mean(axis=1, keepdims=True), rtol=1e-3, atol=2e-3
    )


def test_the_estimated_shrinkage_is_the_oracle_approximating_one() -> None:
    """Against a direct reading of Chen et al. 2010, equation 23, over few and over many samples."""
    for count in (12, 30, 3000):
        embeddings, labels = stream(count, 5, 2, seed=count)
        head = StreamingLDA(5, 2)
        head.learn_many(embeddings, labels)
        s = pooled(embeddings.astype(np.float64), labels)
        n, p = count - len(np.unique(labels)), 5
        numerator = (1 - 2 / p) * np.trace(s @ s) + np.trace(s) ** 2
        rho = min(1.0, numerator / ((n + 1 - 2 / p) * (np.trace(s @ s) - np.trace(s) ** 2 / p)))
        fixed = StreamingLDA(5, 2, shrinkage=rho)
        fixed.learn_many(embeddings, labels)
        np.testing.assert_allclose(head.linear()[0], fixed.linear()[0], rtol=1e-3, atol=1e-5)


def test_the_forgetting_statistics_are_faded_ones() -> None:
    embeddings, labels = stream(300, 3, 2, seed=2)
    head = StreamingLDA(3, 2, memory=10)
    head.learn_many(embeddings, labels)
    for c in range(2):
        own = embeddings[labels == c].astype(np.float64)
        fade = 0.9 ** np.arange(len(own) - 1, -1, -1)
        expected = (own * fade[:, None]).sum(axis=0) / fade.sum()
        np.testing.assert_allclose(head._means[c], expected, rtol=1e-4, atol=1e-4)


def test_the_forgetting_covariance_is_a_faded_one_too() -> None:
    """With one class, each label's deviation from the mean before it, weighted by its age (through two folds)."""
    embeddings = stream(150, 3, 1, seed=6)[0].astype(np.float64)
    head = StreamingLDA(3, 1, memory=10)
    head.learn_many(embeddings.astype(np.float32), np.zeros(150, np.int64))
    mean, count, scatter, weight = embeddings[0], 1.0, np.zeros((3, 3)), 0.0
    for embedding in embeddings[1:]:
        count = 0.9 * count + 1
        deviation = embedding - mean
        scatter = 0.9 * scatter + (count - 1) / count * np.outer(deviation, deviation)
        weight = 0.9 * weight + 1
        mean = mean + deviation / count
    np.testing.assert_allclose(head.covariance(), scatter / weight, rtol=1e-4, atol=1e-4)


def test_the_forgetting_variant_follows_a_turn_that_the_cumulative_one_mixes_up() -> None:
    random = np.random.default_rng(0)
    means = 5 * np.eye(3, 4)
    turn = np.eye(4)[[1, 2, 0, 3]]
    cumulative, forgetting = StreamingLDA(4, 3), StreamingLDA(4, 3, memory=10)
    for matrix, count in ((np.eye(4), 600), (turn, 90)):
        labels = random.integers(0, 3, count)
        embeddings = ((means[labels] + random.normal(size=(count, 4))) @ matrix).astype(np.float32)
        for head in (cumulative, forgetting):
            head.learn_many(embeddings, labels)
    labels = random.integers(0, 3, 500)
    embeddings = ((means[labels] + random.normal(size=(500, 4))) @ turn).astype(np.float32)
    forgot, mixed = ((h.predict_many(embeddings).argmax(axis=1) == labels).mean() for h in (forgetting, cumulative))
    assert forgot > 0.95
    assert mixed < 0.7


def test_a_class_that_was_never_labelled_never_wins() -> None:
    embeddings, labels = stream(100, 6, 4, seed=4)
    head = StreamingLDA(6, 5)
    head.learn_many(embeddings, np.where(labels == 0, 4, labels))
    far = (1000 * np.random.default_rng(1).normal(size=(500, 6))).astype(np.float32)
    assert 0 not in head.predict_many(np.concatenate([embeddings, far])).argmax(axis=1)


def test_dead_units_and_constant_classes_do_no_harm() -> None:
    head = StreamingLDA(3, 2, shrinkage=0)
    embeddings = np.array([[1, 0, 0], [2, 0, 0], [8, 0, 0], [9, 0, 0]] * 5, np.float32)
    head.learn_many(embeddings, np.array([0, 0, 1, 1] * 5))
    assert head.predict_many(embeddings).argmax(axis=1).tolist() == [0, 0, 1, 1] * 5
    same = StreamingLDA(3, 2)
    same.learn_many(np.array([[1, 0, 0], [0, 1, 0]] * 4, np.float32), np.array([0, 1] * 4))
    assert same.predict_many(np.eye(3, dtype=np.float32)[:2]).argmax(axis=1).tolist() == [0, 1]


@pytest.mark.parametrize("wrong", [{"memory": 1}, {"memory": float("nan")}, {"shrinkage": -0.1}, {"shrinkage": 1.5}])
def test_wrong_parameters_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(DataError, match=next(iter(wrong))):
        StreamingLDA(4, 2, **wrong)
