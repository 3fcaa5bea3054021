"""The outbox after a power cut at any instant, by a shim that logs every write and fsync."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from edge_runtime.telemetry.outbox import Spool
from support.power_cut import Disk, Entry, build_shim, logging_environment, read_log
from support.waiting import DEADLINE_S

PROCESS = Path(__file__).with_name("outbox_process.py")


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> list[Entry]:
    """What an outbox under load does to its disk."""
    folder = tmp_path_factory.mktemp("disk")
    library = build_shim(tmp_path_factory.mktemp("shim"))
    log = tmp_path_factory.mktemp("log") / "log"
    subprocess.run(
        [sys.executable, str(PROCESS), str(folder), "1", "600"],
        check=True,
        timeout=DEADLINE_S,
        env=logging_environment(library, folder, log),
    )
    return read_log(log)


def told(steps: list[Entry], what: str) -> set[int]:
    """Return the numbers in the ledger, as far as the steps go."""
    text = b"".join(step.data for step in steps if step.name == "ledger" and step.op == "write").decode()
    return {int(line.split()[1]) for line in text.splitlines() if line.startswith(what)}


def survivors(folder: Path) -> set[int]:
    """Open what is left, as the next run does, and return the records in it."""
    spool = Spool(folder / "outbox")
    spool.open()
    found = [json.loads(item.body)["n"] for item in spool.read(1_000_000)]
    assert spool.depth == len(found) == len(set(found))
    assert spool.counters["set_aside"] == 0, "a power cut must not look like damage"
    spool.commit(())
    spool.close()
    return set(found)


def check_cuts(steps: list[Entry], tmp_path: Path, cuts: int) -> None:
    chance = random.Random(7)
    places = sorted(chance.randrange(1, len(steps)) for _ in range(cuts))
    disk, done = Disk(), 0
    for number, place in enumerate(places):
        for step in steps[done:place]:
            disk.step(step)
        done = place
        folder = tmp_path / str(number)
        disk.write_after_cut(folder, chance)
        durable, gone = told(steps[:place], "put"), told(steps[:place], "gone")
        left = survivors(folder)
        assert durable - gone <= left, f"cut {number} at step {place} of {len(steps)}"


def test_the_log_shows_the_fsyncs(steps: list[Entry]) -> None:
    ops = {(step.op, step.name) for step in steps}
    assert {("create", "outbox"), ("write", "outbox-wal"), ("sync", "outbox-wal"), ("dirsync", ".")} <= ops
    assert told(steps, "put") == set(range(600))


def test_recovery_after_power_cuts(steps: list[Entry], tmp_path: Path) -> None:
    check_cuts(steps, tmp_path, 60)


@pytest.mark.slow
def test_recovery_after_two_hundred_power_cuts(steps: list[Entry], tmp_path: Path) -> None:
    check_cuts(steps, tmp_path, 200)


def test_the_check_fails_where_fsyncs_are_missing(steps: list[Entry], tmp_path: Path) -> None:
    careless = [step for step in steps if step.op != "sync"]
    with pytest.raises(AssertionError):
        check_cuts(careless, tmp_path, 30)
