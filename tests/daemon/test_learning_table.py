from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.config import parse_toml
from edge_runtime.daemon.learning_table import LearningTable
from edge_runtime.errors import ConfigError
from edge_runtime.learning import Adwin, GateOptions, LearnerOptions, PageHinkley, TrustOptions
from edge_runtime.learning.challengers import CHALLENGERS
from edge_runtime.learning.plan import LearningPlan
from edge_runtime.learning.snapshot import fingerprint_of

WEIGHTS, BIAS = np.zeros((3, 8), np.float32), np.zeros(3, np.float32)


def table(tmp_path: Path, text: str) -> LearningTable:
    file = tmp_path / "learning.toml"
    file.write_text(text)
    return parse_toml(file, LearningTable)


def learner(plan: LearningPlan):
    return plan.make(WEIGHTS, BIAS, scale=0.1, zero_point=-128)


def test_an_empty_table_is_what_a_learner_does_by_itself(tmp_path: Path) -> None:
    assert table(tmp_path, "").plan() == LearningPlan()
    assert fingerprint_of(learner(table(tmp_path, "").plan())) == fingerprint_of(learner(LearningPlan()))


@pytest.mark.parametrize(
    ("key", "options"),
    [("", LearnerOptions), ("gate", GateOptions), ("trust", TrustOptions)],
    ids=["own", "gate", "trust"],
)
def test_every_number_of_the_learner_can_be_set(tmp_path: Path, key: str, options: type) -> None:
    """Each is changed by a hair, and comes out changed; how many classes are reserved, the network's table says."""
    plan = table(tmp_path, "").plan()
    names = {"": "options"}.get(key, key)
    for field in fields(options):
        default = getattr(getattr(plan, names), field.name)
        if field.name in ("reserved_classes", "errors"):
            continue
        wanted = (
            0.09 if field.name == "ask_rate" else (default or 0) + (1 if isinstance(default, int | None) else 0.125)
        )
        lines = f"[{key}]\n" if key else ""
        changed = table(tmp_path, f"{lines}{field.name} = {wanted}").plan()
        assert getattr(getattr(changed, names), field.name) == wanted != default


@pytest.mark.parametrize("name", CHALLENGERS)
def test_every_challenger_with_a_name_learns(tmp_path: Path, name: str) -> None:
    plan = table(tmp_path, f'heads = ["{name}"]').plan()
    candidate = learner(plan).contest.candidates[name]
    assert candidate.restarts == name.endswith("_recent")
    assert candidate.head.kind == CHALLENGERS[name].kind
    assert candidate.head.cumulative == (not name.endswith("_forgetting") and name != "softmax")


def test_heads_have_parameters_of_their_own(tmp_path: Path) -> None:
    text = """
    heads = ["slda", "steady", "quick", "near", "mean"]
    [head.steady]
    kind = "slda"
    shrinkage = 0.5
    training = 5
    [head.quick]
    kind = "rls"
    memory = 50
    ridge = 0.1
    restarts = true
    [head.near]
    kind = "ncm"
    memory = 30
    [head.mean]
    kind = "softmax"
    rate = 0.25
    averaged = true
    """
    candidates = learner(table(tmp_path, text).plan()).contest.candidates
    assert list(candidates) == ["frozen", "slda", "steady", "quick", "near", "mean"]
    assert [candidate.restarts for candidate in candidates.values()] == [False, False, False, True, False, False]
    heads = {name: candidate.head for name, candidate in candidates.items()}
    assert (heads["steady"].shrinkage, heads["steady"].clip, heads["steady"].memory) == (0.5, 3.0, None)
    assert (heads["quick"].memory, heads["quick"].ridge, heads["quick"].clip) == (50, 0.1, 1.0)
    assert heads["near"].memory == 30
    assert (heads["mean"].rate, heads["mean"].averaged) == (0.25, True)


@pytest.mark.parametrize(
    ("text", "detector"),
    [
        ("", Adwin),
        ('errors = {detector = "adwin", delta = 0.01}', Adwin),
        ('errors = {detector = "page-hinkley"}', PageHinkley),
    ],
)
def test_the_detector_of_errors_is_a_choice(tmp_path: Path, text: str, detector: type) -> None:
    errors = learner(table(tmp_path, text).plan()).contest.errors
    assert {name: type(found) for name, found in errors.items()} == {"frozen": detector, "served": detector}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("heads = []", "heads: none is named; give some of 'slda'"),
        ('heads = ["slda", "slda"]', "heads: names a head twice: slda, slda"),
        ('head.a = {kind = "ncm"}', r"head\.a: would not learn; name it in learning\.heads, too"),
        ('heads = ["frozen"]\nhead.frozen = {kind = "ncm"}', r"head\.frozen: that name is reserved"),
        ('heads = ["a"]\nhead.a = {kind = "rsl"}', r"head\.a\.kind: 'rsl' is unknown; it must be one of 'slda', 'rls'"),
        ('heads = ["a"]\nhead.a = {memory = 9}', r"head\.a: the key 'kind' is missing"),
        ('heads = ["a"]\nhead.a = {kind = "rls", memry = 9}', r"head\.a\.memry: unknown key; did you mean 'memory'"),
        (
            'heads = ["a"]\nhead.a = {kind = "rls", memory = 1}',
            r"head\.a\.memory: should be greater than or equal to 2",
        ),
        ('errors = {detector = "cusum"}', r"errors\.detector: 'cusum' is unknown; it must be one of 'adwin', 'page-hi"),
        (
            'errors = {detector = "adwin", threshold = 3.0}',
            r"errors\.threshold: unknown key; known keys: detector, delta",
        ),
        ("gate = {promote_at = 1.0}", r"gate\.promote_at: should be greater than 1 \(it is 1\.0\)"),
        ("gate = {margn = 0.1}", r"gate\.margn: unknown key; did you mean 'margin'"),
        ("trust = {confidence = 0.0}", r"trust\.confidence: should be greater than 0"),
        ("ask_rate = 0.5", r"ask_rate: should be less than or equal to 0\.1"),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        table(tmp_path, text)
    assert "\n" not in str(caught.value)
