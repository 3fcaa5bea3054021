from __future__ import annotations

import json

import numpy as np
import pytest

from edge_runtime.errors import DataError
from edge_runtime.learning import Decision, DecisionKind, Gate, GateOptions, MemoryCheck
from edge_runtime.learning.evidence import Evidence
from edge_runtime.learning.gate import KEPT
from edge_runtime.learning.standing import Ballot

NAMES = ["frozen", "steady", "quick"]
UNKNOWN = MemoryCheck(candidate=0, serving=0, samples=0)


def bits(hits: dict[str, bool]) -> np.ndarray:
    return np.array(list(hits.values()))


def run(gate: Gate, labels: int, right: set[str], *, served: bool, check: MemoryCheck = UNKNOWN) -> Decision:
    """Feed labels on which exactly `right` are right, until the gate changes its mind or they are used up."""
    hits = {name: name in right for name in NAMES}
    for _ in range(labels):
        gate.observe(Ballot(0, served, bits(hits)))
        decision = gate.decide(lambda _: check)
        if decision.changes_head:
            return decision
    return gate.hold()


def promoted(name: str = "steady") -> Gate:
    gate = Gate(NAMES)
    assert run(gate, 40, {name}, served=False).kind is DecisionKind.PROMOTE
    return gate


def test_the_frozen_head_serves_first_and_as_long_as_none_is_better() -> None:
    gate = Gate(NAMES)
    assert run(gate, 500, {"frozen", "steady", "quick"}, served=True).kind is DecisionKind.HOLD
    assert run(gate, 500, {"frozen"}, served=True).kind is DecisionKind.HOLD
    assert gate.serving == "frozen"


def test_a_challenger_that_wins_is_promoted_with_its_evidence() -> None:
    gate = Gate(NAMES)
    decision = run(gate, 40, {"steady"}, served=False)
    assert (decision.kind, decision.serving, gate.serving) == (DecisionKind.PROMOTE, "steady", "steady")
    assert decision.evidence["over"] == "frozen"
    assert decision.evidence["losses"] == 0
    assert 8 <= decision.evidence["wins"] <= 15
    assert decision.evidence["e_value"] >= 200
    json.dumps(decision.evidence)


def test_the_more_challengers_the_more_evidence_each_needs() -> None:
    """A gate's promise is about all of them together: ten that are not better promote no oftener than one."""
    crowd = Gate(["frozen", *(str(number) for number in range(10))])
    alone = Gate(["frozen", "0"])
    needed = []
    for gate, hits in ((alone, np.array([False, True])), (crowd, np.arange(11) == 1)):
        labels = 0
        while gate.serving == "frozen":
            gate.observe(Ballot(0, served=False, hits=hits))
            gate.decide(lambda _: UNKNOWN)
            labels += 1
        needed.append(labels)
    assert needed[0] < needed[1] < 2 * needed[0]


def test_of_two_as_good_the_first_named_is_taken_and_of_two_the_better() -> None:
    gate = Gate(NAMES)
    assert run(gate, 40, {"quick", "steady"}, served=False).serving == "steady"
    gate = Gate(NAMES)
    hits = {"frozen": False, "steady": True, "quick": True}
    gate.observe(Ballot(0, served=False, hits=bits({**hits, "steady": False})))
    for _ in range(20):
        gate.observe(Ballot(0, served=False, hits=bits(hits)))
    assert gate.decide(lambda _: UNKNOWN).serving == "quick"


def test_a_challenger_that_is_worse_on_an_up_to_date_memory_is_held_back() -> None:
    gate = Gate(NAMES)
    hits = {"frozen": True, "steady": True, "quick": True}
    fine = MemoryCheck(candidate=20, serving=30, samples=32)
    for label in range(200):
        # The serving head misses every tenth label, and the challenger does not.
        gate.observe(Ballot(label, served=label % 10 > 0, hits=bits({**hits, "frozen": label % 10 > 0})))
        decision = gate.decide(lambda _: fine)
        assert decision.kind is DecisionKind.HOLD
    refused = decision.evidence["refused"]["steady"]
    assert refused["memory"] == {"candidate_right": 20, "serving_right": 30, "samples": 32, "up_to_date": True}
    assert gate.serving == "frozen"


def test_a_memory_of_a_world_that_has_gone_does_not_block_the_recovery() -> None:
    gate = Gate(NAMES)
    run(gate, 50, {"frozen", "steady", "quick"}, served=True)
    drifted = run(gate, 40, {"steady"}, served=False, check=MemoryCheck(candidate=5, serving=32, samples=32))
    assert drifted.kind is DecisionKind.PROMOTE
    assert drifted.evidence["memory"]["up_to_date"] is False


@pytest.mark.parametrize(("candidate", "accepted"), [(32, True), (31, True), (30, False), (0, False)])
def test_the_margin(candidate: int, accepted: bool) -> None:
    gate = Gate(NAMES, options=GateOptions(margin=0.05))
    assert gate.compare(MemoryCheck(candidate, serving=32, samples=32))[0] is accepted


