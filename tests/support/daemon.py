"""A small daemon for tests: a network that tells two classes apart, its view, and streams for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.accelerator import Accelerator, CheckedAccelerator, Inference, ReferenceAccelerator
from edge_runtime.boards import load_board
from edge_runtime.compiler import Program, compile_model
from edge_runtime.daemon.build import Deployment
from edge_runtime.daemon.learning import Learning
from edge_runtime.daemon.network import Network
from edge_runtime.daemon.parts import build_pipeline
from edge_runtime.daemon.pipeline import Pipeline
from edge_runtime.daemon.supervisor import Stage
from edge_runtime.daemon.watch import Watcher
from edge_runtime.features import FeatureView
from edge_runtime.model.head import QuantizedHead
from edge_runtime.sources import RecordedSource, Source
from edge_runtime.stream import Recording, concatenate_cases
from edge_runtime.telemetry import MemorySink, Sink
from support.networks import dense_network

CLASSES = ("calm", "wild")
RATE_HZ = 10.0
VIEW = FeatureView.from_mapping(
    {"name": "v", "channels": ["x", "y"], "window": "2 s", "hop": "1 s", "kernels": ["mean", "std", "min", "max"]}
)


class StubbornAccelerator(Accelerator):
    """The reference, until it fails: raises `error` at the `fail_at`-th inference (from 0)."""

    def __init__(self, error: Exception, *, fail_at: int) -> None:
        self._inner = ReferenceAccelerator()
        self._error = error
        self._left = fail_at
        self.closed = False

    def load(self, program: Program) -> None:
        self._inner.load(program)

    def infer(self, inputs: Sequence[npt.NDArray[Any]]) -> Inference:
        if self._left == 0:
            raise self._error
        self._left -= 1
        return self._inner.infer(inputs)

    def load_head(self, head: QuantizedHead, *, probes: npt.NDArray[np.int8] | None = None) -> None:
        self._inner.load_head(head, probes=probes)

    def close(self) -> None:
        self.closed = True


class WrongAccelerator(ReferenceAccelerator):
    """The reference with one output element changed in every inference."""

    def infer(self, inputs: Sequence[npt.NDArray[Any]]) -> Inference:
        right = super().infer(inputs)
        outputs = [array.copy() for array in right.outputs]
        outputs[0].flat[0] ^= 1
        return replace(right, outputs=tuple(outputs))


def deployment(open_accelerator: Callable[[], Accelerator] | None = None, model: bytes | None = None) -> Deployment:
    """A random network with eight inputs, run by the reference and checked against it."""
    board = load_board("laptop_sim")
    program = compile_model(model or dense_network([VIEW.size, 16, 2], seed=3), board.overlay, name="small")
    network = Network(program.graph, size=VIEW.size, classes=CLASSES)

    def checked() -> Accelerator:
        return CheckedAccelerator(ReferenceAccelerator())

    return Deployment(board, program, network, VIEW, open_accelerator or checked)


def recording(cases: int = 6, *, seed: int = 0) -> Recording:
    """Cases of five seconds at 10 Hz, calm and wild in turn."""
    random = np.random.default_rng(seed)
    samples = random.standard_normal((cases, 50, 2)).astype(np.float32)
    samples[::2] *= 0.1
    labels = [CLASSES[case % 2] for case in range(cases)]
    return concatenate_cases(samples, labels, channels=["x", "y"], rate_hz=RATE_HZ)


def source(cases: int = 6, *, block_size: int = 10) -> Source:
    return RecordedSource(recording(cases), block_size=block_size)


def pipeline(
    name: str,
    stream: Source,
    *,
    deployed: Deployment | None = None,
    sinks: Mapping[str, Sink] | None = None,
    learning: Learning | None = None,
    watchers: Sequence[Watcher] = (),
    stages: Mapping[str, Stage] = MappingProxyType({}),
) -> Pipeline:
    return build_pipeline(
        name,
        deployed or deployment(),
        stream,
        sinks=sinks or {"memory": MemorySink()},
        learning=learning,
        status_every=3600,
        watchers=watchers,
        stages=stages,
    )


PIPELINE = """
[pipeline]
name = "small"

[source]
kind = "recording"
path = "day.npz"
block_size = 10

[view]
name = "v"
channels = ["x", "y"]
window = "2 s"
hop = "1 s"
kernels = ["mean", "std", "min", "max"]

[model]
path = "small.tflite"
accelerator = "reference"
classes = ["calm", "wild"]

[learning]
label_delay = "3 s"

[[sink]]
kind = "jsonl"
path = "records.jsonl"
"""
"""A pipeline file for the network and recordings of this module, in files beside it."""

BUNDLES = '[bundles]\nfolder = "bundles"\nkeys = ["fleet.pub"]\n'


def taking_bundles(*, pace: float | None = None) -> str:
    """The same file on TFLite's own kernels, with one head that learns, for a device that takes bundles and heads."""
    paced = "block_size = 10" if pace is None else f"block_size = 10\npace = {pace}"
    text = PIPELINE.replace("block_size = 10", paced).replace('"reference"', '"cpu"')
    return text.replace('label_delay = "3 s"', 'heads = ["softmax"]\nlabel_delay = "2 s"') + BUNDLES
