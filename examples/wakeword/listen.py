"""Finds wake words in a sound file: log-mel features, MLPerf Tiny's streaming wake word network, on any accelerator.

    python examples/wakeword/listen.py mlperf_sww.tflite sound.wav [--accelerator overlay]

The features come from the ring buffer, block by block, as on a device; the network runs through the accelerator seam.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from edge_runtime.daemon.build import Deployment, deploy
from edge_runtime.daemon.config import ModelTable
from edge_runtime.errors import DataError
from edge_runtime.features import FeatureComputer, FeatureView, FeatureWindow
from edge_runtime.stream import Recording, load_recording

FOLDER = Path(__file__).parent
CLASSES = ("marvin", "silence", "unknown")
THRESHOLD = 0.5
"""Above it the word is more probable than all else together."""

SMOOTHED = 10
"""Windows whose probabilities are averaged, about 0.3 s, as Chen, Parada and Heigold do in "Small-footprint keyword
spotting using deep neural networks", ICASSP 2014 (30 frames of 10 ms)."""

BLOCK = 512


@dataclass(frozen=True)
class Detection:
    """A wake word.

    Parameters
    ----------
    start_s, end_s
        From the first window's beginning to the last one's end, in seconds since the recording's beginning.
    probability
        The highest of a single window.
    smoothed
        The highest mean over `SMOOTHED` windows.
    """

    start_s: float
    end_s: float
    probability: float
    smoothed: float


@dataclass(frozen=True)
class Heard:
    """What was found in a recording.

    Parameters
    ----------
    detections
        The wake words.
    windows
        How many windows were looked at.
    mismatches
        Output elements that differ from the reference's; None if they were not compared.
    cycles
        The engine's cycles for one inference; 0 where there is no engine.
    seconds
        How long it took.
    """

    detections: list[Detection]
    windows: int
    mismatches: int | None
    cycles: float
    seconds: float


def mono(recording: Recording) -> Recording:
    """Mix all channels, and scale the loudest sample to 1, as the network's training and evaluation do.

    Raises
    ------
    DataError
        If there is nothing but silence.
    """
    mixed = recording.samples.astype(np.float64).mean(axis=1, keepdims=True)
    loudest = float(np.abs(mixed).max())
    if loudest == 0:
        raise DataError("the recording is silent throughout")
    return Recording(recording.t_ns, (mixed / loudest).astype(np.float32), ("mono",), recording.rate_hz)


def listen(
    deployment: Deployment, recording: Recording, *, threshold: float = THRESHOLD, smoothed: int = SMOOTHED
) -> Heard:
    """Stream a recording of one channel through the features and the network."""
    started = time.perf_counter()
    computer = FeatureComputer(deployment.view, recording.rate_hz, recording.channels)
    output = deployment.program.graph.tensor(deployment.program.graph.outputs[0]).quantization
    ear = Ear(threshold, smoothed)
    cycles, windows = 0, 0
    accelerator = deployment.open_accelerator()
    try:
        accelerator.load(deployment.program)
        for block in recording.blocks(BLOCK):
            for window in computer.push(block):
                inference = accelerator.infer([deployment.network.quantize(window.values)])
                windows, cycles = windows + 1, cycles + inference.cycles
                stored = float(inference.outputs[0].ravel()[CLASSES.index("marvin")])
                ear.take(window, (stored - output.zero_point) * output.scale)
        mismatches = getattr(accelerator, "mismatches", None)
    finally:
        accelerator.close()
    return Heard(ear.detections, windows, mismatches, cycles / max(windows, 1), time.perf_counter() - started)


class Ear:
    """Makes wake words of windows' probabilities.

    Parameters
    ----------
    threshold
        What the mean of the newest probabilities must pass.
    smoothed
        How many those are; at the beginning there are fewer.
    """

    def __init__(self, threshold: float, smoothed: int) -> None:
        self.detections: list[Detection] = []
        self._threshold = threshold
        self._newest: deque[float] = deque(maxlen=smoothed)

    def take(self, window: FeatureWindow, probability: float) -> None:
        """Take in the next window; those that overlap are one word."""
        self._newest.append(probability)
        mean = sum(self._newest) / len(self._newest)
        if mean <= self._threshold:
            return
        heard = Detection(window.start_ns / 1e9, window.end_ns / 1e9, max(self._newest), mean)
        if self.detections and heard.start_s < self.detections[-1].end_s:
            last = self.detections.pop()
            heard = Detection(
                last.start_s, heard.end_s, max(last.probability, heard.probability), max(last.smoothed, mean)
            )
        self.detections.append(heard)


def main() -> None:
    """Read the command line, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="mlperf_sww.tflite")
    parser.add_argument("sound", type=Path, help="a .wav file at 16 kHz")
    parser.add_argument("--accelerator", choices=["overlay", "reference", "cpu"], default="reference")
    parser.add_argument("--board", default="laptop_sim")
    parser.add_argument("--threshold", type=float, default=THRESHOLD)
    parser.add_argument("--smoothed", type=int, default=SMOOTHED, help="windows that are averaged")
    given = parser.parse_args()
    table = ModelTable(
        path=given.model, accelerator=given.accelerator, board=given.board, check=given.accelerator == "overlay"
    )
    deployment = deploy(table, FeatureView.from_toml(FOLDER / "view.toml"))
    heard = listen(deployment, mono(load_recording(given.sound)), threshold=given.threshold, smoothed=given.smoothed)
    print(json.dumps({"accelerator": given.accelerator, **asdict(heard)}))


if __name__ == "__main__":
    main()
