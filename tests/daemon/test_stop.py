"""SIGTERM under load, with a broker that stalls and a listener that does not read: it ends, nothing is lost."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.telemetry.outbox import Spool
from support.device import write_device, write_pipeline
from support.mosquitto import free_port, mosquitto
from support.process import Daemon
from support.stall import StallingProxy
from support.waiting import DEADLINE_S

ENDLESS = '[source]\nkind = "synthetic"\nchannels = ["x", "y"]\nrate = "10 Hz"\nblock_size = 10\npace = 50.0\n'


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[StallingProxy]:
    with mosquitto(tmp_path / "broker") as running, StallingProxy(running.port) as proxy:
        yield proxy


def outbox_ids(path: Path) -> set[str]:
    spool = Spool(path)
    spool.open()
    try:
        return {json.loads(item.body)["id"] for item in spool.read(1_000_000)}
    finally:
        spool.close()


def link_of(daemon: Daemon) -> dict[str, Any]:
    """Return the status of the sink that has an outbox."""
    (found,) = (sink for sink in daemon.ask("/status")[1]["sinks"].values() if "outbox" in sink)
    return dict(found)


def test_it_ends_and_whatever_was_told_is_on_the_disk(tmp_path: Path, broker: StallingProxy) -> None:
    port = free_port()
    more = f'[[sink]]\nkind = "mqtt"\nbroker = "mqtt://127.0.0.1:{broker.port}"\noutbox = "outbox"\n'
    pipelines = [write_pipeline(tmp_path, name, source=ENDLESS, more=more) for name in ("press", "pump")]
    daemon = Daemon(write_device(tmp_path, *pipelines, more=f"[service]\nport = {port}\n"), port)
    daemon.until(lambda: daemon.ask("/v2/health/ready")[0] == 200)
    daemon.until(lambda: link_of(daemon)["link"]["connected"])
    broker.stall()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/events", timeout=DEADLINE_S) as stream:
        stream.readline()
        daemon.until(lambda: link_of(daemon)["outbox"]["depth"] > 200)
        daemon.process.terminate()
        assert daemon.process.wait(DEADLINE_S) == 0, daemon.log.read_text()
    told = {}
    for name in ("press", "pump"):
        records = [json.loads(line) for line in (tmp_path / f"{name}.jsonl").read_text().splitlines()]
        numbers = [record["prediction"] for record in records if record["kind"] == "prediction"]
        assert numbers == list(range(len(numbers)))
        assert records[-1]["kind"] == "status"
        told |= {record["id"]: record for record in records}
    # The newest are in the file and in the outbox alike; what went out before the broker stalled has left it.
    waiting = outbox_ids(tmp_path / "outbox")
    assert len(waiting) > 200
    assert waiting <= set(told)
    assert set(list(told)[-5:]) <= waiting
