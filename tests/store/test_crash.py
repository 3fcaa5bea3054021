"""What a store still has after kills and power cuts: all that it said was durable."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge_runtime.store import Store, StoreReader
from edge_runtime.store.tables import TABLES
from support.power_cut import Disk, Entry, build_shim, logging_environment, read_log
from support.waiting import DEADLINE_S

PROCESS = Path(__file__).with_name("store_process.py")


def ids(path: Path) -> list[str]:
    """Open the store as the next run does, and return the ids in it."""
    store = Store(path)
    assert "set_aside" not in store.counters(), "a power cut must not look like damage"
    store.close()
    with StoreReader(path) as reader:
        found = [row["id"] for table in TABLES.values() for row in reader.rows(table)]
        features = [window.values.tolist() for window in reader.windows()]
    numbers = sorted(int(one[2:]) for one in found if int(one[2:]) % 2 == 0)
    assert features == [[number, -number] for number in numbers]
    return found


def test_what_is_acknowledged_survives_kills(tmp_path: Path) -> None:
    chance, first = random.Random(3), 0
    for _ in range(6):
        process = subprocess.Popen([sys.executable, str(PROCESS), str(tmp_path), "1000000", str(first)])
        ledger, until = tmp_path / "ledger", time.monotonic() + DEADLINE_S
        size = ledger.stat().st_size if ledger.exists() else 0
        while not ledger.exists() or ledger.stat().st_size == size:
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.01)
        time.sleep(chance.uniform(0.0, 0.2))
        process.kill()
        process.wait(DEADLINE_S)
        told, kept = ledger.read_text().split(), ids(tmp_path / "store")
        assert set(told) <= set(kept)
        assert len(set(kept)) == len(kept)
        first = 5 + max(int(one[2:]) for one in kept) // 5 * 5
    database = sqlite3.connect(tmp_path / "store")
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> list[Entry]:
    """What a store under load does to its disk."""
    folder = tmp_path_factory.mktemp("disk")
    library = build_shim(tmp_path_factory.mktemp("shim"))
    log = tmp_path_factory.mktemp("log") / "log"
    subprocess.run(
        [sys.executable, str(PROCESS), str(folder), "600"],
        check=True,
        timeout=DEADLINE_S,
        env=logging_environment(library, folder, log),
    )
    return read_log(log)


def check_cuts(steps: list[Entry], tmp_path: Path, cuts: int) -> None:
    chance = random.Random(5)
    disk, done = Disk(), 0
    for number, place in enumerate(sorted(chance.randrange(1, len(steps)) for _ in range(cuts))):
        for step in steps[done:place]:
            disk.step(step)
        done = place
        disk.write_after_cut(tmp_path / str(number), chance)
        told = b"".join(step.data for step in steps[:place] if step.name == "ledger" and step.op == "write")
        kept = set(ids(tmp_path / str(number) / "store"))
        assert set(told.decode().split()) <= kept, f"cut {number} at step {place} of {len(steps)}"


def test_what_is_acknowledged_survives_power_cuts(steps: list[Entry], tmp_path: Path) -> None:
    check_cuts(steps, tmp_path, 40)


def test_the_check_fails_where_fsyncs_are_missing(steps: list[Entry], tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        check_cuts([step for step in steps if step.op != "sync"], tmp_path, 30)
