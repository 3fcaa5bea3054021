"""Bundles for each of a device's pipelines: named or refused, each with a life of its own that survives kills."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import numpy as np
import pytest
from typer.testing import CliRunner

from edge_runtime.bundles import load_private_key, make_keys, network_fingerprint, write_bundle, write_head
from edge_runtime.cli.main import app
from edge_runtime.daemon import load_device
from edge_runtime.daemon.device import RunningDevice
from edge_runtime.daemon.plant import build_plant
from edge_runtime.errors import BundleError, DataError
from edge_runtime.features import compute_recording
from edge_runtime.model import Interpreter
from edge_runtime.service.metrics import render_metrics
from support import daemon, driven
from support.browser import chromium
from support.device import NETWORKS, RECORDING, write_device, write_pipeline
from support.lines import read_records
from support.mosquitto import free_port, mosquitto
from support.networks import dense_network
from support.pty import PluggedDevice
from support.running import Running
from support.waiting import DEADLINE_S

pytest.importorskip("cryptography")

VIEW = 'name = "v"\nchannels = ["x", "y"]\nwindow = "2 s"\nhop = "1 s"\nkernels = ["mean", "std", "min", "max"]\n'
NAMES = ("press", "pump")
LEARNING = '[learning]\nlabel_delay = "2 s"\nheads = ["softmax"]\n'


def bundle(folder: Path, seed: int) -> bytes:
    members = {"network.tflite": dense_network([8, 16, 2], seed=seed), "view.toml": VIEW.encode(), "LICENSE": b"-"}
    about = {"name": f"b{seed}", "version": seed, "view_fingerprint": daemon.VIEW.fingerprint}
    return write_bundle(members, load_private_key(folder / "fleet.key"), classes=daemon.CLASSES, **about)


def write(folder: Path, *, cases: int, more: str = "", pace: float = 20.0, each: str = "") -> Path:
    """Write a device with two pipelines over one stream and one view, each of which takes bundles."""
    for key in ("fleet", "other"):
        if not (folder / f"{key}.key").exists():
            make_keys(folder / f"{key}.key", folder / f"{key}.pub")
    source = RECORDING + f"pace = {pace}\n"
    tables = [f'[bundles]\nfolder = "bundles-{name}"\nkeys = ["fleet.pub"]\ntrial = "1 h"\n{each}' for name in NAMES]
    files = [write_pipeline(folder, name, source=source, more=table) for name, table in zip(NAMES, tables, strict=True)]
    return write_device(folder, *files, more=more, cases=cases)


def play(file: Path, drive: Callable[[RunningDevice], Any], *, whole: bool = False) -> dict[str, list[dict[str, Any]]]:
    """Drive a device; return each pipeline's predictions."""
    driven.drive(build_plant(load_device(file)), drive, whole=whole)
    return {name: predictions(file.parent, name) for name in NAMES}


def predictions(folder: Path, name: str) -> list[dict[str, Any]]:
    return read_records(folder / f"{name}.jsonl", "prediction")


async def windows(device: RunningDevice, name: str, count: int) -> None:
    """Wait for so many windows more of a pipeline."""
    until = device.status()["pipelines"][name]["inferences"] + count
    while device.status()["pipelines"][name]["inferences"] < until:
        await anyio.sleep(0.01)


def assert_windows_are_the_references(told: list[dict[str, Any]], networks: list[bytes], cases: int) -> None:
    """Hold each prediction against one of the networks on the features of the whole recording."""
    deployed = [daemon.deployment(model=network) for network in networks]
    interpreters = [Interpreter(one.program.graph) for one in deployed]
    values = {window.end_ns: window.values for window in compute_recording(daemon.VIEW, daemon.recording(cases))}
    for record in told:
        wanted = [
            interpreter.run([one.network.quantize(values[record["t_ns"]])])[0].ravel().tolist()
            for interpreter, one in zip(interpreters, deployed, strict=True)
        ]
        assert record["outputs"] in wanted


