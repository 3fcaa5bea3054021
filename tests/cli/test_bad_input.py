"""Whatever a user can get wrong: one line that says what, where and what would be right; status 2; no traceback."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tflite

from edge_runtime.stream import Recording, load_recording, save_recording
from support.networks import dense_network


def refused(cli: Any, *arguments: object) -> str:
    result = cli(*arguments)
    assert result.status == 2, result.err
    assert result.out == ""
    message = result.error()
    assert "Traceback" not in message
    return message


VERBS = pytest.mark.parametrize("verb", ["compile", "verify"])


@VERBS
def test_a_missing_model(cli: Any, verb: str, tmp_path: Path) -> None:
    message = refused(cli, verb, tmp_path / "none.tflite")
    assert re.search(
        r"none\.tflite: cannot be read \(No such file or directory\); give the path of a \.tflite", message
    )


@VERBS
def test_a_folder_in_place_of_a_model(cli: Any, verb: str, tmp_path: Path) -> None:
    assert "cannot be read (Is a directory)" in refused(cli, verb, tmp_path)


@VERBS
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_truncated_model(cli: Any, verb: str, tmp_path: Path, share: float) -> None:
    whole = dense_network([8, 16, 2])
    path = tmp_path / "short.tflite"
    path.write_bytes(whole[: int(len(whole) * share)])
    assert refused(cli, verb, path).startswith("short.tflite: ")


@VERBS
def test_a_file_that_is_no_model(cli: Any, verb: str, tmp_path: Path) -> None:
    path = tmp_path / "notes.tflite"
    path.write_text("these are notes about a model, not a model")
    assert "not a TFLite file" in refused(cli, verb, path)


@VERBS
def test_a_float_model(cli: Any, verb: str, float_model: Path) -> None:
    message = refused(cli, verb, float_model)
    assert "float32" in message
    assert "int8" in message


@VERBS
def test_an_operator_that_is_not_known_yet(cli: Any, verb: str, tmp_path: Path) -> None:
    data = bytearray(dense_network([4, 3]))
    code = tflite.Model.GetRootAs(data).OperatorCodes(0)
    for slot in (0, 3):  # the old field and the new
        data[code._tab.Pos + code._tab.Offset(4 + 2 * slot)] = tflite.BuiltinOperator.RNN
    path = tmp_path / "recurrent.tflite"
    path.write_bytes(data)
    message = refused(cli, verb, path)
    assert "RNN" in message
    assert "FULLY_CONNECTED" in message


def test_a_network_that_is_too_large_for_the_overlay(cli: Any, tmp_path: Path) -> None:
    path = tmp_path / "large.tflite"
    path.write_bytes(dense_network([640, 1024, 640]))
    message = refused(cli, "compile", path)
    assert "weight_rows" in message or "weight" in message
    assert re.search(r"\d", message)


@VERBS
def test_an_unknown_board(cli: Any, verb: str, tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(dense_network([8, 2]))
    assert "board 'pynq_z9' is unknown; known boards: " in refused(cli, verb, path, "--board", "pynq_z9")


def edited(pipeline: Path, old: str, new: str) -> Path:
    text = pipeline.read_text()
    assert old in text
    pipeline.write_text(text.replace(old, new))
    return pipeline


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'hop = "1 s"',
            'hopp = "1 s"',
            r"pipeline\.toml: view\.hop: missing.*view\.hopp: unknown key; did you mean 'hop'",
        ),
        ('hop = "1 s"', 'hop = "1 sec"', r"pipeline\.toml: view\.hop: has the unit 'sec'; it should be one of ns, us"),
        ('hop = "1 s"', "hop = 1", r"view\.hop: .*like \"1 s\""),
        ('hop = "1 s"', "hop = ", r"pipeline\.toml: not valid TOML: .*line \d+"),
        ('accelerator = "reference"', 'accelerator = "fpga"', r"model\.accelerator: should be 'overlay', 'reference'"),
        ('"small.tflite"', '"none.tflite"', r"none\.tflite: cannot be read"),
        ('"day.npz"', '"none.npz"', r"none\.npz: cannot be read"),
        ('channels = ["x", "y"]', 'channels = ["x", "z"]', r"no channel z; it has x, y"),
        (
            'classes = ["calm", "wild"]',
            'classes = ["calm", "wild", "odd"]',
            r"has 2 outputs, but model\.classes names 3",
        ),
        (
            'classes = ["calm", "wild"]',
            'classes = ["calm", "mad"]',
            r"spans of 'wild'; the model's classes are calm, mad",
        ),
        ('kernels = ["mean", "std", "min", "max"]', 'kernels = ["mean"]', r"takes 8 values, but the view gives 2"),
        ('accelerator = "reference"', 'accelerator = "reference"\nboard = "z9"', r"board 'z9' is unknown"),
    ],
)
def test_a_mistake_in_a_pipeline_file(cli: Any, pipeline: Path, old: str, new: str, message: str) -> None:
    assert re.search(message, refused(cli, "run", edited(pipeline, old, new)))


def test_a_missing_pipeline_file(cli: Any, tmp_path: Path) -> None:
    assert "none.toml: cannot be read: No such file" in refused(cli, "run", tmp_path / "none.toml")


def test_a_source_without_a_channel_that_is_asked_of_it(cli: Any, pipeline: Path) -> None:
    edited(pipeline, 'path = "day.npz"', 'path = "day.npz"\nchannels = ["x", "q"]')
    assert re.search(r"no channel q; it has x, y", refused(cli, "run", pipeline))


def test_a_damaged_recording(cli: Any, pipeline: Path) -> None:
    recording = pipeline.parent / "day.npz"
    recording.write_bytes(recording.read_bytes()[:200])
    assert re.search(r"day\.npz: not an \.npz recording, or damaged", refused(cli, "run", pipeline))


def test_records_and_json_on_the_same_output(cli: Any, pipeline: Path) -> None:
    edited(pipeline, 'kind = "jsonl"\npath = "records.jsonl"', 'kind = "stdout"')
    assert "cannot share standard output" in refused(cli, "run", pipeline, "--json")


def test_nan_samples_are_left_out_and_counted(cli: Any, pipeline: Path) -> None:
    whole = load_recording(pipeline.parent / "day.npz")
    samples = whole.samples.copy()
    samples[100] = np.nan
    save_recording(
        Recording(whole.t_ns, samples, whole.channels, whole.rate_hz, whole.spans), pipeline.parent / "day.npz"
    )
    result = cli("run", pipeline, "--json")
    assert result.status == 0
    assert result.json()["skipped"] == 2
    assert "2 windows skipped" in cli("run", pipeline).err


def test_a_board_without_its_package(cli: Any, pipeline: Path) -> None:
    edited(pipeline, 'accelerator = "reference"', 'accelerator = "overlay"')
    result = cli("run", pipeline, "--board", "pynq_z2")
    assert result.status == 1
    assert "the pynq bus needs the pynq package" in result.err.splitlines()[-1]
