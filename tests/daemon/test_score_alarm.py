"""Alarms on scores, from the pipeline file to the records: an autoencoder, and a network that puts out a score."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest

from edge_runtime.daemon import load_device, load_pipeline, plant
from edge_runtime.daemon.device import RunningDevice
from edge_runtime.errors import ConfigError, ModelError, StateError
from edge_runtime.features import compute_recording
from edge_runtime.model import Interpreter, read_tflite
from edge_runtime.stream import Recording, save_recording
from support import daemon, driven
from support.networks import dense_network

CASES, CHANGE_S = 260, 1000
AUTOENCODER, SCORER = dense_network([8, 4, 8], seed=3), dense_network([8, 6, 1], seed=4)
CLASSES, LEARNING = 'classes = ["calm", "wild"]\n', '[learning]\nlabel_delay = "3 s"\n'


def stream() -> Recording:
    """Seventeen minutes of the same, then some in which a sensor reads too much."""
    whole = daemon.recording(CASES, seed=1)
    samples = whole.samples.copy()
    samples[CHANGE_S * 10 :] += 40.0
    return replace(whole, samples=samples)


def write(folder: Path, network: bytes, alarm: str) -> Path:
    (folder / "small.tflite").write_bytes(network)
    text = daemon.PIPELINE.replace(CLASSES, "").replace(LEARNING, f"[alarm]\n{alarm}\n")
    (folder / "pipeline.toml").write_text(text)
    return folder / "pipeline.toml"


def run(file: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Run the daemon over the whole stream; return its records, and what its status says of the alarm at the start."""
    status: dict[str, Any] = {}

    async def look(device: RunningDevice) -> None:
        status.update(device.status()["pipelines"]["small"]["alarm"])

    (file.parent / "records.jsonl").unlink(missing_ok=True)
    driven.drive(plant.build_plant(load_device(file)), look, whole=True)
    return [json.loads(line) for line in (file.parent / "records.jsonl").read_text().splitlines()], status


def of_kind(records: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [record for record in records if record["kind"] == kind]


@pytest.mark.parametrize(
    ("network", "score"), [(AUTOENCODER, "reconstruction"), (SCORER, "output")], ids=["autoencoder", "score"]
)
def test_alarms_come_at_the_stated_rate_and_with_every_window_that_is_not_normal(
    tmp_path: Path, network: bytes, score: str
) -> None:
    save_recording(stream(), tmp_path / "day.npz")
    file = write(tmp_path, network, f'score = "{score}"\nrate = 0.05\nwarmup = 200')
    records, status = run(file)
    assert set(status) == {"threshold", "scores", "alarms"}
    told = of_kind(records, "prediction")
    assert all(isinstance(record["score"], float) for record in told)
    assert [record["threshold"] for record in told[:200]] == [None] * 200
    assert all(record["alarm"] == (record["score"] > record["threshold"]) for record in told[200:])
    seconds = (np.array([record["t_ns"] for record in told]) - told[0]["t_ns"]) / 1e9
    raised = np.array([record["alarm"] for record in told])
    normal = raised[200 : int(np.searchsorted(seconds, CHANGE_S - 3))]
    assert 0.02 < normal.mean() < 0.08, f"of {len(normal)} windows"
    events = [record for record in of_kind(records, "event") if record["event"] == "score alarm"]
    begins = raised & ~np.concatenate([[False], raised[:-1]])
    assert [event["prediction"] for event in events] == [
        r["prediction"] for r, at in zip(told, begins, strict=True) if at
    ]


def test_the_score_of_an_autoencoder_is_how_badly_it_gives_back_what_it_saw(tmp_path: Path) -> None:
    save_recording(daemon.recording(4), tmp_path / "day.npz")
    file = write(tmp_path, AUTOENCODER, 'score = "reconstruction"')
    told = of_kind(run(file)[0], "prediction")
    graph = read_tflite(AUTOENCODER, "small")
    given, back = (graph.tensor(number).quantization for number in (graph.inputs[0], graph.outputs[0]))
    for record, window in zip(told, compute_recording(daemon.VIEW, daemon.recording(4)), strict=True):
        stored = np.clip(np.rint(window.values / given.scale) + given.zero_point, -128, 127).astype(np.int8)
        (output,) = Interpreter(graph).run([stored.reshape(graph.tensor(graph.inputs[0]).shape)])
        real = given.scale * (stored.astype(float).ravel() - given.zero_point)
        wanted = np.mean((real - back.scale * (output.astype(float).ravel() - back.zero_point)) ** 2)
        assert record["score"] == pytest.approx(wanted, rel=1e-5)


def test_the_threshold_survives_a_restart_and_another_network_does_not_get_it(tmp_path: Path) -> None:
    save_recording(daemon.recording(100), tmp_path / "day.npz")
    alarm = 'score = "reconstruction"\nwarmup = 100\nstate = "kept"'
    file = write(tmp_path, AUTOENCODER, alarm)
    first = of_kind(run(file)[0], "prediction")
    again = of_kind(run(file)[0], "prediction")
    assert first[99]["threshold"] is None
    assert again[0]["threshold"] is not None
    write(tmp_path, dense_network([8, 4, 8], seed=9), alarm)
    with pytest.raises(StateError, match=r"kept/alarm\.state: the state is of another network's scores"):
        plant.build_plant(load_device(file))


def test_a_disk_that_takes_no_threshold_costs_no_window(tmp_path: Path) -> None:
    save_recording(daemon.recording(130), tmp_path / "day.npz")
    file = write(tmp_path, AUTOENCODER, 'score = "reconstruction"\nwarmup = 100\nstate = "kept"')
    made = plant.build_plant(load_device(file))
    (tmp_path / "kept").rmdir()
    anyio.run(made.run)
    told = of_kind([json.loads(line) for line in (tmp_path / "records.jsonl").read_text().splitlines()], "prediction")
    assert len(told) > 600
    assert not [record for record in told[100:] if record["threshold"] is None]
    (tmp_path / "kept").write_bytes(b"no folder")
    with pytest.raises(StateError, match=r"kept/alarm\.state: the alarm's threshold cannot be kept there: "):
        plant.build_plant(load_device(file))


@pytest.mark.parametrize(
    ("network", "alarm", "message"),
    [
        (SCORER, 'score = "reconstruction"', "needs an autoencoder, .* it has 8 inputs and 1 outputs"),
        (SCORER, 'score = "output"\noutput = 1', r"alarm\.output is 1; its outputs are 0 to 0"),
    ],
)
def test_a_network_without_such_a_score_is_refused(tmp_path: Path, network: bytes, alarm: str, message: str) -> None:
    save_recording(daemon.recording(4), tmp_path / "day.npz")
    file = write(tmp_path, network, alarm)
    with pytest.raises(ModelError, match=message):
        plant.build_plant(load_device(file))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ('[alarm]\nscore = "error"\n', r"alarm\.score: should be 'reconstruction' or 'output'"),
        ("[alarm]\nrate = 0.1\n", r"alarm\.score: missing; it is required \(what is watched\)"),
        ('[alarm]\nscore = "output"\nrate = 1.0\n', r"alarm\.rate: should be less than 1"),
        ('[alarm]\nscore = "output"\n', r"alarm: watches what the network itself says; it cannot stand beside \[learn"),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, more: str, message: str) -> None:
    (tmp_path / "pipeline.toml").write_text(daemon.PIPELINE + more)
    with pytest.raises(ConfigError, match=message) as caught:
        load_pipeline(tmp_path / "pipeline.toml")
    assert "\n" not in str(caught.value)
