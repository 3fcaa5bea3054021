"""A bundle's training statistics reach the detector on embeddings of the daemon that runs it."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_runtime.bundles import load_private_key, make_keys, write_bundle
from edge_runtime.daemon import load_device, plant
from edge_runtime.daemon.device import RunningDevice
from edge_runtime.daemon.head_fit import embed
from edge_runtime.learning.statistics import TrainingStatistics
from edge_runtime.stream import Recording, save_recording
from support import daemon, driven
from support.networks import dense_network

pytest.importorskip("cryptography")

NETWORK = dense_network([8, 16, 2], seed=3)
VIEW = 'name = "v"\nchannels = ["x", "y"]\nwindow = "2 s"\nhop = "1 s"\nkernels = ["mean", "std", "min", "max"]\n'
CASES, CHANGE_S = 60, 300


def training_set(folder: Path) -> bytes:
    """Return a bundle's ``statistics.npz``: of other cases than the stream's, as the network's embeddings are."""
    save_recording(daemon.recording(80, seed=5), folder / "night.npz")
    samples = embed(daemon.deployment(model=NETWORK), [folder / "night.npz"])
    statistics = TrainingStatistics.of(samples.real, samples.labels, classes=2)
    file = io.BytesIO()
    np.savez(file, counts=statistics.counts, means=statistics.means, covariance=statistics.covariance)
    return file.getvalue()


def stream() -> Recording:
    """Five minutes as in training, then five in which a sensor reads too much."""
    whole = daemon.recording(2 * CASES, seed=1)
    samples = whole.samples.copy()
    samples[CHANGE_S * 10 :] += 2.0
    return replace(whole, samples=samples)


def live(folder: Path, script: Any, *, whole: bool = False) -> list[dict[str, Any]]:
    """Run the daemon of a folder's files, in which no label is ever due; return what it told."""
    (folder / "records.jsonl").unlink(missing_ok=True)
    driven.drive(plant.build_plant(load_device(folder / "pipeline.toml")), script, whole=whole)
    return [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]


async def nothing(device: RunningDevice) -> None:
    assert device.is_ready()


@pytest.mark.parametrize("carries", [True, False], ids=["with statistics", "without"])
def test_a_change_is_noticed_without_a_label_where_the_bundle_carries_statistics(tmp_path: Path, carries: bool) -> None:
    make_keys(tmp_path / "fleet.key", tmp_path / "fleet.pub")
    (tmp_path / "small.tflite").write_bytes(NETWORK)
    members = {"network.tflite": NETWORK, "view.toml": VIEW.encode(), "LICENSE": b"-"}
    if carries:
        members["statistics.npz"] = training_set(tmp_path)
    about = {"name": "press", "version": 2, "view_fingerprint": daemon.VIEW.fingerprint, "classes": daemon.CLASSES}
    content = write_bundle(members, load_private_key(tmp_path / "fleet.key"), **about)  # type: ignore[arg-type]
    save_recording(stream(), tmp_path / "day.npz")
    no_label = daemon.PIPELINE.replace('label_delay = "3 s"', 'label_delay = "9 h"\nheads = ["slda", "slda_recent"]')
    (tmp_path / "pipeline.toml").write_text(
        no_label.replace("block_size = 10", "block_size = 10\npace = 5.0") + daemon.BUNDLES
    )

    async def activate(device: RunningDevice) -> None:
        await device.push_bundle(content)
        for action in ("shadow", "activate", "commit"):
            await device.act_on_bundle(action)

    live(tmp_path, activate)
    (tmp_path / "pipeline.toml").write_text(no_label + daemon.BUNDLES)
    told = live(tmp_path, nothing, whole=True)

    assert not [record for record in told if record["kind"] == "label"]
    windows = sorted(record["t_ns"] for record in told if record["kind"] == "prediction")
    heads = [record for record in told if record["kind"] == "head"]
    if not carries:
        assert heads == []
        return
    (alarm,) = heads
    assert alarm["decision"] == "shadow"
    assert alarm["evidence"]["alarm"] == "embeddings"
    assert alarm["evidence"]["candidates"] == "slda_recent"
    assert alarm["evidence"]["before"] < alarm["evidence"]["distance"]
    after = (alarm["t_ns"] - windows[0]) / 1e9 - CHANGE_S
    assert 0 < after < 60, "seconds from the change to the alarm"
