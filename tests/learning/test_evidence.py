from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from edge_runtime.learning.evidence import Evidence


def add(evidence: Evidence, *, challenger: bool, serving: bool) -> None:
    evidence.add(np.array([challenger]), serving=serving)


def value(evidence: Evidence) -> float:
    return float(evidence.values[0])


def fed(outcomes: list[int]) -> Evidence:
    """1 is a label that only the challenger met, -1 one that only the serving head met."""
    evidence = Evidence()
    for outcome in outcomes:
        add(evidence, challenger=outcome > 0, serving=outcome < 0)
    return evidence


def labels_until(threshold: float, win: float, random: np.random.Generator, most: int) -> int:
    evidence = Evidence()
    for count in range(1, most + 1):
        won = bool(random.random() < win)
        add(evidence, challenger=won, serving=not won)
        if value(evidence) >= threshold:
            return count
    return most


def test_labels_that_both_meet_or_both_miss_say_nothing() -> None:
    evidence = fed([1, 1])
    before = value(evidence)
    add(evidence, challenger=True, serving=True)
    add(evidence, challenger=False, serving=False)
    assert (value(evidence), evidence.wins(), evidence.losses()) == (before, 2, 0)


def test_wins_and_losses_are_those_that_made_the_evidence() -> None:
    """Not those of a bad start long ago."""
    evidence = fed([-1] * 40 + [1] * 6 + [-1] + [1] * 4)
    assert (evidence.wins(), evidence.losses()) == (10, 1)


def test_one_fair_label_neither_gains_nor_loses_on_average() -> None:
    """From the start, and from any state whose bettors all hold more than they began with."""
    assert np.mean([value(fed([x])) for x in (1, -1)]) == pytest.approx(1)
    ahead = value(fed([1, 1, 1]))
    assert np.mean([value(fed([1, 1, 1, x])) for x in (1, -1)]) == pytest.approx(ahead)


def test_restarts_add_at_most_one_a_label() -> None:
    """What bounds the false alarms of an e-detector: under a fair coin its mean after n labels is at most n."""
    for length in range(1, 11):
        mean = np.mean([value(fed(list(outcomes))) for outcomes in product((1, -1), repeat=length)])
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
    while value(evidence) < 100:
        add(evidence, challenger=True, serving=False)
        wins += 1
    assert 5 <= wins <= 12


def test_a_small_advantage_is_found_in_the_end() -> None:
    random = np.random.default_rng(2)
    assert np.median([labels_until(100, 0.7, random, 2000) for _ in range(20)]) < 200


def test_several_challengers_are_as_so_many_single_ones() -> None:
    random = np.random.default_rng(3)
    together, single = Evidence(3), [Evidence() for _ in range(3)]
    for _ in range(200):
        hits, present, serving = random.random(3) < 0.6, random.random(3) < 0.8, bool(random.random() < 0.5)
        together.add(hits, serving=serving, present=present)
        for evidence, hit, here in zip(single, hits.tolist(), present.tolist(), strict=True):
            if here:
                add(evidence, challenger=hit, serving=serving)
    assert together.values.tolist() == [value(evidence) for evidence in single]
    assert [together.wins(i) for i in range(3)] == [evidence.wins() for evidence in single]
    restored = Evidence(3)
    restored.restore(together.state())
    assert restored.state().tobytes() == together.state().tobytes()
    together.reset(np.array([1]))
    assert together.values.tolist() == [value(single[0]), 1.0, value(single[2])]
