from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.errors import DataError
from edge_runtime.stream import Sequencer


def play(numbers: list[int], **options: int) -> tuple[list[tuple[int, int]], Sequencer[int]]:
    sequencer = Sequencer[int](**options)
    told = [(one.item, one.lost) for number in numbers for one in sequencer.push(number, number)]
    return told + [(one.item, one.lost) for one in sequencer.flush()], sequencer


def test_what_is_in_order_passes_at_once() -> None:
    sequencer = Sequencer[str](bound=4)
    assert [one.item for one in sequencer.push(7, "a")] == ["a"]
    assert [one.item for one in sequencer.push(8, "b")] == ["b"]


def test_without_a_bound_nothing_waits() -> None:
    told, sequencer = play([1, 2, 5, 4, 6])
    assert told == [(1, 0), (2, 0), (5, 2), (6, 0)]
    assert (sequencer.lost, sequencer.late, sequencer.duplicates) == (2, 1, 0)


def test_a_late_item_within_the_bound_is_put_in_place() -> None:
    told, sequencer = play([1, 3, 4, 2, 5], bound=2)
    assert told == [(n, 0) for n in range(1, 6)]
    assert (sequencer.reordered, sequencer.lost, sequencer.late) == (1, 0, 0)


def test_a_missing_item_is_waited_for_only_as_long_as_the_bound_says() -> None:
    told, sequencer = play([1, 3, 4, 5, 2], bound=2)
    assert told == [(1, 0), (3, 1), (4, 0), (5, 0)]
    assert (sequencer.lost, sequencer.late) == (1, 1)


def test_numbers_wrap() -> None:
    told, sequencer = play([254, 255, 0, 1, 3], modulus=256)
    assert told == [(254, 0), (255, 0), (0, 0), (1, 0), (3, 1)]
    assert sequencer.lost == 1


@given(
    count=st.integers(1, 200),
    bound=st.integers(0, 8),
    loss=st.floats(0, 0.3),
    repeats=st.floats(0, 0.3),
    seed=st.integers(0, 999),
    start=st.integers(0, 2**16 - 1),
)
def test_everything_is_told_once_in_order_and_accounted_for(
    count: int, bound: int, loss: float, repeats: float, seed: int, start: int
) -> None:
    draw = random.Random(seed)
    kept = [n for n in range(count) if n == 0 or draw.random() >= loss]
    # Nothing is overtaken by more than the bound's items, and the first stays the first.
    keys = {n: n + draw.uniform(0, bound) for n in kept}
    sent = [0, *sorted(kept[1:], key=keys.__getitem__)]
    repeated = [n for n in sent for _ in range(2 if draw.random() < repeats else 1)]
    told, sequencer = play([(start + n) % 2**16 for n in repeated], bound=bound, modulus=2**16)
    assert [item for item, _ in told] == [(start + n) % 2**16 for n in kept]
    assert sequencer.late == 0
    assert sequencer.duplicates == len(repeated) - len(kept)
    assert sequencer.lost == sum(lost for _, lost in told) == kept[-1] + 1 - len(kept)


@pytest.mark.parametrize("options", [{"bound": -1}, {"bound": 3, "modulus": 12}])
def test_a_bound_that_makes_no_sense_is_refused(options: dict[str, int]) -> None:
    with pytest.raises(DataError, match="it must be 0 or more, and far smaller"):
        Sequencer[int](**options)
