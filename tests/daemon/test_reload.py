"""The device's file is read again while it runs: by SIGHUP in a real daemon, and over HTTP."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from edge_runtime.daemon import load_device
from edge_runtime.daemon.plant import Plant, build_plant
from edge_runtime.errors import ConfigError
from support.device import RECORDING, write_device, write_pipeline
from support.lines import read_records
from support.mosquitto import free_port
from support.process import Daemon, change, events
from support.waiting import DEADLINE_S

MQTT = """[[sink]]
kind = "mqtt"
broker = "mqtt://127.0.0.1:{port}"
outbox = "press.outbox"
rate_limit = 5.0
"""
STORE = """[[sink]]
kind = "store"
path = "press.store"
keep_rows = 100
"""


@pytest.mark.anyio
async def test_what_can_be_changed_is_and_the_rest_is_named(tmp_path: Path) -> None:
    press = write_pipeline(tmp_path, "press", more=MQTT.format(port=free_port()) + STORE)
    file = write_device(tmp_path, press, write_pipeline(tmp_path, "pump"))
    plant = build_plant(load_device(file))
    async with AsyncExitStack() as stack:
        for pipeline in plant.pipelines:
            await stack.enter_async_context(pipeline.fanout)
        await check(plant, file, press)


async def check(plant: Plant, file: Path, press: Path) -> None:
    assert await plant.reloader.reload() == {"applied": [], "refused": []}

    more = 'rate_limit = 9.0\nlate_after = "3 s"\nkinds = ["event"]'
    change(press, ("rate_limit = 5.0", more), ("keep_rows = 100", "keep_rows = 7"), ('= "1 s"\n[s', '= "2 s"\n[s'))
    change(press, ('hop = "1 s"', 'hop = "500 ms"'), ('"calm", "wild"', '"still", "wild"'))
    change(file, ('"shed"\n', '"barn"\n[supervisor]\nrestarts = 9\n[supervisor.accelerator]\nthen = "stop"\n'))
    answer = await plant.reloader.reload()
    assert answer["applied"] == [
        "press.pipeline.status_every",
        "press.sink[0].kinds",
        "press.sink[0].late_after",
        "press.sink[0].rate_limit",
        "press.sink[1].keep_rows",
        "supervisor.restarts",
    ]
    assert answer["refused"] == ["device.name", "press.model.classes", "press.view.hop", "supervisor.accelerator.then"]
    pipeline = next(one for one in plant.pipelines if one.name == "press")
    assert pipeline.status_every == 2.0
    policy = pipeline.stages["accelerator"].policy
    assert (policy.restarts, policy.then) == (9, "degrade")
    # What takes a restart is named again for as long as the file says it.
    assert await plant.reloader.reload() == {"applied": [], "refused": answer["refused"]}

    change(press, ('window = "2 s"', 'window = "2 sec"'), ('= "2 s"\n[s', '= "5 s"\n[s'))
    with pytest.raises(ConfigError, match="sec"):
        await plant.reloader.reload()
    assert pipeline.status_every == 2.0

    change(press, ('window = "2 sec"', 'window = "2 s"'), (STORE.replace("100", "7"), ""))
    change(file, (', "pump.toml"', ""))
    answer = await plant.reloader.reload()
    assert answer["applied"] == ["press.pipeline.status_every"]
    assert {"press.sink", "pump"} < set(answer["refused"])


def statuses(records: Path) -> int:
    return len(read_records(records, "status"))


def test_a_running_daemon_reads_its_file_again_at_sighup(tmp_path: Path) -> None:
    port = free_port()
    names = ("press", "pump")
    files = [write_pipeline(tmp_path, name, source=RECORDING + "pace = 20.0\n") for name in names]
    tables = f'[service]\nport = {port}\n[log]\nformat = "json"\n'
    file = write_device(tmp_path, *files, more=tables, cases=4000)
    daemon = Daemon(file, port)
    try:
        daemon.until(lambda: daemon.ask("/v2/health/ready")[0] == 200)
        assert all(daemon.ask(f"/v2/models/{name}")[1]["name"] == name for name in names)
        assert not events(daemon, "service listens")  # it is told at level info

        change(files[1], ('"1 s"\n[source]', '"20 ms"\n[source]'))
        change(file, ('format = "json"', 'format = "json"\nlevel = "info"'), ('"shed"', '"barn"'))
        daemon.hang_up()
        daemon.until(lambda: events(daemon, "reloaded"))
        (reloaded,) = events(daemon, "reloaded")
        assert reloaded["applied"] == ["log.level", "pump.pipeline.status_every"]
        daemon.until(lambda: events(daemon, "some changes need a restart; the old values stay"))
        (kept,) = events(daemon, "some changes need a restart; the old values stay")
        assert kept["keys"] == ["device.name"]
        daemon.until(lambda: statuses(tmp_path / "pump.jsonl") > 20)

        change(files[0], ('window = "2 s"', 'window = "2 sec"'))
        daemon.hang_up()
        daemon.until(lambda: events(daemon, "not reloaded; what runs goes on"))
        (refused,) = events(daemon, "not reloaded; what runs goes on")
        assert "press.toml: view.window: has the unit 'sec'" in refused["error"]
        status, answer = daemon.ask("/reload", {})
        assert (status, answer["error"]) == (409, refused["error"])
        before = daemon.ask("/status")[1]["pipelines"]["press"]["inferences"]
        daemon.until(lambda: daemon.ask("/status")[1]["pipelines"]["press"]["inferences"] > before + 5)

        change(files[0], ("2 sec", "2 s"))
        assert daemon.ask("/reload", {}) == (200, {"applied": [], "refused": ["device.name"]})
        metrics = daemon.ask("/metrics")[1]
        for name in names:
            assert f'edge_stage_up{{pipeline="{name}",stage="accelerator"}} 1.0' in metrics
            assert f'edge_inferences_total{{pipeline="{name}"}}' in metrics
    finally:
        daemon.process.terminate()
        assert daemon.process.wait(DEADLINE_S) == 0, daemon.log.read_text()
