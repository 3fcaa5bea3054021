from __future__ import annotations

import math

import numpy as np
import pytest

from edge_runtime.errors import DataError
from edge_runtime.learning import Evaluation

ODDS = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])


def fed(labels: list[int], votes: list[tuple[int, int]], **options: float) -> Evaluation:
    evaluation = Evaluation(["a", "b"], 3, **options)
    for label, vote in zip(labels, votes, strict=True):
        evaluation.add(label, votes=np.array(vote), odds=ODDS, delay_ns=10)
    return evaluation


def test_against_the_definitions() -> None:
    labels, votes = [0, 1, 2, 2, 0, 1], [(0, 2), (1, 2), (2, 2), (0, 2), (0, 0), (2, 1)]
    quality = fed(labels, votes, fading=1.0).quality("a")
    confusion = np.zeros((3, 3))
    for label, (vote, _) in zip(labels, votes, strict=True):
        confusion[label, vote] += 1
    np.testing.assert_allclose(quality.confusion, confusion)
    assert quality.accuracy == pytest.approx(4 / 6)
    chance = float(confusion.sum(0) @ confusion.sum(1)) / 36
    assert quality.kappa == pytest.approx((4 / 6 - chance) / (1 - chance))
    assert quality.recall.tolist() == [1.0, 0.5, 0.5]
    assert quality.log_loss == pytest.approx(-np.mean([math.log(ODDS[0, label]) for label in labels]))


def test_older_labels_count_less() -> None:
    labels, votes = [0] * 50 + [1] * 10, [(0, 0)] * 60
    evaluation = fed(labels, votes, fading=0.9)
    weights = 0.9 ** np.arange(59, -1, -1.0)
    assert evaluation.quality("a").accuracy == pytest.approx(weights[:50].sum() / weights.sum())
    assert evaluation.quality("a").labels == pytest.approx(weights.sum())
    assert evaluation.mean_delay_ns == pytest.approx(10)


def test_a_long_life_overflows_nothing() -> None:
    evaluation = fed([0, 1] * 400, [(0, 1)] * 800, fading=0.9)
    assert evaluation.quality("b").accuracy == pytest.approx(1 / 1.9)
    assert np.isfinite(evaluation.quality("b").log_loss)


def test_calibration_is_confidence_against_what_came() -> None:
    evaluation = Evaluation(["a"], 2, fading=1.0)
    for number in range(10):
        evaluation.add(int(number < 6), votes=np.array([1]), odds=np.array([[0.25, 0.75]]), delay_ns=0)
    assert evaluation.quality("a").calibration_error == pytest.approx(0.15)


def test_nothing_is_known_before_the_first_label_and_of_one_that_was_forgotten() -> None:
    evaluation = fed([0, 1], [(0, 0), (1, 1)])
    evaluation.forget("a")
    assert math.isnan(evaluation.quality("a").accuracy)
    assert evaluation.quality("b").accuracy == 1
    assert math.isnan(Evaluation(["a"], 2).mean_delay_ns)


def test_a_restored_evaluation_goes_on_as_the_one_it_was_taken_from() -> None:
    evaluation = fed([0, 1, 2], [(0, 0), (1, 1), (1, 2)])
    other = Evaluation(["a", "b"], 3)
    other.restore(*evaluation.state())
    assert repr(other.quality("b")) == repr(evaluation.quality("b"))
    with pytest.raises(ValueError, match="'confusion' is"):
        Evaluation(["a"], 3).restore(*evaluation.state())


def test_wrong_input_is_refused() -> None:
    with pytest.raises(DataError, match="no candidate is named 'c'"):
        fed([], []).quality("c")
    for names, classes, fading in (([], 2, 1.0), (["a"], 0, 1.0), (["a"], 2, 0.0)):
        with pytest.raises(DataError, match="evaluation"):
            Evaluation(names, classes, fading=fading)
