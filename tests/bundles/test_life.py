"""Each step of a bundle's life, and what a kill or a power cut at any instant leaves of it."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge_runtime.bundles import BundleLife, Phase, State
from edge_runtime.errors import BundleError, StateError
from support.power_cut import Disk, Entry, build_shim, logging_environment, read_log
from support.waiting import DEADLINE_S

PROCESS = Path(__file__).with_name("life_process.py")
FOLDERS = ("bundles", "others")
"""Of two pipelines of one device; as the process has them."""


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def activated(life: BundleLife, content: bytes) -> State:
    life.stage(content)
    life.shadow()
    return life.activate()


def test_a_bundle_goes_from_staged_to_active_and_back(tmp_path: Path) -> None:
    life = BundleLife(tmp_path / "b")
    assert life.stage(b"one").phase is Phase.STAGED
    assert life.shadow().candidate == digest(b"one")
    assert life.activate() == State(active=digest(b"one"), phase=Phase.TRIAL)
    assert life.commit().phase is Phase.QUIET
    activated(life, b"two")
    assert (life.state.active, life.state.previous) == (digest(b"two"), digest(b"one"))
    assert BundleLife(tmp_path / "b").state == life.state, "what was done is there after a restart"
    assert life.roll_back() == State(active=digest(b"one"))
    assert [path.name for path in (tmp_path / "b").glob("*.bundle")] == [f"{digest(b'one')}.bundle"]


def test_steps_that_are_not_allowed_are_refused(tmp_path: Path) -> None:
    life = BundleLife(tmp_path / "b")
    for step in (life.shadow, life.activate, life.commit, life.discard):
        with pytest.raises(BundleError, match="the newest bundle is quiet"):
            step()
    with pytest.raises(BundleError, match="nothing to roll back"):
        life.roll_back()
    activated(life, b"one")
    with pytest.raises(BundleError, match="is trial"):
        life.stage(b"two")
    life.commit()
    with pytest.raises(BundleError, match="serves already"):
        life.stage(b"one")


def test_a_bundle_that_kills_the_daemon_is_rolled_back_by_itself(tmp_path: Path) -> None:
    activated(BundleLife(tmp_path / "b"), b"deadly")
    for _ in range(3):
        assert BundleLife(tmp_path / "b").started().active == digest(b"deadly")
    assert BundleLife(tmp_path / "b").started() == State()


def test_a_damaged_state_is_told(tmp_path: Path) -> None:
    activated(BundleLife(tmp_path / "b"), b"one")
    (tmp_path / "b" / f"{digest(b'one')}.bundle").unlink()
    with pytest.raises(StateError, match="is missing, though"):
        BundleLife(tmp_path / "b")
    (tmp_path / "b" / "state.json").write_text("{")
    with pytest.raises(StateError, match="is damaged"):
        BundleLife(tmp_path / "b")


def check_left(folder: Path) -> str:
    """Open what is left of both pipelines' bundles, as the next start does; return the states in the ledger's form."""
    lives = [BundleLife(folder / name) for name in FOLDERS]
    for life in lives:
        for named in (life.state.active, life.state.previous, life.state.candidate):
            assert named is None or digest(life.path(named).read_bytes()) == named
    states = [life.state for life in lives]
    return " | ".join(f"{one.active} {one.previous} {one.candidate} {one.phase.value}" for one in states)


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> list[Entry]:
    folder, log = tmp_path_factory.mktemp("disk"), tmp_path_factory.mktemp("log") / "log"
    environment = logging_environment(build_shim(tmp_path_factory.mktemp("shim")), folder, log)
    # The folders themselves are there before the power can be cut.
    for name in FOLDERS:
        (folder / name).mkdir()
    subprocess.run(
        [sys.executable, str(PROCESS), str(folder), "3", "120"], check=True, timeout=DEADLINE_S, env=environment
    )
    return read_log(log)


def test_a_power_cut_at_any_step_leaves_the_state_before_or_after_it(steps: list[Entry], tmp_path: Path) -> None:
    chance, disk = random.Random(5), Disk()
    nothing = " | ".join([f"{None} {None} {None} quiet"] * len(FOLDERS))
    told = [nothing, *(step.data.decode().strip() for step in steps if step.name == "ledger" and step.op == "write")]
    reached = 0
    for number, step in enumerate(steps):
        disk.step(step)
        reached += step.name == "ledger" and step.op == "write"
        if chance.random() > 200 / len(steps):
            continue
        folder = tmp_path / str(number)
        disk.write_after_cut(folder, chance)
        for name in FOLDERS:
            (folder / name).mkdir(exist_ok=True)
        assert check_left(folder) in told[reached : reached + 2], f"step {number}: {step.op} {step.name}"


@pytest.mark.parametrize("kills", [3, pytest.param(200, marks=pytest.mark.slow)])
def test_a_kill_at_any_instant_leaves_a_state_that_is_whole(tmp_path: Path, kills: int) -> None:
    chance = random.Random(kills)
    for number in range(kills):
        # The first steps come when the imports are done; how long that takes depends on the machine.
        process = subprocess.Popen([sys.executable, str(PROCESS), str(tmp_path), str(number), "100000"])
        before = (tmp_path / "ledger").stat().st_size if (tmp_path / "ledger").exists() else 0
        while not (tmp_path / "ledger").exists() or (tmp_path / "ledger").stat().st_size == before:
            assert process.poll() is None
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.05))
        process.kill()
        process.wait(DEADLINE_S)
        check_left(tmp_path)
