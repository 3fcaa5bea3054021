"""Heads from elsewhere: they take part with no evidence for them, and are found again after a kill."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_runtime.errors import DataError, FitError, StateError
from edge_runtime.learning import Command, DecisionKind, DurableLearner, FrozenHead, Learner
from edge_runtime.learning.contest import PUSHED
from edge_runtime.learning.events import HeadEvent, event_from_bytes, event_to_bytes

OWN = np.array([[1, 0, 0, 0], [0, 1, 0, 0]], np.float32), np.zeros(2, np.float32)
RIGHT = np.array([[0, 0, 1, 0], [0, 0, 0, 1]], np.float32), np.zeros(2, np.float32)


def make(*, takes_heads: bool = True) -> Learner:
    challengers = {PUSHED: FrozenHead(*OWN)} if takes_heads else {"other": FrozenHead(*OWN)}
    return Learner(*OWN, scale=0.1, zero_point=0, challengers=challengers)


def live(learner: Learner, count: int, *, seed: int = 0) -> list[str]:
    """Predictions of which the last two features tell the class, each with its label at once; return who served."""
    random, served = np.random.default_rng(seed), []
    for _ in range(count):
        label = int(random.integers(2))
        embedding = random.integers(-100, 100, 4).astype(np.int8)
        embedding[2 + label], embedding[3 - label] = 90, -90
        weights, bias = learner.served_linear()
        predicted = int((weights @ embedding.astype(np.float32) + bias).argmax())
        learner.on_label(learner.on_prediction(embedding, predicted, t_ns=0), label)
        served.append(learner.serving)
    return served


def test_a_better_head_is_promoted_on_labels_of_predictions_after_it() -> None:
    learner = make()
    assert set(live(learner, 100)) == {"frozen"}
    (decision,) = learner.push_head(*RIGHT, about="night 2")
    assert (decision.kind, decision.changes_head) == (DecisionKind.SHADOW, False)
    assert decision.evidence == {"candidates": "pushed", "since": 100, "pushed": "night 2"}
    served = live(learner, 60, seed=1)
    assert 5 < served.index("pushed") < 40
    assert served[-1] == "pushed"
    np.testing.assert_array_equal(learner.served_linear()[0], RIGHT[0])


def test_a_worse_head_never_serves_unless_somebody_says_so() -> None:
    learner = make()
    learner.push_head(*RIGHT)
    learner.command(Command.PROMOTE, PUSHED)
    learner.push_head(*OWN)
    assert learner.serving == "kept", "what serves stays as it is"
    assert set(live(learner, 200)) == {"kept"}
    np.testing.assert_array_equal(learner.served_linear()[0], RIGHT[0])


def test_what_does_not_fit_is_refused_and_nothing_changes() -> None:
    learner = make()
    written: list[object] = []
    learner.journal = written.extend
    for weights in (np.ones((2, 3), np.float32), np.ones((3, 4), np.float32), np.full((2, 4), np.nan, np.float32)):
        with pytest.raises(DataError):
            learner.push_head(weights, np.zeros(len(weights), np.float32))
    with pytest.raises(DataError, match="made without a candidate 'pushed'"):
        make(takes_heads=False).push_head(*RIGHT)
    assert written == []


@pytest.mark.parametrize("checkpoint", [False, True])
def test_it_is_found_again_after_a_kill(tmp_path: Path, checkpoint: bool) -> None:
    killed = DurableLearner(tmp_path, make)
    live(killed.learner, 10)
    killed.learner.push_head(*RIGHT, about="night 2")
    if checkpoint:
        killed.checkpoint()
    live(killed.learner, 3)
    with DurableLearner(tmp_path, make) as found:
        np.testing.assert_array_equal(found.learner.head(PUSHED).linear()[0], RIGHT[0])
        found.learner.command(Command.SHADOW, PUSHED)
        np.testing.assert_array_equal(found.learner.head(PUSHED).linear()[0], RIGHT[0])
        assert "pushed" in live(found.learner, 60)


def test_a_command_that_was_refused_does_not_stand_in_the_way_of_a_restart(tmp_path: Path) -> None:
    killed = DurableLearner(tmp_path, make)
    with pytest.raises(DataError, match="no candidate is named 'nonsense'"):
        killed.learner.command(Command.PROMOTE, "nonsense")
    with pytest.raises(FitError, match="reserved no more"):
        killed.learner.command(Command.ADD_CLASS, "third")
    killed.learner.command(Command.PROMOTE, PUSHED)
    with DurableLearner(tmp_path, make) as found:
        assert found.learner.serving == PUSHED


def test_a_head_in_the_log_keeps_its_bits_and_a_cut_one_is_none() -> None:
    event = HeadEvent(7, RIGHT[0], np.array([0.1, -3.5], np.float32), "night 2")
    found = event_from_bytes(event_to_bytes(event))
    assert isinstance(found, HeadEvent)
    assert (found.at, found.about) == (7, "night 2")
    np.testing.assert_array_equal(found.weights, event.weights)
    np.testing.assert_array_equal(found.bias, event.bias)
    with pytest.raises(StateError, match="no event"):
        event_from_bytes(event_to_bytes(event)[:-4])
