"""What a bundle carries beside its network is used, and its trial is judged by labels."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest

from edge_runtime.bundles import load_private_key, make_keys, write_bundle
from edge_runtime.daemon import load_device, plant
from edge_runtime.daemon.device import RunningDevice
from edge_runtime.daemon.head_fit import LabelledEmbeddings, embed, fit_head
from edge_runtime.daemon.step import Step
from edge_runtime.errors import BundleError, FitError
from edge_runtime.learning.shift import ShiftWatch
from edge_runtime.learning.statistics import TrainingStatistics
from edge_runtime.store import StoreReader
from edge_runtime.store.tables import TABLES
from edge_runtime.stream import save_recording
from support import daemon, driven
from support.networks import dense_network
from support.waiting import DEADLINE_S

pytest.importorskip("cryptography")

NETWORK = dense_network([8, 16, 2], seed=3)
VIEW = 'name = "v"\nchannels = ["x", "y"]\nwindow = "2 s"\nhop = "1 s"\nkernels = ["mean", "std", "min", "max"]\n'
STORE = '[[sink]]\nkind = "store"\npath = "device.store"\ncommit_every = "10 ms"\n'


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> LabelledEmbeddings:
    path = tmp_path_factory.mktemp("night") / "night.npz"
    save_recording(daemon.recording(40, seed=5), path)
    return embed(daemon.deployment(), [path])


def npz(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def made(folder: Path, network: bytes = NETWORK, reserved: int = 0, **members: bytes) -> bytes:
    files = {"network.tflite": network, "view.toml": VIEW.encode(), "LICENSE": b"-"}
    files |= {f"{name}.npz": content for name, content in members.items()}
    key = load_private_key(folder / "fleet.key")
    about = {"name": "press", "version": 2, "view_fingerprint": daemon.VIEW.fingerprint, "classes": daemon.CLASSES}
    return write_bundle(files, key, reserved_classes=reserved, **about)  # type: ignore[arg-type]


def carried(samples: LabelledEmbeddings, *, sign: int = 1) -> dict[str, bytes]:
    head = fit_head(daemon.deployment(), samples)
    statistics = TrainingStatistics.of(samples.real, samples.labels, classes=2)
    return {
        "head": npz(weights=sign * head.weights, bias=sign * head.bias),
        "memory": npz(embeddings=samples.stored[:40], labels=samples.labels[:40]),
        "statistics": npz(counts=statistics.counts, means=statistics.means, covariance=statistics.covariance),
    }


def build(folder: Path) -> plant.Plant:
    make_keys(folder / "fleet.key", folder / "fleet.pub")
    (folder / "small.tflite").write_bytes(NETWORK)
    save_recording(daemon.recording(2000, seed=1), folder / "day.npz")
    (folder / "pipeline.toml").write_text(daemon.taking_bundles(pace=40.0) + STORE)
    return plant.build_plant(load_device(folder / "pipeline.toml"))


async def activate(device: RunningDevice, content: bytes) -> str:
    await device.push_bundle(content)
    await device.act_on_bundle("shadow")
    return str((await device.act_on_bundle("activate"))["active"])


def label_newest(step: Step) -> tuple[str, bool]:
    """Say that the newest window was of the third class; return what became of the label, and whether it was learnt."""
    assert step.learning is not None
    outcome = step.learning.learner.on_label(step.next_prediction - 1, 2)
    return outcome.status.value, outcome.learnt


async def trial_has(device: RunningDevice, labels: int) -> None:
    while device.bundles()["shadow"] is None or device.bundles()["shadow"]["labelled"] < labels:
        await anyio.sleep(0.01)


def test_a_carried_head_serves_first_and_a_worse_bundle_is_rolled_back_by_its_labels(
    tmp_path: Path, samples: LabelledEmbeddings
) -> None:
    running = build(tmp_path)
    (pipeline,) = running.pipelines
    digests: list[str] = []
    trials: list[dict[str, Any]] = []

    async def script(device: RunningDevice) -> None:
        with anyio.fail_after(DEADLINE_S):
            digests.append(await activate(device, made(tmp_path, **carried(samples))))
            assert pipeline.step is not None
            assert pipeline.step.learning is not None
            learner = pipeline.step.learning.learner
            assert len(learner.contest.held_out) >= 16, "the newest eight of each class, and what came since"
            assert isinstance(learner.watch, ShiftWatch)
            await trial_has(device, 30)
            trials.append(device.bundles()["shadow"])
            await device.act_on_bundle("commit")
            assert device.bundles()["shadow"] is None
            digests.append(await activate(device, made(tmp_path, **carried(samples, sign=-1))))
            while device.bundles()["last_refusal"] is None:
                await anyio.sleep(0.01)
            trials.append(device.bundles())
            seen = device.status()["pipelines"]["small"]["inferences"]
            while device.status()["pipelines"]["small"]["inferences"] < seen + 5:
                await anyio.sleep(0.01)

    driven.drive(running, script)
    good, after = trials
    assert good["served_right"] > 0.9 * good["labelled"]
    assert good["evidence_shadow"] < 1
    assert good["evidence_served"] > 20
    assert (after["active"], after["state"], after["shadow"]) == (digests[0], "quiet", None)
    assert "rolled back: of " in after["last_refusal"]
    records = [json.loads(line) for line in (tmp_path / "records.jsonl").read_text().splitlines()]
    (event,) = [r for r in records if r["kind"] == "event" and r["event"] == "bundle rolled back"]
    assert event["evidence"]["evidence_shadow"] >= 20
    assert event["bundle"] == digests[1]
    assert {r["mismatches"] for r in records if r["kind"] == "prediction"} == {0}, "TFLite's kernels and the reference"
    with StoreReader(tmp_path / "device.store") as reader:
        stored = {row["event"]: row for row in reader.rows(TABLES["event"])}
    assert stored["bundle rolled back"]["more"]["evidence"] == event["evidence"]
    assert {"bundle stage", "bundle shadow", "bundle activate", "bundle commit"} <= stored.keys()


def test_what_does_not_fit_its_network_is_refused_before_it_is_staged(
    tmp_path: Path, samples: LabelledEmbeddings
) -> None:
    bad = {
        "head.npz has [2, 15] weights": {"head": npz(weights=np.ones((2, 15)), bias=np.ones(2))},
        "must be finite": {"head": npz(weights=np.full((2, 16), np.nan), bias=np.ones(2))},
        "bundle's head.npz: cannot be read": {"head": b"nothing"},
        "memory.npz does not fit": {"memory": npz(embeddings=samples.stored, labels=samples.labels + 1)},
        "memory.npz does not": {"memory": npz(embeddings=samples.real, labels=samples.labels)},
        "statistics.npz": {"statistics": npz(counts=np.ones(2), means=np.ones((2, 3)), covariance=np.eye(3))},
    }
    running = build(tmp_path)

    async def script(device: RunningDevice) -> None:
        for reason, members in bad.items():
            with pytest.raises(BundleError) as caught:
                await device.push_bundle(made(tmp_path, **members))
            assert reason in str(caught.value), caught.value
        assert device.bundles()["state"] == "quiet"

    driven.drive(running, script)


def test_a_class_is_added_on_the_device_into_a_row_that_the_bundle_reserved(tmp_path: Path) -> None:
    running = build(tmp_path)
    wide = dense_network([8, 16, 3], seed=3)

    async def script(device: RunningDevice) -> None:
        with pytest.raises(BundleError, match="names 2 classes; its network has 3 outputs"):
            await device.push_bundle(made(tmp_path, wide))
        with pytest.raises(BundleError, match="names 2 classes and reserves 2; its network has 3 outputs"):
            await device.push_bundle(made(tmp_path, wide, reserved=2))
        await activate(device, made(tmp_path, wide, reserved=1))
        answer = await device.steer("small", "add class", "dancing")
        assert answer["classes"] == [*daemon.CLASSES, "dancing"]
        seen = device.status()["pipelines"]["small"]["inferences"]
        while device.status()["pipelines"]["small"]["inferences"] < seen + 3:
            await anyio.sleep(0.01)
        (pipeline,) = running.pipelines
        assert await pipeline.ask(label_newest) == ("accepted", True)
        with pytest.raises(FitError, match="the bundle reserved no more"):
            await device.steer("small", "add class", "sleeping")

    driven.drive(running, script)
