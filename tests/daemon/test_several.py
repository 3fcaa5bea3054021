"""Several pipelines in one daemon: what is equal is there once, and everybody gets the reference's bits."""

from __future__ import annotations

import json
import os
import signal
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

from edge_runtime.daemon import load_device
from edge_runtime.daemon.plant import Plant, build_plant
from edge_runtime.errors import DataError
from edge_runtime.features import FeatureComputer, compute_recording
from edge_runtime.model import Interpreter
from edge_runtime.service import LabelRequest
from edge_runtime.sources import RecordedSource
from edge_runtime.stream import Description, SampleFrame, encode_description, encode_samples
from support import daemon
from support.device import NETWORKS, RECORDING, write_board, write_device, write_pipeline
from support.overlays import SMALL
from support.pty import PluggedDevice
from support.waiting import DEADLINE_S

pytestmark = pytest.mark.anyio

NAMES = ("press", "pump")


def records(folder: Path, name: str, kind: str = "prediction") -> list[dict[str, Any]]:
    lines = (folder / f"{name}.jsonl").read_text().splitlines()
    return [record for record in map(json.loads, lines) if record["kind"] == kind]


def assert_is_the_references(told: list[dict[str, Any]], name: str, cases: int = 6) -> None:
    """Hold each prediction against the pipeline's own network on the features of the whole recording."""
    deployed = daemon.deployment(model=NETWORKS[name])
    interpreter, network = Interpreter(deployed.program.graph), deployed.network
    windows = compute_recording(daemon.VIEW, daemon.recording(cases))
    assert [record["t_ns"] for record in told] == [window.end_ns for window in windows]
    wanted = [interpreter.run([network.quantize(window.values)])[0].ravel().tolist() for window in windows]
    assert [record["outputs"] for record in told] == wanted


async def test_two_networks_on_one_simulated_overlay_over_one_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, computed = [], []
    play, push = RecordedSource.blocks, FeatureComputer.push
    monkeypatch.setattr(RecordedSource, "blocks", lambda self: opened.append(self) or play(self))
    monkeypatch.setattr(FeatureComputer, "push", lambda self, block: computed.append(block) or push(self, block))
    board = f'board = "{write_board(tmp_path, SMALL).name}"\n'
    plant = plant_of(tmp_path, model=board)
    await plant.run()
    # The source was read once, and each of its blocks computed once.
    assert (len(opened), len(computed)) == (1, len(daemon.recording().t_ns) // 10)
    for pipeline in plant.pipelines:
        assert_is_the_references(records(tmp_path, pipeline.name), pipeline.name)
        report = pipeline.report()
        assert (report.mismatches, report.inferences) == (0, report.windows)
        assert report.cycles_per_inference > 0
    (overlay,) = plant.device.status()["overlays"].values()
    # Both lay in its memories side by side.
    assert (overlay["opened"], overlay["swaps"]) == (1, 0)
    assert overlay["tenants"]["press"]["jobs"] > 0


def plant_of(folder: Path, *, cases: int = 6, device: str = "", **options: str) -> Plant:
    files = [write_pipeline(folder, name, **options) for name in NAMES]
    return build_plant(load_device(write_device(folder, *files, cases=cases, more=device)))


async def test_two_pipelines_read_one_serial_line(tmp_path: Path) -> None:
    device = PluggedDevice(tmp_path / "tty")
    device.plug()
    serial = (
        f'[source]\nkind = "serial"\nport = "{device.path}"\nchannels = ["x", "y"]\nrate = "10 Hz"\nsilence = "1 h"\n'
    )
    plant = plant_of(tmp_path, source=serial)
    assert len(plant.streams) == 1
    samples = (daemon.recording().samples * 1000).astype("<i2")
    frames = [encode_description(Description(0, 1, 10.0, ("x", "y"), (0.001, 0.001), (0.0, 0.0)))]
    for number in range(len(samples) // 10):
        values = samples[10 * number : 10 * number + 10]
        frames.append(encode_samples(SampleFrame(0, 1, number, number * 1_000_000, values)))

    async def send() -> None:
        while not (plant.device.is_ready() and device.is_listened_to()):
            await anyio.sleep(0.01)
        device.send(b"".join(frames))
        while any(pipeline.report().inferences < 28 for pipeline in plant.pipelines):
            await anyio.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    with anyio.fail_after(DEADLINE_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(plant.run, handle_signals=True))
            tasks.start_soon(send)
    # The signal ended the stream: what had been computed was still told and written.
    press, pump = (records(tmp_path, name) for name in NAMES)
    assert [len(press), len(pump)] == [pipeline.report().inferences for pipeline in plant.pipelines]
    assert [record["t_ns"] for record in press] == [record["t_ns"] for record in pump]
    assert all(record["mismatches"] == 0 for record in press + pump)
    assert [record["outputs"] for record in press] != [record["outputs"] for record in pump]
    device.unplug()


async def test_a_label_goes_to_the_pipeline_that_it_names(tmp_path: Path) -> None:
    slow, service = RECORDING + "pace = 20.0\n", "[service]\nport = 0\n"
    plant = plant_of(tmp_path, source=slow, more='[learning]\nlabel_delay = "1 h"\n', device=service, cases=400)

    async def give() -> None:
        with anyio.fail_after(DEADLINE_S):
            while any(pipeline.report().inferences < 3 for pipeline in plant.pipelines):
                await anyio.sleep(0.01)
        (fate,) = await plant.device.add_labels([LabelRequest("pump", "wild", 1, source="me")])
        assert fate.status == "accepted"
        with pytest.raises(DataError, match="there is no pipeline 'fan'; there are press, pump"):
            await plant.device.add_labels([LabelRequest("fan", "wild", 1)])
        status = plant.device.status()["pipelines"]
        assert status["pump"]["labels"]["accepted"] == 1
        assert status["press"]["labels"]["accepted"] == 0
        tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(plant.run)
        tasks.start_soon(give)


async def test_a_sink_that_both_name_is_there_once(tmp_path: Path) -> None:
    shared = '[[sink]]\nkind = "store"\npath = "all.store"\n'
    plant = plant_of(tmp_path, more=shared)
    assert len(plant.sinks) == 1
    await plant.run()
    sinks = plant.device.status()["sinks"]
    assert len(sinks) == 3
    told = {name: pipeline.report().inferences for name, pipeline in zip(NAMES, plant.pipelines, strict=True)}
    assert sinks["press.sink[0] " + str(tmp_path / "all.store")]["acknowledged"] == sum(told.values())
    assert all(sink["failed"] + sink["dropped"] == 0 for sink in sinks.values())
