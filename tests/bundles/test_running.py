"""Bundles sent to a running daemon: what fits lives there, what does not is refused, and what runs goes on."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.bundles import load_private_key, make_keys, write_bundle
from edge_runtime.cli.main import main
from edge_runtime.stream import save_recording
from support import daemon
from support.browser import chromium
from support.lines import read_records
from support.mosquitto import free_port
from support.networks import dense_network
from support.pty import PluggedDevice
from support.running import NOBODY, PIPELINE, Running
from support.waiting import DEADLINE_S

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

pytest.importorskip("cryptography")

DOCS = Path(__file__).resolve().parents[2] / "docs"
VIEW = b'name = "v"\nchannels = ["x", "y"]\nwindow = "2 s"\nhop = "1 s"\nkernels = ["mean", "std", "min", "max"]\n'
OTHER_VIEW = VIEW.replace(b'"max"]', b'"max", "rms"]')
TABLE = '\n[bundles]\nfolder = "bundles"\nkeys = ["fleet.pub"]\ntrial = "1 h"\n'


class Device:
    """A daemon that takes bundles, and may be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        make_keys(folder / "fleet.key", folder / "fleet.pub")
        make_keys(folder / "other.key", folder / "other.pub")
        (folder / "small.tflite").write_bytes(dense_network([8, 16, 2], seed=3))
        save_recording(daemon.recording(4000), folder / "day.npz")
        self._button = PluggedDevice(folder / "button")
        self._button.plug()
        text = PIPELINE.format(port=self.port, broker=NOBODY, button=self._button.path)
        text = text.replace('label_delay = "40 s"', 'label_delay = "2 s"\nstate = "learnt"')
        (folder / "pipeline.toml").write_text(text + TABLE)
        self.running = self.start()

    def start(self) -> Running:
        code = "from edge_runtime.cli.main import main; main()"
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", code, "run", str(self.folder / "pipeline.toml")],
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        self.running = Running(self.port, self.folder, process, self._button)
        self.running.wait_for(lambda status: status["ready"] and self.windows(status) > 3)
        return self.running

    def kill(self) -> None:
        self.running.process.send_signal(signal.SIGKILL)
        self.running.process.wait(DEADLINE_S)

    @staticmethod
    def windows(status: dict[str, Any]) -> int:
        return int(status["pipelines"]["vibration"]["inferences"])

    def goes_on(self) -> None:
        """Wait for windows beyond those there are."""
        seen = self.windows(self.running.get("/status"))
        self.running.wait_for(lambda status: self.windows(status) > seen + 1)

    def post(self, path: str, body: bytes, content_type: str) -> tuple[int, dict[str, Any]]:
        request = urllib.request.Request(self.running.url + path, body, {"Content-Type": content_type})  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:  # noqa: S310
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def push(self, content: bytes) -> tuple[int, dict[str, Any]]:
        return self.post("/bundles", content, "application/octet-stream")

    def act(self, action: str) -> tuple[int, dict[str, Any]]:
        return self.post("/bundles/action", json.dumps({"action": action}).encode(), "application/json")

    def bundle(self, *, seed: int = 4, key: str = "fleet", view: bytes = VIEW, **about: Any) -> bytes:
        size = daemon.FeatureView.from_mapping(parsed(view)).size
        members = {
            "network.tflite": dense_network([size, 16, 2], seed=seed),
            "view.toml": view,
            "LICENSE": b"Apache-2.0",
        }
        settings = {
            "name": "press",
            "version": seed,
            "view_fingerprint": daemon.FeatureView.from_mapping(parsed(view)).fingerprint,
            "classes": ("calm", "wild"),
        }
        return write_bundle(members, load_private_key(self.folder / f"{key}.key"), **{**settings, **about})


def parsed(text: bytes) -> dict[str, Any]:
    return dict(tomllib.loads(text.decode()))


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Device]:
    made = Device(tmp_path_factory.mktemp("device"))
    yield made
    made.running.process.terminate()
    assert made.running.process.wait(DEADLINE_S) is not None


@pytest.fixture(autouse=True)
def _quiet(device: Device) -> Iterator[None]:
    yield
    state = device.running.get("/bundles")
    if state["candidate"]:
        device.act("discard")
    while device.running.get("/bundles")["active"]:
        assert device.act("rollback")[0] == 200


