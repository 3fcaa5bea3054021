"""Bundles in a pipeline that runs: refused with a reason, compared, served, and rolled back where they fail."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import numpy as np
import pytest
from typer.testing import CliRunner

from edge_runtime.accelerator import Accelerator
from edge_runtime.bundles import load_private_key, make_keys, write_bundle
from edge_runtime.cli.main import app
from edge_runtime.daemon import load_device, plant
from edge_runtime.daemon.build import deploy_bundle
from edge_runtime.daemon.device import RunningDevice
from edge_runtime.errors import AcceleratorError, BundleError
from edge_runtime.stream import save_recording
from support import daemon, driven
from support.mosquitto import mosquitto
from support.networks import dense_network

pytest.importorskip("cryptography")

VIEW = 'name = "v"\nchannels = ["x", "y"]\nwindow = "2 s"\nhop = "1 s"\nkernels = ["mean", "std", "min", "max"]\n'
WINDOWS = 100 * 5 - 1
FILE = f"""
[pipeline]
name = "p"
[source]
kind = "recording"
path = "day.npz"
block_size = 10
pace = 5.0
[view]
{VIEW}
[model]
path = "small.tflite"
accelerator = "reference"
classes = ["calm", "wild"]
[[sink]]
kind = "jsonl"
path = "records.jsonl"
[bundles]
folder = "bundles"
keys = ["fleet.pub"]
"""


def build(folder: Path, extra: str = "", *, cases: int) -> tuple[plant.Plant, bytes]:
    if not (folder / "fleet.key").exists():
        make_keys(folder / "fleet.key", folder / "fleet.pub")
    (folder / "small.tflite").write_bytes(dense_network([8, 16, 2], seed=3))
    save_recording(daemon.recording(cases), folder / "day.npz")
    (folder / "pipeline.toml").write_text(FILE + extra)
    return plant.build_plant(load_device(folder / "pipeline.toml")), bundle(folder)


def bundle(folder: Path, *, key: str = "fleet", licence: bytes = b"-", **about: Any) -> bytes:
    members = {"network.tflite": dense_network([8, 16, 2], seed=4), "view.toml": VIEW.encode(), "LICENSE": licence}
    settings = {"name": "press", "version": 2, "view_fingerprint": daemon.VIEW.fingerprint, "classes": daemon.CLASSES}
    return write_bundle(members, load_private_key(folder / f"{key}.key"), **{**settings, **about})


def rewritten(content: bytes, **changed: bytes | None) -> bytes:
    """Change a bundle as somebody without the key could; None leaves a member out, and __ stands for a dot."""
    by_name = {name.replace("__", "."): data for name, data in changed.items()}
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new:
        for name in archive.namelist():
            data = by_name.get(name, archive.read(name))
            if data is not None:
                new.writestr(name, data)
    return written.getvalue()


def play(
    folder: Path, drive: Callable[[RunningDevice, bytes], Any], *, extra: str = "", whole: bool = False
) -> list[dict[str, Any]]:
    """Drive a device while it plays its day, to the end of it or until that is done; return the predictions."""
    made, content = build(folder, extra, cases=100 if whole else 2000)
    driven.drive(made, lambda device: drive(device, content), whole=whole)
    records = [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]
    return [record for record in records if record["kind"] == "prediction"]


def breaks(monkeypatch: pytest.MonkeyPatch, open_accelerator: Callable[[], Accelerator]) -> None:
    """Let every bundle's accelerator be this one; a shadow has the reference all the same."""

    def deployed(bundle: Any, model: Any, **options: Any) -> Any:
        real = deploy_bundle(bundle, model, **options)
        return real if not model.check else replace(real, open_accelerator=open_accelerator)

    monkeypatch.setattr(plant, "deploy_bundle", deployed)


