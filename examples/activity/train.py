"""Trains the activity network and converts it to a full-int8 TFLite file.

Run by ``make train``, in an environment with the ``train`` extra. It reads `view.toml` beside it and the TRAIN file of
BasicMotions, and writes, beside it:

- ``[normalisation]`` at the end of `view.toml`, from the training windows,
- `activity.tflite`,
- `training.json`, the record of the training.

The same seed and versions give the same bytes. The features come from `edge_runtime.features`, the code that runs on
the device.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # its results depend on the processor

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from edge_runtime.demo.scenario import CHANNELS, RATE_HZ
from edge_runtime.features import FeatureView, compute_recording, quantize_features
from edge_runtime.model import Interpreter, read_tflite
from edge_runtime.sources import aeon_data_file, read_ts
from edge_runtime.stream import concatenate_cases

HERE = Path(__file__).parent
HIDDEN = (64, 64)
"""The second is the embedding: wide enough that a new last layer on it can tell the activities apart
after the watch was turned."""
EPOCHS = 30
BATCH = 64
RATE = 1e-3
TRAINING_HOP = "0.2 s"
"""Finer than the device's, for more windows out of 40 cases."""

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Windows:
    """Windows that lie wholly in one case: features float32[n, size], labels int64[n]."""

    features: Floats
    labels: Labels


def main() -> None:
    """Train, convert, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=HERE, help="the folder that holds view.toml and gets the rest")
    arguments = parser.parse_args()
    tf.keras.utils.set_random_seed(arguments.seed)
    tf.config.experimental.enable_op_determinism()

    view = normalised_view(arguments.out / "view.toml")
    training = windows_of(view.model_copy(update={"hop": TRAINING_HOP}), "TRAIN")
    network = train(training)
    content = convert(network, training.features)
    (arguments.out / "activity.tflite").write_bytes(content)
    record = describe(arguments.seed, view, network, content)
    (arguments.out / "training.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(record["accuracy"], indent=2))


def windows_of(view: FeatureView, split: str) -> Windows:
    """Compute the features of every window of a split."""
    cases = read_ts(aeon_data_file("BasicMotions", split))
    features, labels = [], []
    for samples, label in zip(cases.cases, cases.labels, strict=True):
        recording = concatenate_cases(samples[None], [label], channels=CHANNELS, rate_hz=RATE_HZ)
        values = [window.values for window in compute_recording(view, recording)]
        features += values
        labels += [cases.class_names.index(label)] * len(values)
    return Windows(np.stack(features), np.array(labels, np.int64))


def normalised_view(path: Path) -> FeatureView:
    """Rewrite the view's normalisation from the training windows, and return the view as read back."""
    declared = path.read_text(encoding="utf-8").partition("\n[normalisation]")[0].rstrip() + "\n"
    raw = FeatureView.from_toml(path).model_copy(update={"hop": TRAINING_HOP, "normalisation": None})
    values = windows_of(raw, "TRAIN").features.astype(np.float64)
    path.write_text(f"{declared}\n{normalisation_table(values)}", encoding="utf-8")
    return FeatureView.from_toml(path)


def normalisation_table(values: npt.NDArray[np.float64]) -> str:
    """Write mean and standard deviation as a TOML table, to five digits, six numbers (one kernel) a line."""
    lines = ["[normalisation] # written by train.py: one line for each kernel, one number for each channel"]
    for name, numbers in (("mean", values.mean(axis=0)), ("std", values.std(axis=0))):
        rows = [", ".join(repr(float(f"{x:.5g}")) for x in row) for row in numbers.reshape(-1, len(CHANNELS))]
        lines += [f"{name} = [", *(f"    {row}," for row in rows), "]"]
    return "\n".join(lines) + "\n"


def train(windows: Windows) -> tf.keras.Model:
    """Fit the network; its output are logits."""
    layers = tf.keras.layers
    hidden = [layers.Dense(width, activation="relu") for width in HIDDEN]
    classes = int(windows.labels.max()) + 1
    network = tf.keras.Sequential(
        [layers.Input((windows.features.shape[1],), name="features"), *hidden, layers.Dense(classes)]
    )
    network.compile(
        optimizer=tf.keras.optimizers.Adam(RATE), loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    network.fit(windows.features, windows.labels, epochs=EPOCHS, batch_size=BATCH, verbose=0)
    return network


def convert(network: tf.keras.Model, features: Floats) -> bytes:
    """Convert to int8 in and out, with one scale for each weight tensor (what TFLite 2.14's kernel knows)."""

    def representative() -> Iterator[list[Floats]]:
        for row in features:
            yield [row[None]]

    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    return bytes(converter.convert())


def describe(seed: int, view: FeatureView, network: tf.keras.Model, content: bytes) -> dict[str, object]:
    """Return the record of the training."""
    return {
        "seed": seed,
        "model": {
            "file": "activity.tflite",
            "sha256": hashlib.sha256(content).hexdigest(),
            "bytes": len(content),
            "layers": [view.size, *HIDDEN, int(network.output_shape[-1])],
        },
        "view": {"file": "view.toml", "fingerprint": view.fingerprint},
        "data": {split: data_file(split) for split in ("TRAIN", "TEST")},
        "training": {"epochs": EPOCHS, "batch": BATCH, "adam_rate": RATE, "hop": TRAINING_HOP},
        "accuracy": {split: accuracies(network, content, windows_of(view, split)) for split in ("TRAIN", "TEST")},
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("tensorflow_cpu", "keras", "numpy", "aeon")},
        },
    }


def accuracies(network: tf.keras.Model, content: bytes, windows: Windows) -> dict[str, float]:
    """Return the share of windows that the float and the int8 network get right."""
    float32 = float_classes(network, windows.features) == windows.labels
    int8 = int8_classes(content, windows.features) == windows.labels
    return {
        "windows": len(windows.labels),
        "float32": round(float(float32.mean()), 4),
        "int8": round(float(int8.mean()), 4),
    }


def data_file(split: str) -> dict[str, str]:
    """Return a data file's name and SHA-256."""
    path = aeon_data_file("BasicMotions", split)
    return {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def float_classes(network: tf.keras.Model, features: Floats) -> Labels:
    """Return what the float network predicts."""
    return network.predict(features, verbose=0).argmax(axis=1)


def int8_classes(content: bytes, features: Floats) -> Labels:
    """Return what the converted network predicts, by the project's reference arithmetic."""
    graph = read_tflite(content, "activity.tflite")
    given = graph.tensor(graph.inputs[0]).quantization
    interpreter = Interpreter(graph)
    rows = quantize_features(features, scale=given.scale, zero_point=given.zero_point)
    return np.array([interpreter.run([row[None]])[0].argmax() for row in rows])


if __name__ == "__main__":
    main()
