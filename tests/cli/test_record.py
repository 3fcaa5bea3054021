"""`record`, `replay` and `features` at the command line."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest

from cli.conftest import Cli
from edge_runtime.sources.tap import TapSource
from edge_runtime.stream import Block, load_recording, save_recording
from support import daemon
from support.waiting import DEADLINE_S, wait_until

VIEW = """
name = "v"
channels = ["x", "y"]
window = "2 s"
hop = "1 s"
kernels = ["mean", "std"]
"""


def predictions(path: Path) -> list[dict[str, Any]]:
    records = [json.loads(line) for line in path.read_text().splitlines()]
    kept = [record for record in records if record["kind"] == "prediction"]
    return [{key: record[key] for key in ("window", "start_ns", "outputs", "name", "flags")} for record in kept]


def test_what_was_recorded_is_replayed_to_the_same_predictions(cli: Cli, pipeline: Path) -> None:
    folder = pipeline.parent
    text = pipeline.read_text().replace("[learning]", "[learning]\nenabled = false")
    pipeline.write_text(text)
    assert cli("run", pipeline, "--json").status == 0
    first = predictions(folder / "records.jsonl")
    told = cli("record", pipeline, "-o", folder / "tape.mcap", "--json").json()
    assert (told["samples"], told["tapped"]) == (len(daemon.recording(20)), False)
    for pace in ("max", "200"):
        (folder / "records.jsonl").unlink(missing_ok=True)
        result = cli("replay", pipeline, folder / "tape.mcap", "--pace", pace, "--json")
        assert result.status == 0
        assert predictions(folder / "records.jsonl") == first


def is_tapped(path: Path) -> bool:
    """Say whether somebody can listen there."""
    with suppress(OSError), socket.socket(socket.AF_UNIX) as listener:
        listener.connect(str(path))
        return True
    return False


def test_a_running_daemon_is_tapped(cli: Cli, pipeline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = TapSource.blocks

    async def until_interrupted(tap: TapSource) -> AsyncIterator[Block]:
        async for block in blocks(tap):
            yield block
            if tap.counts.blocks == 5:
                os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(TapSource, "blocks", until_interrupted)
    whole = daemon.recording(1000)
    save_recording(whole, pipeline.parent / "day.npz")
    text = pipeline.read_text().replace('name = "small"', 'name = "small"\ntap = "tap.sock"')
    pipeline.write_text(text.replace("block_size = 10", "block_size = 10\npace = 4.0"))
    command = [sys.executable, "-c", "from edge_runtime.cli.main import main; main()", "run", str(pipeline)]
    running = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})
    try:
        wait_until(lambda: is_tapped(pipeline.parent / "tap.sock"))
        told = cli("record", pipeline, "-o", pipeline.parent / "tape.mcap", "--seconds", "3600", "--json").json()
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(DEADLINE_S)
    assert told["tapped"] is True
    assert told["samples"] >= 50
    tape = load_recording(pipeline.parent / "tape.mcap")
    at = int(np.searchsorted(whole.t_ns, tape.t_ns[0]))
    assert tape.samples.tobytes() == whole.samples[at : at + len(tape)].tobytes()


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".npz"])
def test_features_become_a_training_set(cli: Cli, pipeline: Path, suffix: str) -> None:
    folder = pipeline.parent
    (folder / "view.toml").write_text(VIEW)
    output = folder / f"train{suffix}"
    told = cli("features", folder / "view.toml", folder / "day.npz", "--labels", "spans", "-o", output, "--json").json()
    assert told["outputs"] == ["mean.x", "mean.y", "std.x", "std.y"]
    assert told["rows"] > 10
    assert output.stat().st_size > 0
    if suffix == ".parquet":
        table = pyarrow.parquet.read_table(output)
        assert table.num_rows == told["rows"]
        assert set(table["label"].to_pylist()) == {"calm", "wild"}
        assert table.schema.metadata[b"edge_runtime.fingerprint"].decode() == told["fingerprint"]


def test_labels_may_come_from_a_file(cli: Cli, pipeline: Path) -> None:
    folder = pipeline.parent
    (folder / "view.toml").write_text(VIEW)
    (folder / "labels.csv").write_text("t_ns,label\n5000000000,a\n100,too early\n")
    told = cli("features", folder / "view.toml", folder / "day.npz", "--labels", folder / "labels.csv", "--json").json()
    assert told["rows"] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["record", "pipeline.toml", "-o", "tape.txt"], "recordings are written as .mcap"),
        (["replay", "pipeline.toml", "day.npz", "--pace", "fast"], "--pace is 'fast'; it must be 'max', or a factor"),
        (["replay", "pipeline.toml", "none.npz"], "none.npz: cannot be read"),
        (["features", "view.toml", "day.npz", "-o", "train.txt"], "features are written as .parquet, .csv or .npz"),
        (["features", "view.toml", "day.npz", "--labels", "none.csv"], "none.csv: cannot be read"),
    ],
)
def test_a_mistake_is_one_line(
    cli: Cli, pipeline: Path, arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pipeline.parent / "view.toml").write_text(VIEW)
    monkeypatch.chdir(pipeline.parent)
    result = cli(*arguments)
    assert result.status == 2
    assert message in result.error()
