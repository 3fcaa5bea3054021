"""The daemon fills a store; what is exported is what the device computed and saw."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest
from pyarrow import parquet
from typer.testing import CliRunner

from edge_runtime.cli.main import app
from edge_runtime.cli.output import configure_logs
from edge_runtime.daemon import DeviceConfig, load_device
from edge_runtime.daemon.plant import build_plant
from edge_runtime.errors import ConfigError, StateError
from edge_runtime.features import compute_recording
from edge_runtime.store import StoreReader, export_store
from edge_runtime.store.tables import TABLES
from edge_runtime.stream import save_recording
from support import daemon
from support.lines import read_records
from support.networks import dense_network
from support.waiting import DEADLINE_S, wait_until

STORE = """
[[sink]]
kind = "store"
path = "device.store"
keep_for = "720 h"
keep_rows = 100_000
"""
PIPELINE = daemon.PIPELINE + STORE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "small.tflite").write_bytes(dense_network([8, 16, 2], seed=3))
    save_recording(daemon.recording(20), tmp_path / "day.npz")
    (tmp_path / "pipeline.toml").write_text(PIPELINE)
    return tmp_path


def play(config: DeviceConfig) -> None:
    anyio.run(build_plant(config).run)


def test_what_the_daemon_tells_is_in_the_store_and_in_the_training_set(folder: Path) -> None:
    play(load_device(folder / "pipeline.toml"))
    windows = compute_recording(daemon.VIEW, daemon.recording(20))
    written = export_store(folder / "device.store", folder / "out")
    told = parquet.read_table(folder / "out" / "prediction.parquet").to_pylist()
    assert [row["t_ns"] for row in told] == [window.end_ns for window in windows]
    assert written["training-small.parquet"] == len(windows)
    assert written["head.parquet"] > 0
    training = parquet.read_table(folder / "out" / "training-small.parquet")
    names = list(daemon.VIEW.output_names)
    values = np.column_stack([training[name].to_numpy() for name in names])
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, np.stack([window.values for window in windows]))
    labels = Counter(training["label"].to_pylist())
    assert labels["calm"] > 20
    assert labels["wild"] > 20
    # The recording's own truth, but for windows that lie in two cases and labels that came after the end.
    truth = [daemon.CLASSES[(row["end_ns"] - windows[0].start_ns) // 5_000_000_000 % 2] for row in training.to_pylist()]
    assert all(label in (None, true) for label, true in zip(training["label"].to_pylist(), truth, strict=True))


def test_records_and_store_tell_the_same(folder: Path) -> None:
    play(load_device(folder / "pipeline.toml"))
    lines = [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]
    with StoreReader(folder / "device.store") as reader:
        for kind in ("prediction", "label", "head"):
            wanted = [line for line in lines if line["kind"] == kind]
            rows = list(reader.rows(TABLES[kind]))
            assert [row["id"] for row in rows] == [line["id"] for line in wanted]
            columns = {column.name: column.field for column in TABLES[kind].columns}
            for row, line in zip(rows, wanted, strict=True):
                assert {field: row[name] for name, field in columns.items()} == {
                    field: line.get(field) for field in columns.values()
                }


def test_the_weights_of_each_head_that_served_are_stored_and_exported(folder: Path) -> None:
    plant = build_plant(load_device(folder / "pipeline.toml"))
    anyio.run(plant.run)
    step = plant.pipelines[0].step
    assert step is not None
    assert step.learning is not None
    written = export_store(folder / "device.store", folder / "out")
    with StoreReader(folder / "device.store") as reader:
        heads = list(reader.heads())
        decided = [row["id"] for row in reader.rows(TABLES["head"]) if row["decision"] != "shadow"]
    assert len(heads) == written["head_weights.parquet"] > 1
    assert [head.decision["id"] for head in heads] == decided
    weights, bias = step.learning.learner.served_linear()
    np.testing.assert_array_equal(heads[-1].weights, weights)
    np.testing.assert_array_equal(heads[-1].bias, bias)
    *_, row = parquet.read_table(folder / "out" / "head_weights.parquet").to_pylist()
    assert (row["classes"], row["features"], row["head"]) == (*weights.shape, heads[-1].decision["head"])
    np.testing.assert_array_equal(np.array(row["weights"], np.float32), weights.ravel())
    lines = [json.loads(line) for line in (folder / "records.jsonl").read_text().splitlines()]
    assert not any("weights" in line for line in lines), "other sinks get the record alone"


def test_without_features_there_is_no_training_set(folder: Path) -> None:
    file = folder / "pipeline.toml"
    file.write_text(PIPELINE + "features = false\n")
    play(load_device(file))
    written = export_store(folder / "device.store", folder / "out")
    assert written["prediction.parquet"] > 0
    assert not any(name.startswith("training") for name in written)


def test_a_store_is_read_while_the_daemon_writes(folder: Path) -> None:
    file = folder / "pipeline.toml"
    file.write_text(
        PIPELINE.replace("block_size = 10", "block_size = 10\npace = 40.0").replace(
            'keep_for = "720 h"', 'commit_every = "10 ms"'
        )
    )
    save_recording(daemon.recording(4000), folder / "day.npz")
    program = Path(sys.executable).with_name("edge-runtime")
    seen: list[int] = []

    def grows() -> bool:
        assert running.poll() is None
        # Before its first commit it is no store yet.
        with suppress(StateError, ConfigError) if not seen else nullcontext():
            seen.append(_exported(folder))
        return len(set(seen)) > 3

    with (folder / "errors").open("wb") as errors:
        running = subprocess.Popen([str(program), "run", str(file)], stderr=errors)
    try:
        wait_until(grows)
    finally:
        running.terminate()
        assert running.wait(DEADLINE_S) == 0, (folder / "errors").read_text()
    assert seen == sorted(seen)
    assert _exported(folder) == len(read_records(folder / "records.jsonl", "prediction"))


def _exported(folder: Path) -> int:
    shutil.rmtree(folder / "out", ignore_errors=True)
    return export_store(folder / "device.store", folder / "out").get("training-small.parquet", 0)


def test_a_path_with_something_else_is_told_at_the_start(folder: Path) -> None:
    database = sqlite3.connect(folder / "device.store")
    database.execute("CREATE TABLE t (x)")
    database.close()
    with pytest.raises(ConfigError, match="not a store"):
        build_plant(load_device(folder / "pipeline.toml"))


def test_the_verbs(folder: Path) -> None:
    configure_logs(verbose=False)
    play(load_device(folder / "pipeline.toml"))
    runner = CliRunner()

    def run(*arguments: Any) -> str:
        result = runner.invoke(app, [str(argument) for argument in arguments])
        assert result.exit_code == 0, result.output
        return result.stdout

    content = json.loads(run("store", folder / "device.store", "--json"))
    assert content["rows"]["prediction"] == content["features"] == 99
    assert "prediction" in run("store", folder / "device.store")
    told = json.loads(run("export", folder / "device.store", "-o", folder / "out", "--json"))
    assert told["files"]["training-small.parquet"] == 99
    assert (folder / "out" / "training-small.parquet").is_file()
