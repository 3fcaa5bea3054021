from __future__ import annotations

import pytest

from edge_runtime.demo.scores import Accuracies, recovery_of


def test_what_was_won_back_is_a_share_of_what_the_turn_took() -> None:
    found = Accuracies(before=0.9, frozen_after=0.5, learned_after=0.8)
    assert found.cost == pytest.approx(0.4)
    assert found.recovered == pytest.approx(0.75)


def test_a_turn_that_costs_nothing_leaves_nothing_to_win() -> None:
    assert Accuracies(0.9, 0.9, 0.95).recovered is None
    assert recovery_of([Accuracies(0.9, 0.9, 0.95)] * 3).interval is None


def test_seeds_are_summed_before_the_share_is_taken() -> None:
    recovery = recovery_of([Accuracies(1.0, 0.0, 1.0), Accuracies(1.0, 0.9, 0.9)])
    assert recovery.recovered == pytest.approx(1.0 / 1.1)
    assert recovery.mean.before == 1.0


def test_the_interval_holds_the_share_and_narrows_when_seeds_agree() -> None:
    differing = recovery_of([Accuracies(1.0, 0.5, 0.5 + 0.1 * step) for step in range(6)])
    assert differing.interval is not None
    assert differing.recovered is not None
    low, high = differing.interval
    assert low < differing.recovered < high
    assert recovery_of([Accuracies(1.0, 0.5, 0.9)] * 5).interval == pytest.approx((0.8, 0.8))


def test_the_interval_is_the_same_every_time() -> None:
    seeds = [Accuracies(1.0, 0.5, 0.9), Accuracies(1.0, 0.4, 0.7), Accuracies(0.9, 0.5, 0.9)]
    assert recovery_of(seeds) == recovery_of(seeds)


def test_one_seed_has_no_interval() -> None:
    assert recovery_of([Accuracies(1.0, 0.5, 0.9)]).interval is None
