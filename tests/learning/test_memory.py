from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.errors import DataError
from edge_runtime.learning import BalancedMemory, EmbeddingMemory, LabelStatus
from edge_runtime.learning.memory import LabelledMemory

FEATURES = 3


def embedding(number: int) -> np.ndarray:
    return np.array([number, -number, number // 2], np.int64).astype(np.int8)


@given(
    capacity=st.integers(1, 6),
    first=st.integers(0, 5),
    steps=st.lists(st.none() | st.integers(-3, 25), max_size=60),
)
def test_against_a_memory_that_forgets_nothing(capacity: int, first: int, steps: list[int | None]) -> None:
    """None is a prediction, a number a label for that id."""
    memory = EmbeddingMemory(capacity, FEATURES, candidates=2, classes=3, first_id=first)
    nbytes, made, taken = memory.nbytes, first, set()
    for step in steps:
        if step is None:
            odds = np.full((2, 3), made / 64)
            votes = (made % 3, made % 2)
            given_id = memory.put(embedding(made), made % 4, t_ns=10 * made, votes=votes, odds=odds)
            assert given_id == made
            made += 1
            continue
        status, remembered = memory.take(step)
        if not 0 <= step < made:
            assert status is LabelStatus.UNKNOWN
        elif step < max(first, made - capacity):
            assert status is LabelStatus.FORGOTTEN
        elif step in taken:
            assert status is LabelStatus.DUPLICATE
        else:
            assert status is LabelStatus.ACCEPTED
            taken.add(step)
            np.testing.assert_array_equal(remembered.embedding, embedding(step))
            assert (remembered.id, remembered.predicted, remembered.t_ns) == (step, step % 4, 10 * step)
            assert remembered.votes.tolist() == [step % 3, step % 2]
            assert (remembered.odds == np.float16(step / 64)).all()
        assert (remembered is None) == (status is not LabelStatus.ACCEPTED)
    assert memory.nbytes == nbytes
    assert memory.next_id == made


def test_what_was_taken_does_not_change_when_its_slot_is_used_again() -> None:
    memory = EmbeddingMemory(1, FEATURES)
    memory.put(embedding(7), 0, t_ns=0)
    remembered = memory.take(0)[1]
    memory.put(embedding(9), 0, t_ns=0)
    np.testing.assert_array_equal(remembered.embedding, embedding(7))


@pytest.mark.parametrize(
    ("made", "count", "expected"), [(0, 4, []), (3, 9, [0, 1, 2]), (9, 2, [7, 8]), (9, 9, [4, 5, 6, 7, 8])]
)
def test_recent_embeddings_are_the_newest_oldest_first(made: int, count: int, expected: list[int]) -> None:
    memory = EmbeddingMemory(5, FEATURES)
    for number in range(made):
        memory.put(embedding(number), 0, t_ns=0)
    recent = memory.recent(count)
    assert recent.dtype == np.int8
    assert recent[:, 0].tolist() == expected


def test_wrong_input_is_refused() -> None:
    memory = EmbeddingMemory(4, FEATURES, candidates=1)
    with pytest.raises(DataError, match=r"int8\[3\] is needed"):
        memory.put(np.zeros(4, np.int8), 0, t_ns=0, votes=(0,), odds=(1.0,))
    with pytest.raises(DataError, match="float32"):
        memory.put(np.zeros(3, np.float32), 0, t_ns=0, votes=(0,), odds=(1.0,))
    with pytest.raises(DataError, match="one per candidate"):
        memory.put(embedding(0), 0, t_ns=0)
    assert memory.next_id == 0
    with pytest.raises(DataError, match="at least 1"):
        EmbeddingMemory(0, FEATURES)


@given(st.lists(st.integers(0, 2), max_size=50))
def test_the_balanced_memory_keeps_the_newest_of_each_class(labels: list[int]) -> None:
    memory = BalancedMemory(4, FEATURES, 3)
    for number, label in enumerate(labels):
        memory.add(embedding(number), label)
    embeddings, kept = memory.samples()
    assert len(memory) == len(kept) == len(embeddings)
    for label in range(3):
        newest = [number for number, each in enumerate(labels) if each == label][-4:]
        assert sorted(embeddings[kept == label, 0].tolist()) == newest
    memory.clear()
    assert len(memory) == 0
    assert memory.samples()[0].shape == (0, FEATURES)


def test_a_balanced_memory_of_nothing_is_refused() -> None:
    with pytest.raises(DataError, match="at least 1"):
        BalancedMemory(0, FEATURES, 3)


def test_a_span_of_time_names_the_windows_that_lie_wholly_in_it() -> None:
    memory = EmbeddingMemory(5, FEATURES)
    for number in range(8):
        memory.put(embedding(number), 0, t_ns=10 * number + 40, start_ns=10 * number)
    assert memory.within(0, 1000) == [3, 4, 5, 6, 7]
    assert memory.within(40, 100) == [4, 5, 6]
    assert memory.within(41, 99) == [5]
    assert memory.within(41, 60) == []


def test_after_a_restart_lost_predictions_are_forgotten_and_kept_ones_still_wait() -> None:
    memory = EmbeddingMemory(8, FEATURES, candidates=1, classes=2)
    for number in range(6):
        memory.put(embedding(number), 1, t_ns=number, votes=(1,), odds=(0.25, 0.75))
    memory.take(2)
    restored = EmbeddingMemory(8, FEATURES, candidates=1, classes=2)
    restored.restore(*memory.state())
    restored.skip_to(9)
    assert restored.put(embedding(9), 0, t_ns=9, votes=(0,), odds=(1, 0)) == 9
    fates = {number: restored.status(number) for number in range(11)}
    assert [number for number, fate in fates.items() if fate is LabelStatus.ACCEPTED] == [3, 4, 5, 9]
    assert [number for number, fate in fates.items() if fate is LabelStatus.FORGOTTEN] == [0, 1, 6, 7, 8]
    assert (fates[2], fates[10]) == (LabelStatus.DUPLICATE, LabelStatus.UNKNOWN)
    assert restored.recent(9)[:, 0].tolist() == [2, 3, 4, 5, 9]
    remembered = restored.take(4)[1]
    assert remembered.odds.tolist() == [[0.25, 0.75]]
    with pytest.raises(ValueError, match="'embeddings' is"):
        EmbeddingMemory(9, FEATURES, candidates=1, classes=2).restore(*memory.state())


def test_labelled_embeddings_since_a_prediction_come_as_they_came() -> None:
    memory = LabelledMemory(4, FEATURES)
    for prediction in (3, 1, 5, 4, 6):
        memory.note(prediction)
        memory.add(prediction, embedding(prediction), prediction % 2)
    embeddings, labels = memory.since(4)
    assert (embeddings[:, 0].tolist(), labels.tolist()) == ([5, 4, 6], [1, 0, 0])
    assert [memory.prediction_before(back) for back in (1, 2, 4, 99)] == [6, 4, 1, 1]