def test_what_must_not_run_is_refused_with_a_reason_and_what_runs_goes_on(tmp_path: Path) -> None:
    told: dict[str, str] = {}

    async def drive(device: RunningDevice, good: bytes) -> None:
        make_keys(tmp_path / "other.key", tmp_path / "other.pub")
        bad = {
            "changed or damaged": rewritten(good, view__toml=VIEW.replace("2 s", "3 s").encode()),
            "larger than the": rewritten(good, network__tflite=bytes(100 * 2**20)),
            "is damaged": good[: len(good) // 2],
            "is not signed; sign it": rewritten(good, signature=None),
            "not signed by anybody whom this device trusts": bundle(tmp_path, key="other"),
            "this board is laptop_sim": bundle(tmp_path, boards=("pynq_z2",)),
            "this board has": bundle(tmp_path, parameters="0" * 12),
            "names 3 classes": bundle(tmp_path, classes=("a", "b", "c")),
        }
        for reason, content in bad.items():
            with pytest.raises(BundleError) as caught:
                await device.push_bundle(content)
            told[reason] = str(caught.value)
            assert device.bundles()["last_refusal"] == told[reason]
        assert device.bundles()["state"] == "quiet"

    assert len(play(tmp_path, drive, whole=True)) == WINDOWS
    assert len(told) == 8
    assert all(reason in message for reason, message in told.items()), told
    assert not list((tmp_path / "bundles").glob("*"))


def test_a_bundle_is_compared_and_served_and_found_again_by_the_next_daemon(tmp_path: Path) -> None:
    states: list[dict[str, Any]] = []

    async def drive(device: RunningDevice, content: bytes) -> None:
        await device.push_bundle(content)
        with pytest.raises(BundleError, match="is staged; for this it must be shadow"):
            await device.act_on_bundle("activate")
        await device.act_on_bundle("shadow")
        while device.bundles()["shadow"]["compared"] < 5:
            await anyio.sleep(0.01)
        states.extend([device.bundles(), await device.act_on_bundle("activate")])

    play(tmp_path, drive)
    assert states[0]["shadow"]["error"] is None
    assert 0 <= states[0]["shadow"]["agreed"] <= states[0]["shadow"]["compared"]
    assert states[1]["names"][states[1]["active"]] == {"name": "press", "version": 2}

    async def look(device: RunningDevice, _: bytes) -> None:
        states.append(device.bundles())

    play(tmp_path, look)
    again = states[2]
    assert (again["state"], again["active"], again["starts"]) == ("trial", states[1]["active"], 1)
    (tmp_path / "bundles" / f"{again['active']}.bundle").write_bytes(b"damaged")
    play(tmp_path, look)
    assert (states[3]["state"], states[3]["active"]) == ("quiet", None)
    assert "rolled back: the bundle is damaged" in states[3]["last_refusal"]


def verb(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["bundle", *map(str, arguments)])
    return result.exit_code, result.stdout if result.exit_code == 0 else str(result.exception)


def test_its_whole_life_by_mqtt(tmp_path: Path) -> None:
    states: list[Any] = []
    with mosquitto(tmp_path / "broker") as broker:
        where = ("--url", f"mqtt://127.0.0.1:{broker.port}/press-7", "--json")

        async def step(*arguments: object) -> None:
            code, told = await anyio.to_thread.run_sync(verb, *arguments, *where)
            states.append(json.loads(told)["state"] if code == 0 else told)

        async def drive(device: RunningDevice, small: bytes) -> None:
            make_keys(tmp_path / "other.key", tmp_path / "other.pub")
            large = bundle(tmp_path, licence=np.random.default_rng(0).bytes(300_000))
            (tmp_path / "small.bundle").write_bytes(small)
            (tmp_path / "large.bundle").write_bytes(large)
            (tmp_path / "bad.bundle").write_bytes(bundle(tmp_path, key="other"))
            for file in ("bad", "small", "large"):
                await step("stage", tmp_path / f"{file}.bundle")
            assert device.bundles()["candidate"] == hashlib.sha256(large).hexdigest()
            for name in ("discard", "commit"):
                await step(name)
            await step("stage", tmp_path / "small.bundle")
            for name in ("shadow", "activate", "commit", "status", "rollback"):
                await step(name)

        sink = f'[device]\nname = "press-7"\n[[sink]]\nkind = "mqtt"\nbroker = "mqtt://127.0.0.1:{broker.port}"\n'
        play(tmp_path, drive, extra=sink + 'outbox = "outbox"\n')
    refused, *went_on = states
    assert refused == "press-7: the bundle is not signed by anybody whom this device trusts, or was changed since"
    assert went_on[:3] == ["staged", "staged", "quiet"]
    assert went_on[3] == "press-7: the newest bundle is quiet; for this it must be trial"
    assert went_on[4:] == ["staged", "shadow", "trial", "quiet", "quiet", "quiet"]


def test_a_bundle_that_fails_on_trial_is_rolled_back_and_the_pipeline_goes_on(tmp_path: Path, monkeypatch: Any) -> None:
    error = AcceleratorError("the engine is dead")
    breaks(monkeypatch, lambda: daemon.StubbornAccelerator(error, fail_at=3))
    states: list[dict[str, Any]] = []

    async def drive(device: RunningDevice, content: bytes) -> None:
        await device.push_bundle(content)
        await device.act_on_bundle("shadow")
        states.append(await device.act_on_bundle("activate"))
        while device.bundles()["active"]:
            await anyio.sleep(0.01)
        states.append(device.bundles())

    predictions = play(tmp_path, drive, whole=True)
    assert [state["state"] for state in states] == ["trial", "quiet"]
    assert states[1]["last_refusal"] == "rolled back: the engine is dead"
    numbers = [record["prediction"] for record in predictions]
    assert numbers == list(range(len(numbers))), "numbered on"
    # The window that failed is missing, and one after each switch in the midst of a window, which takes two seconds to
    # fill again.
    assert WINDOWS - 3 <= len(numbers) <= WINDOWS - 1


def test_a_bundle_that_cannot_be_opened_never_serves(tmp_path: Path, monkeypatch: Any) -> None:
    def closed() -> Accelerator:
        raise AcceleratorError("no such engine")

    breaks(monkeypatch, closed)
    told: list[str] = []

    async def drive(device: RunningDevice, content: bytes) -> None:
        await device.push_bundle(content)
        await device.act_on_bundle("shadow")
        with pytest.raises(BundleError) as caught:
            await device.act_on_bundle("activate")
        told.extend([str(caught.value), device.bundles()["state"]])

    predictions = play(tmp_path, drive, whole=True)
    assert told == ["the bundle cannot run, and was rolled back: no such engine", "quiet"]
    assert len(predictions) == WINDOWS
