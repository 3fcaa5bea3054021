from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.errors import DataError
from edge_runtime.learning import Prequentials


@given(hits=st.lists(st.booleans(), min_size=1, max_size=60), fading=st.floats(0.1, 1), window=st.integers(1, 20))
def test_against_the_definition(hits: list[bool], fading: float, window: int) -> None:
    accuracy = Prequentials(["a", "not a"], fading=fading, window=window)
    for hit in hits:
        accuracy.add(np.array([hit, not hit]))
    score = accuracy.scores()["a"]
    assert accuracy.scores()["not a"].correct == len(hits) - score.correct
    weights = [fading**age for age in range(len(hits))][::-1]
    last = hits[-window:]
    assert (score.count, score.correct, score.window) == (len(hits), sum(hits), len(last))
    assert score.faded == pytest.approx(sum(w for w, hit in zip(weights, hits, strict=True) if hit) / sum(weights))
    assert score.windowed == pytest.approx(sum(last) / len(last))
    assert score.overall == pytest.approx(sum(hits) / len(hits))


def test_nothing_is_known_before_the_first_label() -> None:
    score = Prequentials(["a"]).scores()["a"]
    assert (score.count, score.window) == (0, 0)
    assert math.isnan(score.faded)
    assert math.isnan(score.windowed)
    assert math.isnan(score.overall)


@pytest.mark.parametrize("wrong", [{"fading": 0}, {"fading": 1.01}, {"window": 0}])
def test_wrong_parameters_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(DataError, match=next(iter(wrong))):
        Prequentials(["a"], **wrong)