def test_a_bundle_lives_in_the_pipeline_that_is_named_and_no_window_of_the_other_is_touched(tmp_path: Path) -> None:
    cases = 100
    states: list[Any] = []
    metrics: list[str] = []

    async def drive(device: RunningDevice) -> None:
        content = bundle(tmp_path, 7)
        for call in (device.bundles, lambda name="": device.bundles(name)):
            with pytest.raises(BundleError, match="several pipelines take bundles; name one of press, pump"):
                call()
        with pytest.raises(BundleError, match="name one of press, pump"):
            await device.push_bundle(content)
        with pytest.raises(DataError, match="no pipeline 'fan' that takes bundles; there are press, pump"):
            await device.act_on_bundle("commit", "fan")
        await windows(device, "press", 5)
        states.append(await device.push_bundle(content, "press"))
        states.append(await device.act_on_bundle("shadow", "press"))
        states.append(await device.act_on_bundle("activate", "press"))
        assert device.bundles("pump")["state"] == "quiet"
        await windows(device, "press", 5)
        states.append(await device.act_on_bundle("rollback", "press"))
        # The other one goes its own way at the same time.
        await device.push_bundle(bundle(tmp_path, 8), "pump")
        states.extend([device.bundles("press"), device.bundles("pump")])
        metrics.append(render_metrics(device.status()).decode())

    told = play(write(tmp_path, cases=cases, pace=5.0), drive, whole=True)
    assert [(state["pipeline"], state["state"]) for state in states] == [
        *(("press", state) for state in ("staged", "shadow", "trial", "quiet", "quiet")),
        ("pump", "staged"),
    ]
    for line in (
        'edge_bundle_phase{phase="quiet",pipeline="press"} 1.0',
        'edge_bundle_phase{phase="staged",pipeline="pump"} 1.0',
        'edge_bundle_rollbacks_total{pipeline="press"} 1.0',
        'edge_bundle_rollbacks_total{pipeline="pump"} 0.0',
    ):
        assert line in metrics[0]
    # Press missed a window at each switch, as a view takes two seconds to fill; pump, over the same view, none.
    wanted = [window.end_ns for window in compute_recording(daemon.VIEW, daemon.recording(cases))]
    assert [record["t_ns"] for record in told["pump"]] == wanted
    assert len(told["press"]) == len(wanted) - 2
    assert_windows_are_the_references(told["pump"], [NETWORKS["pump"]], cases)
    networks = [NETWORKS["press"], dense_network([8, 16, 2], seed=7)]
    assert_windows_are_the_references(told["press"], networks, cases)


def test_the_state_of_a_device_with_one_pipeline_is_taken_over(tmp_path: Path) -> None:
    file = write(tmp_path, cases=2000)
    states: list[Any] = []

    async def alone(device: RunningDevice) -> None:
        await device.push_bundle(bundle(tmp_path, 7))
        await device.act_on_bundle("shadow")
        states.append(await device.act_on_bundle("activate"))

    driven.drive(build_plant(load_device(tmp_path / "press.toml")), alone)

    async def look(device: RunningDevice) -> None:
        states.extend([device.bundles("press"), device.bundles("pump")])

    play(file, look)
    assert states[1]["active"] == states[0]["active"] is not None
    assert (states[1]["state"], states[1]["starts"], states[2]["active"]) == ("trial", 1, None)


def verb(*arguments: object) -> dict[str, Any] | str:
    result = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    return dict(json.loads(result.stdout)) if result.exit_code == 0 else str(result.exception)


