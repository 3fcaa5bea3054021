from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.errors import DataError
from edge_runtime.learning import BalancedMemory, EmbeddingMemory, LabelStatus

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
    memory = EmbeddingMemory(capacity, FEATURES, candidates=2, first_id=first)
    nbytes, made, taken = memory.nbytes, first, set()
    for step in steps:
        if step is None:
            given_id = memory.put(embedding(made), made % 4, t_ns=10 * made, shadows=(made % 3, made % 2))
            assert given_id == made
            made += 1
            continue
        status, remembered = memory.take(step)
        if not first <= step < made:
            assert status is LabelStatus.UNKNOWN
        elif step < made - capacity:
            assert status is LabelStatus.FORGOTTEN
        elif step in taken:
            assert status is LabelStatus.DUPLICATE
        else:
            assert status is LabelStatus.ACCEPTED
            taken.add(step)
            np.testing.assert_array_equal(remembered.embedding, embedding(step))
            assert (remembered.id, remembered.predicted, remembered.t_ns) == (step, step % 4, 10 * step)
            assert remembered.shadows.tolist() == [step % 3, step % 2]
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
        memory.put(np.zeros(4, np.int8), 0, t_ns=0, shadows=(0,))
    with pytest.raises(DataError, match="float32"):
        memory.put(np.zeros(3, np.float32), 0, t_ns=0, shadows=(0,))
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
