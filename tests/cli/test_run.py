from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.accelerator import CheckedAccelerator
from support import daemon
from support.lines import read_records
from support.waiting import DEADLINE_S, wait_until


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def edit(pipeline: Path, old: str, new: str) -> Path:
    text = pipeline.read_text()
    assert old in text
    pipeline.write_text(text.replace(old, new))
    return pipeline


def test_a_pipeline_runs_to_its_end_and_writes_its_records(cli: Any, pipeline: Path) -> None:
    result = cli("run", pipeline, "--json")
    report = result.json()
    assert result.status == 0
    assert (report["pipeline"], report["mismatches"], report["stopped"]) == ("small", 0, False)
    assert report["inferences"] == 99
    assert report["labels"]["accepted"] > 0
    written = records(pipeline.parent / "records.jsonl")
    assert sum(record["kind"] == "prediction" for record in written) == 99
    assert report["sinks"][0]["acknowledged"] == len(written)
    assert len(report["parameters"]) == 16


def test_people_get_a_summary_and_standard_output_stays_the_records(cli: Any, pipeline: Path) -> None:
    edit(pipeline, 'kind = "jsonl"\npath = "records.jsonl"', 'kind = "stdout"')
    result = cli("run", pipeline)
    assert result.status == 0
    assert all(json.loads(line)["schema"] == 1 for line in result.out.splitlines())
    assert "99 windows" in result.err


def test_the_overlay_gives_the_references_outputs(cli: Any, pipeline: Path) -> None:
    edit(pipeline, 'accelerator = "reference"', 'accelerator = "overlay"')
    report = cli("run", pipeline, "--json").json()
    assert report["mismatches"] == 0
    assert report["compared"] == 99 * (2 + 16)
    assert report["cycles_per_inference"] > 0


def test_records_that_cannot_be_written_are_status_1(cli: Any, pipeline: Path) -> None:
    edit(pipeline, '"records.jsonl"', '"/dev/full"')
    result = cli("run", pipeline, "--json")
    assert result.status == 1
    assert result.json()["sinks"][0]["acknowledged"] == 0
    assert "records were lost" in result.err


def test_outputs_that_differ_from_the_references_are_status_1(
    cli: Any, pipeline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*_: object, **__: object) -> CheckedAccelerator:
        return daemon.WrongAccelerator()

    monkeypatch.setattr("edge_runtime.daemon.sharing.open_accelerator", wrong)
    result = cli("run", pipeline, "--json")
    assert result.status == 1
    assert result.json()["mismatches"] == 99
    assert "output elements differ from the reference's" in result.error()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_stream_and_what_has_come_is_written(pipeline: Path, number: signal.Signals) -> None:
    endless = 'kind = "synthetic"\nchannels = ["x", "y"]\nrate = "1 kHz"\npace = 1.0\nblock_size = 100'
    edit(pipeline, 'kind = "recording"\npath = "day.npz"\nblock_size = 10', endless)
    edit(pipeline, '[learning]\nlabel_delay = "3 s"\n', "")
    edit(pipeline, 'hop = "1 s"', 'hop = "100 ms"')
    code = "from edge_runtime.cli.main import main; main()"
    command = [sys.executable, "-c", code, "run", str(pipeline), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        written = pipeline.parent / "records.jsonl"
        wait_until(lambda: process.poll() is not None or read_records(written, "prediction"))
        process.send_signal(number)
        out, err = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0, err
    report = json.loads(out)
    assert report["stopped"] is True
    predictions = [record for record in records(written) if record["kind"] == "prediction"]
    assert len(predictions) == report["inferences"] > 0
    assert records(written)[-1]["kind"] == "status"