@pytest.mark.parametrize("way", ["http", "mqtt"])
def test_the_verbs_name_the_pipeline(tmp_path: Path, way: str) -> None:
    port = free_port()
    answers: list[Any] = []
    with mosquitto(tmp_path / "broker") as broker:
        where = f"http://127.0.0.1:{port}" if way == "http" else f"mqtt://127.0.0.1:{broker.port}/shed"

        async def ask(*arguments: object) -> None:
            answers.append(await anyio.to_thread.run_sync(verb, *arguments, "--url", where))

        async def drive(device: RunningDevice) -> None:
            await driven.can_be_asked(device, port)
            (tmp_path / "a.bundle").write_bytes(bundle(tmp_path, 7))
            await ask("bundle", "stage", tmp_path / "a.bundle")
            await ask("bundle", "stage", tmp_path / "a.bundle", "--pipeline", "pump")
            for step in ("shadow", "activate", "status", "rollback"):
                await ask("bundle", step, "--pipeline", "pump")
            await ask("bundle", "status")
            await ask("bundle", "status", "--pipeline", "fan")

        sink = f'[[sink]]\nkind = "mqtt"\nbroker = "mqtt://127.0.0.1:{broker.port}"\noutbox = "outbox"\n'
        play(write(tmp_path, cases=2000, more=f"[service]\nport = {port}\n", each=sink), drive)
    assert "several pipelines take bundles; name one of press, pump: --pipeline NAME" in answers[0]
    steps = [("pump", state) for state in ("staged", "shadow", "trial", "trial", "quiet")]
    assert [(answer["pipeline"], answer["state"]) for answer in answers[1:6]] == steps
    assert answers[6] == answers[0]
    assert answers[7].endswith("there is no pipeline 'fan' that takes bundles; there are press, pump")


def test_http_names_the_pipeline_and_refuses_with_a_status(tmp_path: Path) -> None:
    port = free_port()
    answers: list[tuple[int, Any]] = []

    def ask(path: str, body: bytes | None = None, kind: str = "application/octet-stream") -> None:
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, {"Content-Type": kind})
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:  # noqa: S310
                answers.append((answer.status, json.load(answer)))
        except urllib.error.HTTPError as error:
            with error:
                answers.append((error.code, json.load(error)))

    async def drive(device: RunningDevice) -> None:
        await driven.can_be_asked(device, port)
        content = bundle(tmp_path, 7)
        for path, body in (
            ("/bundles", content),
            ("/bundles?pipeline=press", content),
            ("/bundles?pipeline=fan", None),
        ):
            await anyio.to_thread.run_sync(ask, path, body)
        body = json.dumps({"action": "shadow", "pipeline": "press"}).encode()
        await anyio.to_thread.run_sync(ask, "/bundles/action", body, "application/json")
        await anyio.to_thread.run_sync(ask, "/bundles?pipeline=press")

    play(write(tmp_path, cases=2000, more=f"[service]\nport = {port}\n"), drive)
    assert [status for status, _ in answers] == [409, 200, 404, 200, 200]
    assert "name one of press, pump" in answers[0][1]["error"]
    assert [(answer["pipeline"], answer["state"]) for _, answer in (answers[1], *answers[3:])] == [
        *(("press", state) for state in ("staged", "shadow", "shadow")),
    ]


def test_a_head_takes_part_where_its_network_runs_or_only_where_it_is_sent(tmp_path: Path) -> None:
    taken: list[Any] = []

    def head(name: str, key: str = "fleet") -> bytes:
        width = {"press": 16, "pump": 12}[name]
        ones, none = np.ones((2, width), np.float32), np.zeros(2, np.float32)
        network = network_fingerprint(NETWORKS[name])
        about = {"name": "h", "version": 1, "network": network, "classes": daemon.CLASSES}
        return write_head(ones, none, load_private_key(tmp_path / f"{key}.key"), **about)

    async def drive(device: RunningDevice) -> None:
        taken.append(await device.push_head(head("press")))
        taken.append(await device.push_head(head("pump"), "pump"))
        with pytest.raises(BundleError, match="the head is for the network"):
            await device.push_head(head("press"), "pump")
        assert "the head is for the network" in device.bundles("pump")["last_refusal"]
        assert device.bundles("press")["last_refusal"] is None
        with pytest.raises(BundleError, match="not signed by anybody"):
            await device.push_head(head("press", "other"))
        with pytest.raises(DataError, match="no pipeline 'fan'"):
            await device.push_head(head("press"), "fan")

    # Pump's own device trusts somebody else too.
    file = write(tmp_path, cases=2000, each=LEARNING)
    play(file, drive)
    assert [answer["pipelines"] for answer in taken] == [["press"], ["pump"]]


