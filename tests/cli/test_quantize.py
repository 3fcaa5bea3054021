"""A float network becomes an int8 one, and goes on to the overlay."""

from __future__ import annotations

import builtins
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_runtime.model import read_tflite, write_tflite
from edge_runtime.stream import save_recording
from support import daemon
from support.networks import dense_network

VIEW = 'name = "v"\nchannels = ["x", "y"]\nwindow = "2 s"\nhop = "1 s"\nkernels = ["mean", "std", "min", "max"]\n'
TRAINED = os.environ.get("EDGE_RUNTIME_TENSORFLOW")


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """A float network of 8 inputs and 4 outputs, with weights that make sense."""
    graph = read_tflite(dense_network([8, 16, 4]), "float")
    tensors = []
    for tensor in graph.tensors:
        data = tensor.data
        if data is not None:
            data = data.astype(np.float32) * (0.01 if data.ndim == 2 else 1e-4)
        tensors.append(replace(tensor, dtype=np.dtype(np.float32), quantization=None, data=data))
    path = tmp_path / "float.tflite"
    path.write_bytes(write_tflite(replace(graph, tensors=tuple(tensors))))
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.npy"
    np.save(path, np.random.default_rng(0).normal(size=(60, 8)))
    return path


def test_a_float_network_comes_close_and_runs_on_the_overlay(
    cli: Any, network: Path, data: Path, tmp_path: Path
) -> None:
    int8 = tmp_path / "int8.tflite"
    report = cli("quantize", network, "--data", data, "-o", int8, "--json").json()
    assert report["by"].startswith("ai-edge-quantizer")
    assert (report["samples"], report["bytes"]) == (60, int8.stat().st_size)
    assert 0 < report["mean_abs"] < report["max_abs"] < 0.02 * report["largest_output"]
    assert report["argmax_agreement"] > 0.95
    verified = cli("verify", int8, "--samples", 5, "--json").json()
    assert (verified["mismatches"], verified["overlay_mac_share"]) == (0, 1.0)
    shown = cli("quantize", network, "--data", data, "-o", int8)
    assert "apart at most" in shown.out
    assert "Calibration" not in shown.err


def test_a_recording_through_a_view_is_representative_too(cli: Any, network: Path, tmp_path: Path) -> None:
    save_recording(daemon.recording(20), tmp_path / "day.npz")
    (tmp_path / "view.toml").write_text(VIEW)
    given = ["--recording", tmp_path / "day.npz", "--view", tmp_path / "view.toml"]
    report = cli("quantize", network, *given, "-o", tmp_path / "int8.tflite", "--json").json()
    assert report["samples"] >= 18


def test_data_is_needed_one_way_or_the_other(cli: Any, network: Path, data: Path, tmp_path: Path) -> None:
    for given in ([], ["--recording", data], ["--data", data, "--view", data]):
        result = cli("quantize", network, *given, "-o", tmp_path / "int8.tflite")
        assert result.status == 2
        assert "give either --data, or --recording and --view" in result.error()


def test_what_is_no_float_network_is_refused(cli: Any, data: Path, tmp_path: Path) -> None:
    int8 = tmp_path / "int8.tflite"
    int8.write_bytes(dense_network([8, 4]))
    result = cli("quantize", int8, "--data", data, "-o", tmp_path / "out.tflite")
    assert (result.status, "only a float network" in result.error()) == (2, True)
    int8.write_bytes(b"no model at all")
    result = cli("quantize", int8, "--data", data, "-o", tmp_path / "out.tflite")
    assert (result.status, "not a TFLite file" in result.error()) == (2, True)
    int8.write_bytes(dense_network([8, 4])[:200])
    assert cli("quantize", int8, "--data", data, "-o", tmp_path / "out.tflite").status == 2
    assert not (tmp_path / "out.tflite").exists()


@pytest.mark.parametrize(
    ("package", "name", "extra"),
    [("ai_edge_quantizer", "float.tflite", "quantize"), ("tensorflow", "model.keras", "train")],
)
def test_a_package_that_is_missing_names_its_extra(
    cli: Any,
    network: Path,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    package: str,
    name: str,
    extra: str,
) -> None:
    def without(wanted: str, *rest: Any) -> Any:
        if wanted.split(".", maxsplit=1)[0] == package:
            raise ImportError(wanted)
        return real(wanted, *rest)

    real = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", without)
    result = cli("quantize", tmp_path / name, "--data", data, "-o", tmp_path / "out.tflite")
    assert result.status == 1
    assert f"pip install 'edge-runtime[{extra}]'" in result.error()


TRAINING = """
import sys, numpy as np, tensorflow as tf
draw = np.random.default_rng(0)
x = draw.normal(size=(400, 6, 6, 1)).astype("float32")
y = (x.mean(axis=(1, 2, 3)) > 0).astype("int32")
model = tf.keras.Sequential([
    tf.keras.layers.Input((6, 6, 1)), tf.keras.layers.Conv2D(8, 3, padding="same", use_bias=False),
    tf.keras.layers.BatchNormalization(), tf.keras.layers.ReLU(6.0), tf.keras.layers.DepthwiseConv2D(3),
    tf.keras.layers.GlobalAveragePooling2D(), tf.keras.layers.Dense(2)])
model.compile("adam", tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(x, y, epochs=3, verbose=0)
model.save(sys.argv[1]); np.save(sys.argv[2], x[:100])
"""


@pytest.mark.slow
def test_a_keras_model_is_converted_by_tensorflow(cli: Any, tmp_path: Path) -> None:
    """In a Python that has the `train` extra: this one, or the one that EDGE_RUNTIME_TENSORFLOW names."""
    python = TRAINED or sys.executable
    if subprocess.run([python, "-c", "import tensorflow"], capture_output=True, check=False).returncode:
        pytest.skip("TensorFlow is missing: set EDGE_RUNTIME_TENSORFLOW to the Python of an environment with it")
    model, data, int8 = tmp_path / "model.keras", tmp_path / "x.npy", tmp_path / "int8.tflite"
    subprocess.run([python, "-c", TRAINING, str(model), str(data)], check=True, timeout=600)
    command = "from edge_runtime.cli.main import main; main()"
    arguments = ["quantize", str(model), "--data", str(data), "-o", str(int8), "--json"]
    done = subprocess.run([python, "-c", command, *arguments], check=False, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["by"].startswith("TensorFlow")
    assert (report["samples"], report["bytes"]) == (100, int8.stat().st_size)
    assert 0 < report["mean_abs"] < report["max_abs"] < 0.05 * report["largest_output"]
    assert report["argmax_agreement"] >= 0.97
    verified = cli("verify", int8, "--samples", 5, "--json").json()
    assert (verified["mismatches"], verified["overlay_mac_share"]) == (0, 1.0)
    assert verified["cycles"] == verified["predicted_cycles"] > 0
