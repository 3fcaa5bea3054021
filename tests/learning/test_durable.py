"""A learner that is killed comes back with the very same heads."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.errors import StateError
from edge_runtime.learning import (
    Command,
    DurableLearner,
    Journal,
    LabelStatus,
    Learner,
    LearnerOptions,
    LearningPlan,
    PageHinkleyOptions,
)
from edge_runtime.learning.challengers import challengers_named
from edge_runtime.learning.events import LabelEvent
from edge_runtime.learning.snapshot import fingerprint_of, learner_to_bytes
from learning.durable_life import FEATURES, Keeping, live, make_learner, sample

SCRIPT = Path(__file__).with_name("durable_life.py")


def open_in(folder: Path, **options: int) -> DurableLearner:
    return DurableLearner(folder, make_learner, **{"checkpoint_every": 40, "reserve": 16, **options})


def heads(learner: Learner) -> dict[str, bytes]:
    """All that learning and serving depend on."""
    contest = learner.contest
    state = {name: candidate.head.to_bytes() for name, candidate in contest.candidates.items()}
    state |= {f"snapshot {name}": b"".join(a.tobytes() for a in c.linear) for name, c in contest.candidates.items()}
    state["served"] = b"".join(array.tobytes() for array in contest.served)
    state["gate"] = repr(contest.gate.state()).encode()
    state["trust"] = repr(contest.trust.state()).encode()
    state["evaluation"] = b"".join(array.tobytes() for array in contest.evaluation.state()[1].values())
    return state


def digest(learner: Learner) -> str:
    """All of `heads` in short."""
    return hashlib.sha256(b"".join(heads(learner).values())).hexdigest()


def logged(folder: Path, fingerprint: str) -> list[tuple[int, object]]:
    """All events that the folder's logs hold, by their numbers."""
    events: dict[int, object] = {}
    for path in sorted(folder.glob("labels-*.log")):
        with Journal(path, fingerprint=fingerprint, first=0) as journal:
            events.update(journal.events())
    return sorted(events.items())


def replayed(events: list[tuple[int, object]]) -> Learner:
    learner = make_learner()
    for _, event in events:
        learner.replay(event)
    return learner


def test_an_uninterrupted_life_is_what_its_log_says(tmp_path: Path) -> None:
    durable = Keeping(tmp_path, make_learner, checkpoint_every=40, reserve=16)
    live(durable, 300)
    events = logged(tmp_path, durable.fingerprint)
    assert [number for number, _ in events] == list(range(len(events)))
    assert sum(isinstance(event, LabelEvent) for _, event in events) == 293
    assert heads(replayed(events)) == heads(durable.learner)
    assert durable.learner.serving != "frozen"


def test_closed_and_opened_it_goes_on_with_the_predictions_that_still_wait(tmp_path: Path) -> None:
    with open_in(tmp_path) as first:
        live(first, 100)
        before = heads(first.learner)
    with open_in(tmp_path) as second:
        assert heads(second.learner) == before
        assert second.recovery.replayed == 0
        assert second.learner.memory.next_id == 112 or second.learner.memory.next_id >= 100
        outcome = second.learner.on_label(96, sample(96)[1])
        assert outcome.status is LabelStatus.ACCEPTED
        assert second.learner.on_label(96, 0).status is LabelStatus.DUPLICATE


