"""Batch prediction gives what the device gave, whatever runs it and wherever its windows come from."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import parquet

from edge_runtime.stream import Recording, load_recording, save_recording

SAME = ("window", "start_ns", "t_ns", "index", "name", "outputs", "flags")


@pytest.fixture
def device(cli: Any, pipeline: Path) -> list[dict[str, Any]]:
    """What the daemon told of the day, with a store beside, and without learning."""
    text = pipeline.read_text().replace("[learning]\n", "[learning]\nenabled = false\n")
    pipeline.write_text(text + '\n[[sink]]\nkind = "store"\npath = "device.store"\n')
    _tear_a_hole(pipeline.parent / "day.npz")
    assert cli("run", pipeline).status == 0
    lines = (pipeline.parent / "records.jsonl").read_text().splitlines()
    return [record for record in map(json.loads, lines) if record["kind"] == "prediction"]


def _tear_a_hole(path: Path) -> None:
    """Take samples out of a recording, and spoil one: gaps and flags must come out the same, too."""
    whole = load_recording(path)
    keep = np.r_[0:333, 371 : len(whole)]
    samples = whole.samples.copy()
    samples[600] = np.nan
    holed = Recording(
        whole.t_ns[keep], samples[keep], channels=whole.channels, rate_hz=whole.rate_hz, spans=whole.spans
    )
    save_recording(holed, path)


def same(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: row[key] for key in SAME} for row in rows]


@pytest.mark.parametrize("on", ["reference", "cpu"])
def test_a_recording_gives_the_devices_own_predictions(cli: Any, pipeline: Path, device: Any, on: str) -> None:
    out = pipeline.parent / "out.jsonl"
    told = cli("predict", pipeline, pipeline.parent / "day.npz", "--on", on, "-o", out, "--json").json()
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert same(rows) == same(device)
    assert (told["windows"], told["accelerator"], sum(told["classes"].values())) == (len(device), on, len(device))
    assert told["labelled"] > 0
    assert 0 <= told["accuracy"] <= 1


def test_the_overlay_gives_them_too(cli: Any, pipeline: Path, device: Any) -> None:
    out = pipeline.parent / "out.jsonl"
    recording = load_recording(pipeline.parent / "day.npz")
    short = Recording(
        recording.t_ns[:120], recording.samples[:120], channels=recording.channels, rate_hz=recording.rate_hz
    )
    save_recording(short, pipeline.parent / "short.npz")
    told = cli("predict", pipeline, pipeline.parent / "short.npz", "--on", "overlay", "-o", out, "--json").json()
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert same(rows) == same(device)[: len(rows)]
    assert len(rows) == told["windows"] == 11
    assert all(row["cycles"] > 0 for row in rows)
    assert told["accuracy"] is None


def test_features_in_parquet_give_them_too(cli: Any, pipeline: Path, device: Any) -> None:
    folder = pipeline.parent
    assert cli("export", folder / "device.store", "-o", folder / "exported").status == 0
    out = folder / "out.parquet"
    result = cli("predict", pipeline, folder / "exported" / "training-small.parquet", "-o", out)
    assert result.status == 0
    assert f"{len(device)} windows" in result.out
    rows = parquet.read_table(out).to_pylist()
    # A table has no windows' positions: rows are counted.
    wanted = [{**row, "window": number} for number, row in enumerate(same(device))]
    assert same(rows) == wanted


def test_several_files_go_into_one_csv(cli: Any, pipeline: Path, device: Any) -> None:
    day, out = pipeline.parent / "day.npz", pipeline.parent / "out.csv"
    assert cli("predict", pipeline, day, day, "-o", out).status == 0
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * len(device)
    assert [list(map(int, row["outputs"].split())) for row in rows] == 2 * [row["outputs"] for row in device]


def test_mistakes_are_one_line_and_leave_no_file(cli: Any, pipeline: Path) -> None:
    folder = pipeline.parent
    assert ".jsonl, .csv, .parquet" in cli("predict", pipeline, folder / "day.npz", "-o", folder / "x.txt").error()
    assert "none.npz" in cli("predict", pipeline, folder / "none.npz", "-o", folder / "x.csv").error()
    assert not list(folder.glob("x.*"))
    assert cli("predict", pipeline, folder / "day.npz", "-o", folder / "no" / "x.csv").status == 2
