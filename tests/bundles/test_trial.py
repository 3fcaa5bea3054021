"""A bundle on trial whose accelerator fails, at once or after a while: the network before serves again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from edge_runtime.accelerator import Accelerator
from edge_runtime.bundles import load_private_key, make_keys, write_bundle
from edge_runtime.daemon import load_pipeline, plant, run_pipelines
from edge_runtime.daemon.build import deploy_bundle
from edge_runtime.daemon.device import RunningDevice
from edge_runtime.errors import AcceleratorError, BundleError
from edge_runtime.stream import save_recording
from support import daemon
from support.networks import dense_network

pytest.importorskip("cryptography")

VIEW = 'name = "v"\nchannels = ["x", "y"]\nwindow = "2 s"\nhop = "1 s"\nkernels = ["mean", "std", "min", "max"]\n'
WINDOWS = 20 * 5 - 1
FILE = f"""
[pipeline]
name = "p"
[source]
kind = "recording"
path = "day.npz"
block_size = 10
pace = 100.0
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


def build(folder: Path) -> tuple[plant.Plant, bytes]:
    make_keys(folder / "fleet.key", folder / "fleet.pub")
    (folder / "small.tflite").write_bytes(dense_network([8, 16, 2], seed=3))
    save_recording(daemon.recording(20), folder / "day.npz")
    (folder / "pipeline.toml").write_text(FILE)
    members = {"network.tflite": dense_network([8, 16, 2], seed=4), "view.toml": VIEW.encode(), "LICENSE": b"-"}
    about: dict[str, Any] = {"view_fingerprint": daemon.VIEW.fingerprint, "classes": daemon.CLASSES}
    content = write_bundle(members, load_private_key(folder / "fleet.key"), name="press", version=2, **about)
    return plant.build_plant(load_pipeline(folder / "pipeline.toml")), content


def play(folder: Path, drive: Callable[[RunningDevice, bytes], Any]) -> list[dict[str, Any]]:
    made, content = build(folder)

    async def beside() -> None:
        while not made.device.is_ready():
            await anyio.sleep(0.01)
        await drive(made.device, content)

    anyio.run(partial(run_pipelines, made.source, [made.pipeline], beside=(*made.beside, beside)))
    records = [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]
    return [record for record in records if record["kind"] == "prediction"]


def breaks(monkeypatch: pytest.MonkeyPatch, open_accelerator: Callable[[], Accelerator]) -> None:
    """Let every bundle's accelerator be this one; a shadow has the reference all the same."""

    def deployed(bundle: Any, model: Any, *, board: str | None = None) -> Any:
        real = deploy_bundle(bundle, model, board=board)
        return real if not model.check else replace(real, open_accelerator=open_accelerator)

    monkeypatch.setattr(plant, "deploy_bundle", deployed)


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

    predictions = play(tmp_path, drive)
    assert [state["state"] for state in states] == ["trial", "quiet"]
    assert states[1]["last_refusal"] == "rolled back: the engine is dead"
    numbers = [record["prediction"] for record in predictions]
    assert numbers == list(range(len(numbers))), "numbered on"
    # The window that failed is missing, and one after each switch: a window takes two seconds to fill again.
    assert len(numbers) == WINDOWS - 3


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

    predictions = play(tmp_path, drive)
    assert told == ["the bundle cannot run, and was rolled back: no such engine", "quiet"]
    assert len(predictions) == WINDOWS