def rewritten(content: bytes, **changed: bytes | None) -> bytes:
    """Change a bundle as somebody without the key could; None leaves a member out."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files.update({name.replace("__", "."): data for name, data in changed.items() if data is not None})
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            if changed.get(name, b"") is not None:
                archive.writestr(name, data)
    return written.getvalue()


def test_what_must_not_run_is_refused_with_a_reason_and_what_runs_goes_on(device: Device) -> None:
    good = device.bundle()
    bomb = rewritten(good, network__tflite=bytes(200 * 2**20))
    refused = {
        "changed or damaged": rewritten(good, view__toml=VIEW.replace(b"2 s", b"3 s")),
        "may have": bomb,
        "is damaged": good[: len(good) // 2],
        "is not signed; sign it": rewritten(good, signature=None),
        "not signed by anybody whom this device trusts": device.bundle(key="other"),
        "this board is laptop_sim": device.bundle(boards=("pynq_z2",)),
        "this board has": device.bundle(parameters="0" * 12),
        "needs the channel 'z'": device.bundle(view=VIEW.replace(b'"y"', b'"z"')),
        "names 3 classes": device.bundle(classes=("a", "b", "c")),
    }
    for reason, content in refused.items():
        status, answer = device.push(content)
        assert (status, reason in answer["error"]) == (409, True), (reason, answer)
        assert answer["error"] in device.running.get("/bundles")["last_refusal"]
    assert device.running.get("/bundles")["state"] == "quiet"
    assert not list((device.folder / "bundles").glob("*.bundle"))
    device.goes_on()


def test_a_bundle_is_staged_compared_served_and_taken_back(device: Device) -> None:
    version = device.running.get("/v2/models/vibration")["versions"]
    status, staged = device.push(device.bundle(view=OTHER_VIEW))
    assert (status, staged["state"]) == (200, "staged")
    assert device.act("activate")[0] == 409, "it was not in the shadow yet"
    assert device.act("shadow")[1]["state"] == "shadow"
    device.running.wait_for(lambda s: s["pipelines"]["vibration"]["bundles"]["shadow"]["labelled"] > 5)
    shadow = device.running.get("/bundles")["shadow"]
    assert 0 <= shadow["agreed"] <= shadow["compared"] <= shadow["windows"]
    assert shadow["error"] is None
    newest = device.windows(device.running.get("/status"))
    status, active = device.act("activate")
    assert (status, active["state"], active["active"]) == (200, "trial", staged["candidate"])
    device.goes_on()
    about = device.running.get("/v2/models/vibration")
    assert about["inputs"][0]["shape"] == [1, 10]
    assert about["versions"] != version
    records = read_records(device.folder / "records.jsonl", "prediction")[-5:]
    assert min(record["prediction"] for record in records) >= newest - 5, "numbered on"
    assert device.act("commit")[1]["state"] == "quiet"
    status, back = device.act("rollback")
    assert (status, back["active"]) == (200, None)
    device.goes_on()
    assert device.running.get("/v2/models/vibration")["versions"] == version


def test_a_kill_in_each_state_finds_it_again(device: Device) -> None:
    device.push(device.bundle(seed=5))
    device.act("shadow")
    device.kill()
    device.start()
    device.running.wait_for(lambda s: s["pipelines"]["vibration"]["bundles"]["shadow"]["compared"] > 0)
    device.act("activate")
    device.kill()
    device.start()
    assert device.running.get("/bundles")["starts"] == 1
    assert device.running.get("/bundles")["state"] == "trial"


def test_an_active_bundle_that_was_damaged_is_rolled_back_at_the_start(device: Device) -> None:
    device.push(device.bundle(seed=6))
    device.act("shadow")
    active = device.act("activate")[1]["active"]
    (path,) = (device.folder / "bundles").glob(f"{active}.bundle")
    device.kill()
    path.write_bytes(path.read_bytes()[:100])
    device.start()
    state = device.running.get("/bundles")
    assert (state["active"], state["state"]) == (None, "quiet")
    assert not list((device.folder / "bundles").glob("*.bundle"))
    assert "rolled back" in state["last_refusal"]


def run_verb(monkeypatch: Any, capsys: Any, *arguments: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["edge-runtime", *arguments])
    with pytest.raises(SystemExit) as caught:
        main()
    captured = capsys.readouterr()
    return int(caught.value.code or 0), captured.out, captured.err


def test_the_verbs_do_the_same(device: Device, tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    (tmp_path / "a.bundle").write_bytes(device.bundle(seed=7))
    where = ("--url", device.running.url, "--json")
    states = []
    for verb in (["stage", str(tmp_path / "a.bundle")], ["shadow"], ["activate"], ["commit"], ["status"], ["rollback"]):
        code, out, _ = run_verb(monkeypatch, capsys, "bundle", *verb, *where)
        states.append((code, json.loads(out)["state"]))
    assert states == [(0, state) for state in ("staged", "shadow", "trial", "quiet", "quiet", "quiet")]
    (tmp_path / "b.bundle").write_bytes(device.bundle(key="other"))
    code, _, err = run_verb(monkeypatch, capsys, "bundle", "stage", str(tmp_path / "b.bundle"), *where)
    assert code == 2
    assert "not signed by anybody" in err
    code, out, _ = run_verb(monkeypatch, capsys, "bundle", "status", "--url", device.running.url)
    assert "not signed by anybody" in " ".join(out.split())


def test_the_page_shows_the_shadow_and_takes_a_bundle_on(device: Device, tmp_path: Path) -> None:
    device.push(device.bundle(seed=8))
    device.act("shadow")
    device.push(device.bundle(key="other"))
    device.running.wait_for(lambda s: s["pipelines"]["vibration"]["bundles"]["shadow"]["labelled"] > 5)
    with chromium() as (browser, expect):
        page = browser.new_page(viewport={"width": 1360, "height": 1010})
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(device.running.url + "/")
        expect(page.locator("#bundlephase")).to_have_text("shadow")
        expect(page.locator("#shadow")).to_contain_text("windows as what serves")
        expect(page.locator("#refusal")).to_contain_text("not signed by anybody")
        page.wait_for_timeout(2000)
        folder = DOCS if os.environ.get("EDGE_RUNTIME_SCREENSHOTS") else tmp_path
        page.locator("#bundlebox").screenshot(path=str(folder / "dashboard_bundles.png"))
        page.get_by_role("button", name="activate the bundle").click()
        expect(page.locator("#bundlephase")).to_have_text("trial")
        expect(page.locator("#bundleactive")).to_contain_text("press 8")
    assert complaints == []
