"""A device with several pipelines, as files: two networks, one view, one stream, one small overlay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from edge_runtime.boards import load_board
from edge_runtime.compiler import OverlayParameters
from edge_runtime.paths import board_folder
from edge_runtime.stream import save_recording
from support import daemon
from support.networks import dense_network

__all__ = ["NETWORKS", "write_board", "write_device", "write_pipeline"]

NETWORKS: Mapping[str, bytes] = {
    "press": dense_network([8, 16, 2], seed=3),
    "pump": dense_network([8, 12, 12, 2], seed=4),
}
"""By pipeline: a network that tells `daemon.CLASSES` apart by `daemon.VIEW`."""

VIEW = """[view]
name = "v"
channels = ["x", "y"]
window = "2 s"
hop = "1 s"
kernels = ["mean", "std", "min", "max"]
"""
RECORDING = '[source]\nkind = "recording"\npath = "day.npz"\nblock_size = 10\n'


def write_pipeline(
    folder: Path,
    name: str,
    *,
    source: str = RECORDING,
    model: str = 'accelerator = "reference"\n',
    more: str = "",
    network: bytes | None = None,
) -> Path:
    """Write the file of a pipeline called `name`, with its network beside it; its records go to ``name.jsonl``."""
    (folder / f"{name}.tflite").write_bytes(network or NETWORKS.get(name) or NETWORKS["press"])
    file = folder / f"{name}.toml"
    file.write_text(
        f'[pipeline]\nname = "{name}"\nstatus_every = "1 s"\n{source}{VIEW}'
        f'[model]\npath = "{name}.tflite"\nclasses = ["calm", "wild"]\n{model}{more}'
        f'[[sink]]\nkind = "jsonl"\npath = "{name}.jsonl"\n'
    )
    return file


def write_device(folder: Path, *pipelines: Path, more: str = "", cases: int = 6) -> Path:
    """Write the file of a device with these pipelines, and the recording that they read."""
    save_recording(daemon.recording(cases), folder / "day.npz")
    names = ", ".join(f'"{path.name}"' for path in pipelines)
    file = folder / "device.toml"
    file.write_text(f'pipelines = [{names}]\n[device]\nname = "shed"\n{more}')
    return file


def write_board(folder: Path, parameters: OverlayParameters) -> Path:
    """Write a board file: the simulated board with another overlay."""
    text = (board_folder() / "laptop_sim.toml").read_text()
    head = text[: text.index("[overlay]")].replace('"laptop_sim"', '"small_sim"')
    lines = [f"{key} = {str(value).lower()}" for key, value in asdict(parameters).items()]
    file = folder / "small_sim.toml"
    file.write_text(head + "[overlay]\n" + "\n".join(lines) + "\n")
    assert load_board(str(file)).overlay == parameters
    return file
