from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from edge_runtime.demo.scenario import TURN, Role, ScenarioPlan, build_scenario, turn_samples
from edge_runtime.errors import DataError
from edge_runtime.sources import aeon_data_file, read_ts

SECOND = 1_000_000_000
SEEDS = range(4)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_case_is_both_labelled_and_counted_and_none_is_labelled_twice(seed: int) -> None:
    slots = build_scenario(seed).slots
    times = Counter(slot.case for slot in slots)
    evaluation = {slot.case for slot in slots if slot.role is Role.EVALUATION}
    labelled = {slot.case for slot in slots if slot.role is Role.LABELLED}
    assert not evaluation & labelled
    assert {times[case] for case in labelled} == {1}
    assert {times[case] for case in evaluation} == {2}
    assert evaluation | labelled == set(range(40))


@pytest.mark.parametrize("seed", SEEDS)
def test_each_class_is_dealt_alike(seed: int) -> None:
    hands = Counter((slot.role, slot.turned, slot.label) for slot in build_scenario(seed).slots)
    for label in range(4):
        assert hands[Role.EVALUATION, False, label] == hands[Role.EVALUATION, True, label] == 4
        assert hands[Role.LABELLED, False, label] == hands[Role.LABELLED, True, label] == 3


@pytest.mark.parametrize("seed", SEEDS)
def test_the_recording_is_the_cases_and_knows_only_what_may_be_learnt(seed: int) -> None:
    scenario = build_scenario(seed)
    cases = read_ts(aeon_data_file("BasicMotions", "TEST"))
    assert scenario.class_names == cases.class_names
    for position, slot in enumerate(scenario.slots):
        samples = cases.cases[slot.case]
        expected = turn_samples(samples, TURN) if slot.turned else samples
        np.testing.assert_array_equal(scenario.recording.samples[100 * position : 100 * position + 100], expected)
        assert cases.labels[slot.case] == scenario.class_names[slot.label]
        told = scenario.recording.label_between(slot.start_ns, slot.end_ns - 1)
        assert told == (cases.labels[slot.case] if slot.role is Role.LABELLED else None)


def test_the_watch_is_turned_half_way_and_stays_so() -> None:
    scenario = build_scenario(0)
    assert scenario.turn_ns == 280 * SECOND
    assert len(scenario.recording) == 5600
    assert [slot.turned for slot in scenario.slots] == [False] * 28 + [True] * 28
    assert [slot.role for slot in scenario.slots[28:]] == [Role.LABELLED] * 12 + [Role.EVALUATION] * 16
    rounds = np.array([slot.label for slot in scenario.slots[28:40]]).reshape(3, 4)
    assert np.sort(rounds, axis=1).tolist() == [[0, 1, 2, 3]] * 3


def test_a_seed_gives_one_stream_and_another_seed_another() -> None:
    first, again, other = build_scenario(1), build_scenario(1), build_scenario(2)
    np.testing.assert_array_equal(first.recording.samples, again.recording.samples)
    assert first.slots == again.slots
    assert first.slots != other.slots


def test_a_window_belongs_to_the_case_that_it_lies_wholly_in() -> None:
    scenario = build_scenario(0)
    second = scenario.slots[1]
    tenth = SECOND // 10
    assert scenario.slot_of(second.start_ns, second.start_ns + 39 * tenth) == second
    assert scenario.slot_of(second.end_ns - 40 * tenth, second.end_ns - tenth) == second
    assert scenario.slot_of(second.end_ns - 39 * tenth, second.end_ns) is None
    assert scenario.slot_of(-tenth, 38 * tenth) is None
    end = scenario.slots[-1].end_ns
    assert scenario.slot_of(end, end + tenth) is None


def test_the_turn_can_be_done_by_hand() -> None:
    """A rotation keeps lengths and handedness, of acceleration and of rotation rate alike."""
    samples = np.random.default_rng(0).normal(size=(50, 6)).astype(np.float32)
    turned = turn_samples(samples, TURN)
    assert (turned.dtype, turned.shape) == (np.float32, samples.shape)
    for triple in (slice(0, 3), slice(3, 6)):
        before, after = samples[:, triple], turned[:, triple]
        np.testing.assert_array_equal(after, np.stack([before[:, 0], before[:, 2], -before[:, 1]], axis=1))
        np.testing.assert_allclose(
            np.cross(after[:-1], after[1:]), np.cross(before[:-1], before[1:]) @ np.array(TURN).T, rtol=1e-5, atol=1e-6
        )


@pytest.mark.parametrize(
    "wrong", [((1, 0, 0), (0, 0, 1), (0, 1, 0)), ((1, 0, 0), (0, 2, 0), (0, 0, 1)), ((0, 0, 0),) * 3]
)
def test_what_is_no_rotation_is_refused(wrong: tuple[tuple[int, int, int], ...]) -> None:
    with pytest.raises(DataError, match="no rotation"):
        ScenarioPlan(turn=wrong)


def test_a_plan_for_more_cases_than_there_are_is_refused() -> None:
    with pytest.raises(DataError, match="needs 11 cases of each class"):
        build_scenario(0, ScenarioPlan(evaluation_per_class=5))
    with pytest.raises(DataError, match="negative"):
        ScenarioPlan(label_delay=-1)
