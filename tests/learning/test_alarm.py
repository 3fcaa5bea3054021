from __future__ import annotations

import numpy as np
import pytest

from edge_runtime.errors import DataError, StateError
from edge_runtime.learning import ScoreAlarm


@pytest.mark.parametrize("rate", [0.01, 0.05])
def test_false_alarms_are_as_frequent_as_stated_whatever_the_scores_are_like(rate: float) -> None:
    random = np.random.default_rng(0)
    for scores in (random.normal(size=20_000), random.exponential(size=20_000), 100 * random.random(20_000)):
        alarm = ScoreAlarm(rate=rate, warmup=200)
        verdicts = [alarm.take(score) for score in scores.tolist()]
        assert not any(verdict.alarm for verdict in verdicts[:200])
        assert all(verdict.threshold is None for verdict in verdicts[:200])
        assert np.mean([verdict.alarm for verdict in verdicts[200:]]) == pytest.approx(rate, rel=0.1)
        assert alarm.counts == (19_800, sum(verdict.alarm for verdict in verdicts))


def test_what_is_far_from_normal_raises_an_alarm_at_once() -> None:
    random = np.random.default_rng(1)
    alarm = ScoreAlarm(rate=0.01, warmup=300)
    for score in random.normal(size=600).tolist():
        alarm.take(score)
    assert all(alarm.take(8.0 + step).alarm for step in range(10))
    assert alarm.take(float("nan")).alarm


@pytest.mark.parametrize("cut", [0, 50, 100, 500])
def test_a_restored_alarm_goes_on_as_the_one_it_was_taken_from(cut: int) -> None:
    scores = np.random.default_rng(2).normal(size=900).tolist()
    one = ScoreAlarm(rate=0.1, warmup=100)
    for score in scores[:cut]:
        one.take(score)
    other = ScoreAlarm.from_bytes(one.to_bytes(about="a"), about="a")
    assert [one.take(score) for score in scores[cut:]] == [other.take(score) for score in scores[cut:]]
    assert other.counts == one.counts


def test_damage_and_other_scores_are_refused() -> None:
    state = ScoreAlarm().to_bytes(about="one network")
    with pytest.raises(StateError, match="another network's scores"):
        ScoreAlarm.from_bytes(state, about="other network")
    with pytest.raises(StateError):
        ScoreAlarm.from_bytes(state[:-1], about="one network")


@pytest.mark.parametrize("wrong", [{"rate": 0.0}, {"rate": 1.0}, {"warmup": 1}])
def test_wrong_parameters_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(DataError, match="alarm"):
        ScoreAlarm(**wrong)
