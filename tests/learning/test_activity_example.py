"""The committed network is the one that its record describes, and learning wins back what the turn takes from it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from edge_runtime.demo.scenario import CHANNELS, RATE_HZ, ScenarioPlan, build_scenario
from edge_runtime.demo.scores import recovery_of
from edge_runtime.features import FeatureView, compute_recording, quantize_features
from edge_runtime.model import Interpreter, find_head, load_tflite
from edge_runtime.sources import aeon_data_file, read_ts
from edge_runtime.stream import concatenate_cases
from support.scripts import load_script

FOLDER = Path(__file__).parents[2] / "examples" / "activity"
RECORD = json.loads((FOLDER / "training.json").read_text())


def load_example(name: str) -> ModuleType:
    return load_script(FOLDER / f"{name}.py")


def test_the_record_describes_these_files() -> None:
    assert hashlib.sha256((FOLDER / "activity.tflite").read_bytes()).hexdigest() == RECORD["model"]["sha256"]
    assert FeatureView.from_toml(FOLDER / "view.toml").fingerprint == RECORD["view"]["fingerprint"]
    for split in ("TRAIN", "TEST"):
        content = aeon_data_file("BasicMotions", split).read_bytes()
        assert hashlib.sha256(content).hexdigest() == RECORD["data"][split]["sha256"]


def test_the_network_is_what_the_overlay_and_the_learner_need() -> None:
    graph = load_tflite(FOLDER / "activity.tflite")
    site = find_head(graph)
    assert [operator.kind.value for operator in graph.operators] == ["FULLY_CONNECTED"] * 3
    assert (site.features, site.classes) == (64, 4)
    for tensor in graph.tensors:
        assert tensor.quantization.per_tensor


@pytest.mark.parametrize("split", ["TRAIN", "TEST"])
def test_the_int8_accuracy_is_the_recorded_one(split: str) -> None:
    graph, view = load_tflite(FOLDER / "activity.tflite"), FeatureView.from_toml(FOLDER / "view.toml")
    given, interpreter = graph.tensor(graph.inputs[0]).quantization, Interpreter(graph)
    cases = read_ts(aeon_data_file("BasicMotions", split))
    hits = []
    for samples, label in zip(cases.cases, cases.labels, strict=True):
        recording = concatenate_cases(samples[None], [label], channels=CHANNELS, rate_hz=RATE_HZ)
        for window in compute_recording(view, recording):
            inputs = quantize_features(window.values, scale=given.scale, zero_point=given.zero_point)[None]
            hits.append(cases.class_names[interpreter.run([inputs])[0].argmax()] == label)
    assert len(hits) == RECORD["accuracy"][split]["windows"]
    assert np.mean(hits) == pytest.approx(RECORD["accuracy"][split]["int8"], abs=1e-4)


def test_over_ten_seeds_learning_wins_back_what_the_turn_takes() -> None:
    experiment = load_example("experiment")
    graph, view = load_tflite(FOLDER / "activity.tflite"), FeatureView.from_toml(FOLDER / "view.toml")
    seeds = [experiment.Device(graph, view).play(build_scenario(seed)) for seed in range(10)]
    recovery = recovery_of(seeds)
    assert min(seed.cost for seed in seeds) >= 0.2
    assert recovery.recovered >= 0.95
    assert recovery.interval[0] >= 0.85


def test_without_a_turn_the_network_is_left_in_peace() -> None:
    experiment = load_example("experiment")
    graph, view = load_tflite(FOLDER / "activity.tflite"), FeatureView.from_toml(FOLDER / "view.toml")
    still = ScenarioPlan(turn=((1, 0, 0), (0, 1, 0), (0, 0, 1)))
    for seed in range(3):
        accuracies = experiment.Device(graph, view).play(build_scenario(seed, still))
        assert accuracies.learned_after == accuracies.frozen_after


def test_there_are_24_ways_to_turn_a_watch_by_quarter_turns() -> None:
    turns = list(load_example("experiment").orientations())
    assert len(set(turns)) == 24
    assert ScenarioPlan().turn in turns
    for turn in turns:
        ScenarioPlan(turn=turn)
