from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_runtime.cli.main import main
from edge_runtime.model import read_tflite, write_tflite
from edge_runtime.stream import save_recording
from support import daemon
from support.networks import dense_network


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    status: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        """The one JSON object that standard output must be."""
        assert self.out.count("\n") == 1, self.out
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value

    def error(self) -> str:
        """The one line that a mistake must be told in."""
        assert self.err.count("\n") == 1, self.err
        assert self.err.startswith("error: ")
        return self.err.removeprefix("error: ").rstrip("\n")


Cli = Callable[..., Result]


@pytest.fixture
def cli(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run the command line in this process."""

    def run(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["edge-runtime", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main()
        code = caught.value.code
        captured = capfdbinary.readouterr()
        return Result(int(code or 0), captured.out.decode(), captured.err.decode())

    return run


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    """A pipeline file with all that it names beside it."""
    (tmp_path / "small.tflite").write_bytes(dense_network([8, 16, 2], seed=3))
    save_recording(daemon.recording(20), tmp_path / "day.npz")
    file = tmp_path / "pipeline.toml"
    file.write_text(daemon.PIPELINE)
    return file


@pytest.fixture
def float_model(tmp_path: Path) -> Path:
    """A TFLite file as it comes without quantisation."""
    graph = read_tflite(dense_network([8, 2]), "float")
    tensors = tuple(
        replace(
            tensor,
            dtype=np.dtype(np.float32),
            quantization=None,
            data=None if tensor.data is None else tensor.data.astype(np.float32),
        )
        for tensor in graph.tensors
    )
    path = tmp_path / "float.tflite"
    path.write_bytes(write_tflite(replace(graph, tensors=tensors)))
    return path
