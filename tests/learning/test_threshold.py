from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.errors import DataError, StateError
from edge_runtime.learning import AdaptiveThreshold


@given(scores=st.lists(st.floats(0, 1), min_size=200, max_size=200), rate=st.sampled_from([0.01, 0.1, 0.5]))
def test_the_share_of_alarms_is_as_stated_whatever_the_scores_do(scores: list[float], rate: float) -> None:
    threshold = AdaptiveThreshold(rate=rate, step=0.1, initial=0.5)
    alarms = sum(threshold.learn_one(score) for score in scores)
    assert abs(alarms / len(scores) - rate) <= (1 + 0.1) / (0.1 * len(scores))
    assert (threshold.scores, threshold.alarms) == (len(scores), alarms)


def test_a_drift_of_the_scores_is_followed() -> None:
    random = np.random.default_rng(0)
    threshold = AdaptiveThreshold(rate=0.05, step=0.1, initial=2.0)
    for level in (0.0, 5.0):
        for _ in range(3000):
            threshold.learn_one(float(random.normal() + level))
        late = [threshold.learn_one(float(random.normal() + level)) for _ in range(4000)]
        assert np.mean(late) == pytest.approx(0.05, abs=0.01)


def test_no_number_is_always_an_alarm() -> None:
    assert AdaptiveThreshold(rate=0.1, step=0.1, initial=1e9).passes(float("nan"))


def test_the_state_comes_back_and_another_is_refused() -> None:
    threshold = AdaptiveThreshold(rate=0.1, step=0.25, initial=1.0)
    for score in (0.0, 3.0, 0.5):
        threshold.learn_one(score)
    assert AdaptiveThreshold.from_bytes(threshold.to_bytes()).__dict__ == threshold.__dict__
    with pytest.raises(StateError):
        AdaptiveThreshold.from_bytes(threshold.to_bytes()[:-1])


@pytest.mark.parametrize("wrong", [{"rate": 0}, {"rate": 1}, {"step": 0}, {"initial": float("nan")}])
def test_wrong_parameters_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(DataError):
        AdaptiveThreshold(**{"rate": 0.1, "step": 0.1, "initial": 0.0, **wrong})