@contextmanager
def daemon_of(file: Path, port: int) -> Iterator[Running]:
    code = "from edge_runtime.cli.main import main; main()"
    with (file.parent / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", code, "run", str(file)],
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    running = Running(port, file.parent, process, PluggedDevice(file.parent / "nothing"))
    try:
        running.wait_for(lambda status: status["ready"])
        yield running
    finally:
        process.kill()
        process.wait(DEADLINE_S)


def state_of(running: Running, name: str) -> tuple[str, str | None, str | None, str | None]:
    found = running.get(f"/bundles?pipeline={name}")
    return found["state"], found["active"], found["previous"], found["candidate"]


def step(running: Running, name: str, chance: random.Random) -> None:
    """Do something with a pipeline's bundles; what its state does not allow is refused."""
    action = chance.choice(["stage", "stage", "shadow", "shadow", "activate", "activate", "commit", "rollback"])
    body, kind = json.dumps({"action": action, "pipeline": name}).encode(), "application/json"
    path = "/bundles/action"
    if action == "stage":
        body, kind = bundle(running.folder, chance.randrange(5, 9)), "application/octet-stream"
        path = f"/bundles?pipeline={name}"
    request = urllib.request.Request(running.url + path, body, {"Content-Type": kind})  # noqa: S310
    with suppress(urllib.error.HTTPError), urllib.request.urlopen(request, timeout=DEADLINE_S):  # noqa: S310
        pass


@pytest.mark.parametrize("kills", [2, pytest.param(12, marks=pytest.mark.slow)])
def test_each_ones_state_is_found_again_after_kills(tmp_path: Path, kills: int) -> None:
    port, chance = free_port(), random.Random(5)
    file = write(tmp_path, cases=4000, more=f"[service]\nport = {port}\n")
    before: dict[str, Any] = dict.fromkeys(NAMES, ("quiet", None, None, None))
    for _ in range(kills):
        with daemon_of(file, port) as running:
            assert {name: state_of(running, name) for name in NAMES} == before
            for _ in range(6):
                step(running, chance.choice(NAMES), chance)
            before = {name: state_of(running, name) for name in NAMES}
            running.process.send_signal(signal.SIGKILL)
    assert len(set(before.values())) > 1, "they went their own ways"


def test_the_page_takes_the_bundle_of_the_pipeline_that_it_shows(tmp_path: Path) -> None:
    port = free_port()
    file = write(tmp_path, cases=4000, more=f"[service]\nport = {port}\n")
    with daemon_of(file, port) as running, chromium() as (browser, expect):
        (tmp_path / "a.bundle").write_bytes(bundle(tmp_path, 7))
        where = ("--url", running.url, "--pipeline", "pump")
        assert isinstance(verb("bundle", "stage", tmp_path / "a.bundle", *where), dict)
        page = browser.new_page(viewport={"width": 1360, "height": 1010})
        page.goto(running.url + "/")
        expect(page.locator("#bundlephase")).to_have_text("quiet")
        page.get_by_label("pipeline").select_option("pump")
        expect(page.locator("#bundlephase")).to_have_text("staged")
        page.get_by_role("button", name="shadow the bundle").click()
        expect(page.locator("#bundlephase")).to_have_text("shadow")
        page.get_by_role("button", name="activate the bundle").click()
        expect(page.locator("#bundlephase")).to_have_text("trial")
        expect(page.locator("#bundleactive")).to_contain_text("b7 7")
        page.get_by_label("pipeline").select_option("press")
        expect(page.locator("#bundlephase")).to_have_text("quiet")
        assert [state_of(running, name)[0] for name in NAMES] == ["quiet", "trial"]