def test_a_promoted_head_that_loses_against_the_frozen_one_is_rolled_back_on_less_evidence() -> None:
    gate = promoted()
    decision = run(gate, 40, {"frozen"}, served=False, check=MemoryCheck(candidate=0, serving=32, samples=32))
    assert (decision.kind, decision.serving) == (DecisionKind.ROLL_BACK, "frozen")
    assert decision.evidence["over"] == "steady"
    assert 20 <= decision.evidence["e_value"] < 50


def test_after_a_rollback_the_challenger_needs_new_evidence() -> None:
    gate = promoted()
    run(gate, 40, {"frozen"}, served=False)
    assert run(gate, 4, {"steady"}, served=False).kind is DecisionKind.HOLD
    assert run(gate, 40, {"steady"}, served=False).kind is DecisionKind.PROMOTE


def test_a_challenger_may_replace_a_challenger() -> None:
    gate = promoted("quick")
    decision = run(gate, 40, {"steady"}, served=False)
    assert (decision.kind, decision.serving, decision.evidence["over"]) == (DecisionKind.PROMOTE, "steady", "quick")


def test_a_promotion_is_watched_and_the_head_before_it_comes_back_on_less_evidence() -> None:
    gate = promoted("quick")
    assert run(gate, 40, {"steady"}, served=False).serving == "steady"
    decision = run(gate, 10, {"quick"}, served=False)
    assert (decision.kind, decision.serving, decision.evidence["over"]) == (DecisionKind.ROLL_BACK, "quick", "steady")


def test_after_the_watch_the_head_before_is_a_challenger_like_others() -> None:
    gate = Gate(NAMES, options=GateOptions(watch=10))
    run(gate, 40, {"quick"}, served=False)
    run(gate, 40, {"steady"}, served=False)
    run(gate, 11, {"quick", "steady"}, served=True)
    assert run(gate, 9, {"quick"}, served=False).kind is DecisionKind.HOLD


def labels_to_promotion(gate: Gate) -> int:
    labels = 0
    while gate.serving == "frozen":
        gate.observe(Ballot(labels, served=False, hits=bits({"frozen": False, "steady": True, "quick": False})))
        gate.decide(lambda _: UNKNOWN)
        labels += 1
    return labels


def test_after_a_change_less_evidence_promotes_for_a_while() -> None:
    doubtful, late = Gate(NAMES), Gate(NAMES, options=GateOptions(doubt=20))
    for gate in (doubtful, late):
        gate.doubt(0)
    run(late, 20, set(), served=False)
    assert labels_to_promotion(doubtful) < labels_to_promotion(late) == labels_to_promotion(Gate(NAMES))


def test_labels_from_before_a_change_are_no_evidence_after_it() -> None:
    gate = Gate(NAMES)
    hits = {"frozen": False, "steady": True, "quick": False}
    for prediction in range(9):
        gate.observe(Ballot(prediction, served=False, hits=bits(hits)))
    gate.doubt(since=4)
    evidence = Evidence(3)
    for _ in range(5):
        evidence.add(bits(hits), serving=False)
    assert gate.hold().evidence["e_values"]["steady"] == round(float(evidence.values[1]), 3)


def test_of_a_head_that_keeps_all_what_it_knows_by_now_is_evidence_too() -> None:
    gates = Gate(NAMES), Gate(NAMES, cumulative=["steady"])
    hits, prompt = (bits(dict.fromkeys(NAMES, False)), bits({"frozen": False, "steady": True, "quick": True}))
    for gate in gates:
        for prediction in range(40):
            gate.observe(Ballot(prediction, served=False, hits=hits, prompt=prompt))
            gate.decide(lambda _: UNKNOWN)
    assert [gate.serving for gate in gates] == ["frozen", "steady"]


def test_a_gate_that_is_held_changes_nothing_until_it_is_released() -> None:
    gate = Gate(NAMES)
    gate.held = True
    assert run(gate, 60, {"steady"}, served=False).kind is DecisionKind.HOLD
    gate.held = False
    assert gate.decide(lambda _: UNKNOWN).kind is DecisionKind.PROMOTE


def test_a_candidate_that_begins_anew_has_no_evidence_and_its_snapshot_serves_on() -> None:
    gate = promoted("quick")
    gate.begin_anew(["quick"])
    assert gate.serving == KEPT
    assert run(gate, 40, {"quick"}, served=False).evidence["over"] == KEPT
    gate = Gate(NAMES)
    run(gate, 8, {"steady"}, served=False)
    gate.begin_anew(["steady"])
    assert run(gate, 6, {"steady"}, served=False).kind is DecisionKind.HOLD


def test_a_restored_gate_decides_as_the_one_it_was_taken_from() -> None:
    gate, restored = promoted(), Gate(NAMES)
    gate.doubt(0)
    run(gate, 3, {"frozen"}, served=False)
    restored.restore(*gate.state())
    decisions = [run(each, 40, {"frozen"}, served=False) for each in (gate, restored)]
    assert decisions[0] == decisions[1]
    assert decisions[0].kind is DecisionKind.ROLL_BACK


def test_a_gate_needs_a_head_to_roll_back_to() -> None:
    with pytest.raises(DataError, match="'frozen'"):
        Gate(["steady"])


@pytest.mark.parametrize(
    "wrong", [{"promote_at": 1}, {"roll_back_at": 0.5}, {"margin": -1}, {"stale": 2}, {"recent": 0}]
)
def test_wrong_options_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(DataError):
        GateOptions(**wrong)