def kill_somewhere(folder: Path, chance: random.Random) -> list[int]:
    """Let a life begin, kill it at a random instant, and return the labels that it had answered."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, str(SCRIPT), str(folder), "400"], stdout=subprocess.PIPE, env=environment, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(chance.random() * 0.12)
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read()
    return [int(line) for line in rest.splitlines() if line]


@pytest.mark.parametrize("seed", range(2))
def test_killed_at_random_instants_it_is_as_if_it_had_never_been(tmp_path: Path, seed: int) -> None:
    """Each life goes on where the last one was killed; what the logs hold, repeated in one go, gives the same heads."""
    chance = random.Random(seed)
    answered: list[int] = []
    folder, all_events = tmp_path / "state", {}
    for _ in range(6):
        answered += kill_somewhere(folder, chance)
        durable = Keeping(folder, make_learner, checkpoint_every=40, reserve=16)
        events = logged(folder, durable.fingerprint)
        all_events.update(events)
        durable.learner.journal = None
    numbers = sorted(all_events)
    assert numbers == list(range(len(numbers)))
    learnt = {event.prediction for event in all_events.values() if isinstance(event, LabelEvent)}
    assert set(answered) <= learnt
    assert heads(replayed(sorted(all_events.items()))) == heads(durable.learner)


def as_killed_at(folder: Path, life: Path, at: int) -> int:
    """Lay out what a life's folder held when so many bytes of its logs were durable; return how many events they have.

    A checkpoint is written when all events before it are in the log, so later ones were not there yet.
    """
    folder.mkdir()
    for log in sorted(life.glob("labels-*.log")):
        if at <= 0:
            break
        data, first = log.read_bytes()[:at], int(log.stem.split("-")[1])
        (folder / log.name).write_bytes(data)
        at -= len(log.read_bytes())
    (copy := folder / "copy").write_bytes(data)
    with Journal(copy, fingerprint=fingerprint_of(make_learner()), first=first) as last:
        events = last.next
    copy.unlink()
    for checkpoint in life.glob("checkpoint-*.state"):
        if int(checkpoint.stem.split("-")[1]) <= events:
            (folder / checkpoint.name).write_bytes(checkpoint.read_bytes())
    return events


def test_killed_at_any_of_many_instants_it_comes_back_with_the_very_same_heads(tmp_path: Path) -> None:
    """The logs are cut at any byte, in the middle of a header, a batch or between; the rest is as a kill leaves it."""
    life = tmp_path / "life"
    durable = Keeping(life, make_learner, checkpoint_every=40, reserve=16)
    live(durable, 260)
    learner, digests = make_learner(), [digest(make_learner())]
    for _, event in logged(life, durable.fingerprint):
        learner.replay(event)
        digests.append(digest(learner))
    assert digests[-1] == digest(durable.learner)
    total = sum(len(log.read_bytes()) for log in life.glob("labels-*.log"))
    chance = random.Random(7)
    seen = set()
    for number in range(120):
        folder = tmp_path / str(number)
        events = as_killed_at(folder, life, chance.randrange(1, total + 1))
        assert digest(open_in(folder).learner) == digests[events]
        seen.add(events)
    assert len(seen) > 60


def test_prediction_ids_are_never_given_out_twice(tmp_path: Path) -> None:
    first = open_in(tmp_path)
    live(first, 30)
    given = first.learner.memory.next_id
    # Killed: nothing is closed.
    second = open_in(tmp_path)
    assert second.learner.memory.next_id >= given
    assert second.learner.on_label(given - 1, 0).status is LabelStatus.FORGOTTEN


def test_a_torn_end_of_the_log_is_cut_off(tmp_path: Path) -> None:
    durable = open_in(tmp_path, checkpoint_every=10**6)
    live(durable, 60)
    whole = heads(durable.learner)
    (log,) = tmp_path.glob("labels-*.log")
    data = log.read_bytes()
    embedding = sample(3)[0]
    durable.learner.on_prediction(embedding, 0, t_ns=0)
    durable.learner.on_label(durable.learner.memory.next_id - 1, 1)
    longer = log.read_bytes()
    assert len(longer) > len(data)
    for cut in {len(data) + 1, len(data) + 19, len(data) + 40, len(longer) - 1}:
        log.write_bytes(longer[:cut])
        assert heads(open_in(tmp_path).learner) == whole
        assert log.read_bytes()[: len(data)] == data


def test_damage_in_the_middle_of_the_log_is_refused(tmp_path: Path) -> None:
    durable = open_in(tmp_path, checkpoint_every=10**6)
    live(durable, 60)
    (log,) = tmp_path.glob("labels-*.log")
    data = bytearray(log.read_bytes())
    data[len(data) // 2] ^= 1
    log.write_bytes(data)
    with pytest.raises(StateError, match=r"damaged at byte .* good labels behind it"):
        open_in(tmp_path)


def test_a_damaged_checkpoint_is_made_up_for_by_the_one_before(tmp_path: Path) -> None:
    durable = open_in(tmp_path)
    live(durable, 200)
    expected = heads(durable.learner)
    newest = sorted(tmp_path.glob("checkpoint-*.state"))[-1]
    newest.write_bytes(newest.read_bytes()[:-5])
    again = open_in(tmp_path)
    assert heads(again.learner) == expected
    assert again.recovery.replayed > 40
    assert len(again.recovery.refused) == 1
    assert "does not match" in again.recovery.refused[0]


def test_logs_and_checkpoints_do_not_pile_up(tmp_path: Path) -> None:
    with open_in(tmp_path) as durable:
        live(durable, 400)
    assert len(list(tmp_path.glob("checkpoint-*.state"))) == 2
    assert len(list(tmp_path.glob("labels-*.log"))) <= 3
    assert not list(tmp_path.glob("*.part"))


def test_a_state_of_another_network_is_refused_with_a_reason(tmp_path: Path) -> None:
    with open_in(tmp_path) as durable:
        live(durable, 20)

    def another() -> Learner:
        return Learner(np.eye(3, FEATURES, dtype=np.float32), np.zeros(3, np.float32), scale=0.05, zero_point=-20)

    with pytest.raises(StateError, match="belongs to another network"):
        DurableLearner(tmp_path, another)


def test_missing_labels_are_noticed(tmp_path: Path) -> None:
    durable = open_in(tmp_path)
    live(durable, 200)
    for path in tmp_path.glob("checkpoint-*.state"):
        path.unlink()
    with pytest.raises(StateError, match=r"labels 0 to .* are missing"):
        open_in(tmp_path)


def test_a_full_disk_learns_nothing_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    durable = open_in(tmp_path)
    live(durable, 40)
    before, waiting = heads(durable.learner), durable.learner.memory.next_id - 1

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(StateError, match="No space left"):
        durable.learner.on_label(waiting, 0)
    assert heads(durable.learner) == before
    monkeypatch.undo()
    assert durable.learner.on_label(waiting, 0).status is LabelStatus.ACCEPTED


def test_commands_and_shifts_are_part_of_the_life(tmp_path: Path) -> None:
    durable = Keeping(tmp_path, make_learner, checkpoint_every=30, reserve=16)
    live(durable, 50)
    durable.learner.command(Command.PROMOTE, "slda")
    live(durable, 150)
    durable.learner.command(Command.HOLD)
    live(durable, 50)
    expected = heads(durable.learner)
    assert heads(open_in(tmp_path).learner) == expected
    assert heads(replayed(logged(tmp_path, durable.fingerprint))) == expected


def test_a_checkpoint_holds_the_whole_learner(tmp_path: Path) -> None:
    with open_in(tmp_path) as durable:
        live(durable, 120)
        data = learner_to_bytes(durable.learner, fingerprint=durable.fingerprint, sequence=7)
    with open_in(tmp_path) as again:
        assert learner_to_bytes(again.learner, fingerprint=again.fingerprint, sequence=7) == data


def make_another_choice() -> Learner:
    """A learner of the other heads, and with the other detector of errors."""
    plan = LearningPlan(
        challengers_named(["rls", "rls_recent", "ncm_forgetting", "softmax_averaged"]),
        LearnerOptions(capacity=64, refresh_every=3, errors=PageHinkleyOptions(threshold=8.0)),
    )
    weights = 2 * np.eye(3, FEATURES, dtype=np.float32)
    return plan.make(weights, np.zeros(3, np.float32), scale=0.05, zero_point=-20)


def test_other_heads_and_detectors_come_back_too(tmp_path: Path) -> None:
    """Killed between two checkpoints; and the state of one choice is refused to another."""
    options = {"checkpoint_every": 40, "reserve": 16}
    durable = DurableLearner(tmp_path, make_another_choice, **options)
    live(durable, 230)
    assert durable.learner.contest.changes == 1
    again = DurableLearner(tmp_path, make_another_choice, **options)
    assert again.recovery.replayed > 0
    assert heads(again.learner) == heads(durable.learner)
    detectors = [{n: d.state() for n, d in each.learner.contest.errors.items()} for each in (durable, again)]
    assert detectors[0] == detectors[1]
    with pytest.raises(StateError, match="to other settings"):
        DurableLearner(tmp_path, make_learner, **options)
