from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from edge_runtime.learning.evidence import Evidence


def fed(outcomes: list[int]) -> Evidence:
    """1 is a label that only the challenger met, -1 one that only the serving head met."""
    evidence = Evidence()
    for outcome in outcomes:
        evidence.add(challenger=outcome > 0, serving=outcome < 0)
    return evidence


def labels_until(threshold: float, win: float, random: np.random.Generator, most: int) -> int:
    evidence = Evidence()
    for count in range(1, most + 1):
        won = bool(random.random() < win)
        evidence.add(challenger=won, serving=not won)
        if evidence.value >= threshold:
            return count
    return most


def test_labels_that_both_meet_or_both_miss_say_nothing() -> None:
    evidence = fed([1, 1])
    before = evidence.value
    evidence.add(challenger=True, serving=True)
    evidence.add(challenger=False, serving=False)
    assert (evidence.value, evidence.wins, evidence.losses) == (before, 2, 0)


def test_wins_and_losses_are_those_that_made_the_evidence() -> None:
    """Not those of a bad start long ago."""
    evidence = fed([-1] * 40 + [1] * 6 + [-1] + [1] * 4)
    assert (evidence.wins, evidence.losses) == (10, 1)


def test_one_fair_label_neither_gains_nor_loses_on_average() -> None:
    """From the start, and from any state whose bettors all hold more than they began with."""
    assert np.mean([fed([x]).value for x in (1, -1)]) == pytest.approx(1)
    ahead = fed([1, 1, 1]).value
    assert np.mean([fed([1, 1, 1, x]).value for x in (1, -1)]) == pytest.approx(ahead)


def test_restarts_add_at_most_one_a_label() -> None:
    """What bounds the false alarms of an e-detector: under a fair coin its mean after n labels is at most n."""
    for length in range(1, 11):
        mean = np.mean([fed(list(outcomes)).value for outcomes in product((1, -1), repeat=length)])
        assert mean <= length


@pytest.mark.parametrize("win", [0.5, 0.3])
def test_a_challenger_that_is_not_better_is_promoted_no_oftener_than_promised(win: float) -> None:
    random = np.random.default_rng(1)
    runs = [labels_until(20, win, random, 2000) for _ in range(60)]
    assert np.mean(runs) >= 20
    if win < 0.5:
        assert np.mean(runs) > 1000


def test_a_better_challenger_is_found_soon_even_after_a_long_time_of_being_worse() -> None:
    evidence = fed([-1] * 500)
    wins = 0
    while evidence.value < 100:
        evidence.add(challenger=True, serving=False)
        wins += 1
    assert 5 <= wins <= 12


def test_a_small_advantage_is_found_in_the_end() -> None:
    random = np.random.default_rng(2)
    assert np.median([labels_until(100, 0.7, random, 2000) for _ in range(20)]) < 200
