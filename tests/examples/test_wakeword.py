"""The wake word example on the overlay, on recordings of mlcommons/tiny that lie beside the shared models."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from edge_runtime.daemon.build import Deployment, deploy
from edge_runtime.daemon.config import ModelTable
from edge_runtime.errors import DataError
from edge_runtime.features import FeatureView, FeatureWindow
from edge_runtime.stream import Flags, Recording, load_recording, sample_times
from support.scripts import load_script

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "wakeword"
EASY_WORDS = (1.0, 4.0, 7.0)
"""Where mlcommons/tiny's short_wav_easy10s_ww_windows.json says that the words begin, in seconds."""


@pytest.fixture(scope="module")
def example() -> ModuleType:
    return load_script(EXAMPLE / "listen.py")


@pytest.fixture(scope="module")
def recordings(shared_models: Path) -> Path:
    folder = shared_models.parent / "audio"
    if not folder.is_dir():
        pytest.skip("the shared recordings are not at ../shared/audio, beside the shared models")
    return folder


def deployment(models: Path, accelerator: str) -> Deployment:
    table = ModelTable.model_validate(
        {"path": models / "mlperf_sww.tflite", "accelerator": accelerator, "check": accelerator == "overlay"}
    )
    return deploy(table, FeatureView.from_toml(EXAMPLE / "view.toml"))


def test_the_overlay_finds_the_wake_word(example: ModuleType, shared_models: Path, recordings: Path) -> None:
    sound = example.mono(load_recording(recordings / "marvin_617de221_0.wav"))
    heard = example.listen(deployment(shared_models, "overlay"), sound)
    assert (heard.windows, heard.mismatches, len(heard.detections)) == (1, 0, 1)
    assert heard.detections[0].probability > 0.95
    assert heard.cycles > 0


def test_the_overlay_finds_all_words_of_the_stream_and_no_other(
    example: ModuleType, shared_models: Path, recordings: Path
) -> None:
    sound = example.mono(load_recording(recordings / "short_wav_easy10s.wav"))
    heard = example.listen(deployment(shared_models, "overlay"), sound)
    assert (heard.windows, heard.mismatches) == (282, 0)
    assert len(heard.detections) == len(EASY_WORDS)
    for word, detection in zip(EASY_WORDS, heard.detections, strict=True):
        assert detection.start_s < word < detection.end_s


def test_noise_and_the_music_after_the_words_hold_none(
    example: ModuleType, shared_models: Path, recordings: Path
) -> None:
    noise = np.random.default_rng(3).normal(size=(48_000, 1)).astype(np.float32)
    music = load_recording(recordings / "short_wav_easy10s.wav").samples[8 * 16_000 :]
    on_reference = deployment(shared_models, "reference")
    for samples in (noise, music):
        names = tuple(f"c{k}" for k in range(samples.shape[1]))
        sound = Recording(sample_times(0, len(samples), rate_hz=16_000.0), samples, names, 16_000.0)
        assert example.listen(on_reference, example.mono(sound)).detections == []


def test_a_silent_recording_is_refused(example: ModuleType) -> None:
    silence = np.zeros((100, 2), np.float32)
    with pytest.raises(DataError, match="silent throughout"):
        example.mono(Recording(sample_times(0, 100, rate_hz=16_000.0), silence, ("l", "r"), 16_000.0))


def test_one_window_alone_is_no_word_and_neighbours_are_one(example: ModuleType) -> None:
    ear = example.Ear(0.5, 4)
    for index, probability in enumerate([0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.9, 0.9, 0.9, 0.1, 0.9, 0.9]):
        ear.take(
            FeatureWindow(index, index * 10**9, (index + 3) * 10**9, np.zeros(1, np.float32), Flags.NONE), probability
        )
    assert [(one.start_s, one.end_s, one.probability) for one in ear.detections] == [(9.0, 15.0, 0.9)]
