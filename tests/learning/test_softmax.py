from __future__ import annotations

import numpy as np
import pytest

from edge_runtime.errors import DataError
from edge_runtime.learning import FrozenHead, SoftmaxHead


def test_a_step_is_the_gradient_of_the_log_loss() -> None:
    random = np.random.default_rng(0)
    weights, bias = random.normal(size=(3, 4)).astype(np.float32), random.normal(size=3).astype(np.float32)
    embedding, label, rate = random.normal(size=4).astype(np.float32), 2, 0.3

    def loss(w: np.ndarray, b: np.ndarray) -> float:
        scores = w @ embedding.astype(np.float64) + b
        return float(np.log(np.exp(scores).sum()) - scores[label])

    head = SoftmaxHead(weights, bias, rate=rate)
    head.learn_many(embedding[None], np.array([label]))
    step = rate / (1 + float(embedding @ embedding))
    for index in np.ndindex(3, 4):
        nudge = np.zeros((3, 4))
        nudge[index] = 1e-5
        slope = (loss(weights + nudge, bias) - loss(weights - nudge, bias)) / 2e-5
        assert head.linear()[0][index] - weights[index] == pytest.approx(-step * slope, abs=1e-5)
    for c in range(3):
        nudge = 1e-5 * np.eye(3)[c]
        slope = (loss(weights, bias + nudge) - loss(weights, bias - nudge)) / 2e-5
        assert head.linear()[1][c] - bias[c] == pytest.approx(-step * slope, abs=1e-5)


@pytest.mark.parametrize("scale", [1e-3, 1, 1e4])
def test_the_rate_suits_embeddings_of_any_scale(scale: float) -> None:
    """What was learnt must hold for the next sample of the same kind, and never blow up."""
    random = np.random.default_rng(1)
    labels = random.integers(0, 2, 400)
    embeddings = (scale * (np.where(labels, 2, -2)[:, None] + random.normal(size=(400, 8)))).astype(np.float32)
    head = SoftmaxHead(np.zeros((2, 8), np.float32), np.zeros(2, np.float32), rate=4)
    head.learn_many(embeddings[:200], labels[:200])
    assert np.isfinite(head.linear()[0]).all()
    if scale >= 1:
        assert (head.predict_many(embeddings[200:]).argmax(axis=1) == labels[200:]).mean() > 0.97


def test_scores_of_any_size_stay_finite() -> None:
    head = SoftmaxHead(np.diag([1e3, -1e3]).astype(np.float32), np.zeros(2, np.float32))
    head.learn_many(np.array([[1e3, 1e3], [-1e3, 1e3]], np.float32), np.array([1, 0]))
    assert np.isfinite(head.linear()[0]).all()


def test_it_begins_as_the_layer_it_was_given() -> None:
    random = np.random.default_rng(2)
    weights, bias = random.normal(size=(3, 4)).astype(np.float32), random.normal(size=3).astype(np.float32)
    head = SoftmaxHead(weights, bias)
    layer = FrozenHead(weights, bias)
    weights += 1
    embeddings = random.normal(size=(5, 4)).astype(np.float32)
    np.testing.assert_array_equal(head.predict_many(embeddings), layer.predict_many(embeddings))


@pytest.mark.parametrize("rate", [0, -1, 5, float("nan")])
def test_a_wrong_rate_is_refused(rate: float) -> None:
    with pytest.raises(DataError, match="rate"):
        SoftmaxHead(np.zeros((2, 2), np.float32), np.zeros(2, np.float32), rate=rate)


@pytest.mark.parametrize(
    ("weights", "bias", "says"),
    [
        (np.zeros((2, 3)), np.zeros(3), "shape"),
        (np.zeros(3), np.zeros(3), "shape"),
        (np.full((2, 3), np.inf), np.zeros(2), "finite"),
        (np.zeros((2, 3)), np.array([0, np.nan]), "finite"),
        (np.zeros((0, 3)), np.zeros(0), "at least 1"),
    ],
)
def test_a_wrong_layer_is_refused(weights: np.ndarray, bias: np.ndarray, says: str) -> None:
    for head in (SoftmaxHead, FrozenHead):
        with pytest.raises(DataError, match=says):
            head(weights.astype(np.float32), bias.astype(np.float32))
