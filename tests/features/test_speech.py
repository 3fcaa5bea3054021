"""The speech front ends against TensorFlow's, with which the MLPerf Tiny networks were trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_runtime.errors import ConfigError
from edge_runtime.features import FeatureView, compute_recording
from edge_runtime.features.kernels import LogMel, Mfcc, compute_kernel
from edge_runtime.stream import Recording, sample_times

GOLDEN = np.load(Path(__file__).parent / "golden" / "speech.npz")
RATE_HZ = 16_000.0


def test_log_mel_is_tensorflows_to_its_float32() -> None:
    """TensorFlow adds in float32; a quantisation step of the wake word's input is 1/255, 0.0039."""
    got = np.stack([compute_kernel(LogMel(), signal[:, None], rate_hz=RATE_HZ)[0] for signal in GOLDEN["signals"]])
    np.testing.assert_allclose(got.reshape(GOLDEN["log_mel"].shape), GOLDEN["log_mel"], atol=2e-4)


def test_mfcc_are_tensorflows_to_its_float32() -> None:
    got = np.stack([compute_kernel(Mfcc(), signal[:, None], rate_hz=RATE_HZ)[0] for signal in GOLDEN["signals"]])
    np.testing.assert_allclose(got.reshape(GOLDEN["mfcc"].shape), GOLDEN["mfcc"], atol=2e-3)


@pytest.mark.parametrize(
    ("kernel", "window", "shape"), [("log_mel", "15872 samples", (30, 40)), ("mfcc", "16000 samples", (49, 10))]
)
def test_a_window_has_the_networks_input_shape(kernel: str, window: str, shape: tuple[int, int]) -> None:
    declared = {"name": "s", "channels": ["left"], "window": window, "hop": "512 samples", "rate": "16 kHz"}
    view = FeatureView.from_mapping({**declared, "kernels": [kernel]})
    assert view.size == shape[0] * shape[1]
    assert view.output_names[shape[1] + 1] == f"{kernel}_1_1.left"
    whole = Recording(sample_times(0, 32_000, rate_hz=RATE_HZ), GOLDEN["signals"][0][:, None], ("left",), RATE_HZ)
    windows = compute_recording(view, whole)
    alone = compute_kernel(view.kernels[0], GOLDEN["signals"][0][: view.known_length, None], rate_hz=RATE_HZ)
    assert windows[0].values.tobytes() == alone.tobytes()


@pytest.mark.parametrize(
    ("kernel", "message"),
    [
        (LogMel(), "log_mel: a frame has 1024 samples, but the window has 800; lengthen it"),
        (Mfcc(high_hz=9000), "mfcc: the filters reach from 20 to 9000 Hz; they must end at or below half of the rate"),
        (Mfcc(coefficients=41), "mfcc: 41 coefficients of 40 bands"),
    ],
)
def test_what_makes_no_sense_is_refused(kernel: LogMel | Mfcc, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        kernel.prepare(length=800, rate_hz=RATE_HZ)
