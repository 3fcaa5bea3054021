from __future__ import annotations

import sqlite3
from functools import partial
from pathlib import Path

import pytest

from edge_runtime.daemon import load_device, run_pipelines
from edge_runtime.daemon.online import OnlineKeeper
from edge_runtime.daemon.plant import build_plant
from edge_runtime.errors import ConfigError
from edge_runtime.features import OnlineStore, compute_recording
from edge_runtime.stream import save_recording
from edge_runtime.telemetry import MemorySink
from support import daemon
from support.networks import dense_network

pytestmark = pytest.mark.anyio


async def test_every_window_of_a_run_is_in_the_store_afterwards(tmp_path: Path) -> None:
    keeper = OnlineKeeper(OnlineStore(tmp_path / "o.sqlite"), daemon.VIEW, "press-7", flush_every=1000.0)
    stream = daemon.source()
    pipeline = daemon.pipeline("p", stream, sinks={"m": MemorySink()}, watchers=[keeper])
    await run_pipelines(stream, [pipeline], beside=[keeper.run])
    expected = compute_recording(daemon.VIEW, daemon.recording())
    kept = OnlineStore(tmp_path / "o.sqlite").history(daemon.VIEW, "press-7")
    assert [(one.index, one.values.tobytes()) for one in kept] == [
        (one.index, one.values.tobytes()) for one in expected
    ]


async def test_a_store_that_cannot_be_written_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = OnlineStore(tmp_path / "o.sqlite", most_waiting=10)
    keeper = OnlineKeeper(store, daemon.VIEW, "press-7", flush_every=0.01)
    monkeypatch.setattr(store, "_write", partial(_full_disk, store))
    stream = daemon.source()
    pipeline = daemon.pipeline("p", stream, sinks={"m": MemorySink()}, watchers=[keeper])
    await run_pipelines(stream, [pipeline], beside=[keeper.run])
    assert pipeline.report().windows > 10
    assert store.lost == pipeline.report().windows - 10
    said = capsys.readouterr()
    assert "online store not written" in said.out + said.err


def _full_disk(*_: object) -> None:
    raise sqlite3.OperationalError("database or disk is full")


def test_windows_beyond_the_memory_of_the_pipeline_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "small.tflite").write_bytes(dense_network([8, 16, 2], seed=3))
    save_recording(daemon.recording(), tmp_path / "day.npz")
    (tmp_path / "p.toml").write_text(PIPELINE)
    with pytest.raises(ConfigError, match=r"feature view v: a ring .* takes [0-9,]+ bytes, but the budget is 2,048"):
        build_plant(load_device(tmp_path / "p.toml"))


PIPELINE = """
[pipeline]
name = "vibration"
memory = "2 KiB"

[source]
kind = "recording"
path = "day.npz"

[view]
name = "v"
channels = ["x", "y"]
window = "2 s"
hop = "1 s"
kernels = ["mean", "std", "min", "max"]

[model]
path = "small.tflite"
accelerator = "reference"
"""
