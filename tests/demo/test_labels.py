from __future__ import annotations

from edge_runtime.daemon import Label
from edge_runtime.demo.labels import ScenarioLabels
from edge_runtime.demo.scenario import Role, Slot, build_scenario

SECOND = 1_000_000_000


def window_in(slot: Slot, second: int) -> dict[str, int]:
    """A window of four seconds that ends so many seconds after the case began."""
    return {"start_ns": slot.start_ns + (second - 4) * SECOND, "end_ns": slot.start_ns + second * SECOND - 1}


def test_only_labelled_cases_get_labels_and_only_after_so_many_predictions() -> None:
    scenario = build_scenario(0)
    labelled = next(slot for slot in scenario.slots if slot.role is Role.LABELLED)
    untouched = next(slot for slot in scenario.slots if slot.role is Role.EVALUATION)
    feed = ScenarioLabels(scenario)
    feed.predicted(0, **window_in(labelled, 5))
    for prediction in range(1, scenario.plan.label_delay):
        feed.predicted(prediction, **window_in(untouched, 5))
        assert feed.due(0) == []
    feed.predicted(scenario.plan.label_delay, **window_in(untouched, 5))
    assert feed.due(0) == [Label(0, labelled.label)]
    for prediction in range(100, 150):
        feed.predicted(prediction, **window_in(untouched, 5))
    assert feed.due(0) == []


def test_a_window_that_touches_two_cases_gets_no_label() -> None:
    scenario = build_scenario(0)
    feed = ScenarioLabels(scenario)
    for prediction, slot in enumerate(scenario.slots[1:]):
        feed.predicted(prediction, **window_in(slot, 2))
    assert feed.due(0) == []
