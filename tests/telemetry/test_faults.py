"""The daemon under load, killed at random instants, while its broker stops, restarts, stalls and is cut off."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from edge_runtime.telemetry.outbox.spool import SMALLEST_CAP
from support.mosquitto import Mosquitto, Subscriber, mosquitto
from support.stall import StallingProxy
from support.waiting import DEADLINE_S

PROCESS = Path(__file__).with_name("daemon_process.py")
WINDOWS_PER_S = 200
CAP = 2 * SMALLEST_CAP


class Plant:
    """The daemon, its broker behind a proxy, and a subscriber that never misses anything."""

    def __init__(self, folder: Path, broker: Mosquitto, proxy: StallingProxy, seed: int) -> None:
        self.folder = folder
        self.broker = broker
        self.proxy = proxy
        self.chance = random.Random(seed)
        self.subscriber = Subscriber(broker.port)
        self.deaths = 0
        self._errors = (folder / "errors").open("ab")
        self._daemon = self._start(WINDOWS_PER_S)

    def _start(self, windows_per_s: float) -> subprocess.Popen[bytes]:
        command = [sys.executable, str(PROCESS), str(self.folder), str(self.proxy.port), str(windows_per_s)]
        paths = os.pathsep.join([str(PROCESS.parents[1]), os.environ.get("PYTHONPATH", "")])
        environment = {**os.environ, "PYTHONPATH": paths}
        return subprocess.Popen(command, stdout=self._errors, stderr=self._errors, env=environment)

    def ledger(self) -> list[str]:
        path = self.folder / "ledger"
        return path.read_text().split() if path.exists() else []

    def wait_for_more(self) -> None:
        """Wait until the daemon has acknowledged something more: it serves, whatever has been done to it."""
        before, until = len(self.ledger()), time.monotonic() + DEADLINE_S
        while len(self.ledger()) == before:
            assert self._daemon.poll() is None, self.last_words()
            assert time.monotonic() < until, f"the daemon takes in nothing any more: {self.last_words()}"
            time.sleep(0.01)

    def last_words(self) -> str:
        """Return what the daemon said last, and where it is, if it still runs."""
        if self._daemon.poll() is None:
            self._daemon.send_signal(signal.SIGUSR1)
            time.sleep(1)
        return (self.folder / "errors").read_text()[-4000:]

    def wait_a_moment(self) -> None:
        time.sleep(self.chance.uniform(0.0, 0.4))
        used = 0
        for file in self.folder.glob("outbox*"):
            with suppress(FileNotFoundError):  # SQLite takes its files away again
                used += file.stat().st_size
        assert used <= CAP

    def kill(self) -> None:
        self._daemon.kill()
        self._daemon.wait(DEADLINE_S)
        self._daemon = self._start(WINDOWS_PER_S)

    def stop_broker(self) -> None:
        self.broker.stop()
        self.wait_a_moment()
        self.broker.start()

    def stall(self) -> None:
        self.proxy.stall()
        time.sleep(self.chance.uniform(0.0, 2.0))
        self.proxy.resume()

    def finish(self) -> None:
        """Kill the daemon a last time, and let the next run send what is left."""
        self._daemon.kill()
        self._daemon.wait(DEADLINE_S)
        last = self._start(0)
        assert last.wait(DEADLINE_S) == 0
        missing = set(self.ledger())
        until = time.monotonic() + DEADLINE_S
        while missing and time.monotonic() < until:
            missing -= {record["id"] for record in self.subscriber.records()}
            time.sleep(0.05)
        assert not missing, f"{len(missing)} of {len(set(self.ledger()))} acknowledged records never arrived"

    def close(self) -> None:
        self._daemon.kill()
        self._daemon.wait(DEADLINE_S)
        self._errors.close()
        self.subscriber.close()


@pytest.fixture
def plant(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Plant]:
    with mosquitto(tmp_path / "broker") as broker, StallingProxy(broker.port) as proxy:
        folder = tmp_path / "daemon"
        folder.mkdir()
        made = Plant(folder, broker, proxy, seed=11)
        yield made
        made.close()


FAULTS: dict[str, Callable[[Plant], None]] = {
    "killed": Plant.kill,
    "broker stopped": Plant.stop_broker,
    "cut": lambda plant: plant.proxy.cut(),
    "stalled": Plant.stall,
}


def suffer(plant: Plant, faults: list[str]) -> None:
    for fault in faults:
        plant.wait_for_more()
        plant.wait_a_moment()
        FAULTS[fault](plant)
    plant.wait_for_more()
    plant.finish()
    ids = Counter(record["id"] for record in plant.subscriber.records())
    bodies = {record["id"]: {k: v for k, v in record.items() if k != "late"} for record in plant.subscriber.records()}
    for record in plant.subscriber.records():
        # What came twice is the same record, so that its id is enough to drop it.
        assert bodies[record["id"]] == {key: value for key, value in record.items() if key != "late"}
    assert len(ids) > 100


def test_nothing_acknowledged_is_lost_through_faults_of_every_kind(plant: Plant) -> None:
    suffer(plant, ["killed", "stalled", "broker stopped", "killed", "cut", "broker stopped"])


@pytest.mark.slow
@pytest.mark.parametrize("fault", list(FAULTS))
def test_nothing_acknowledged_is_lost_at_two_hundred_instants(plant: Plant, fault: str) -> None:
    suffer(plant, [fault] * 200)
