"""Batch prediction: a pipeline's view and network over what is in files, as the device would have answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge_runtime.accelerator import Accelerator
from edge_runtime.daemon.build import Deployment
from edge_runtime.errors import DataError
from edge_runtime.features.compute import FeatureComputer, FeatureWindow
from edge_runtime.stream import Recording, load_recording
from edge_runtime.stream.block import Flags
from edge_runtime.stream.parquet_file import parquet_module

__all__ = ["Predicted", "predict_file", "windows_of"]

SAMPLES_AT_ONCE = 4096
ROWS_AT_ONCE = 1024

Progress = Callable[[int, int], None]
"""Hears how much has been done, and of how much: samples of a recording, or rows of a table."""


@dataclass(frozen=True)
class Predicted:
    """A window and what the network said of it.

    Parameters
    ----------
    row
        ``recording``, ``window``, ``start_ns``, ``t_ns``, ``index``, ``name``, ``outputs``, ``flags``, ``cycles``: what
        the device's record has under the same names, but for ``recording``, the file.
    label
        What the file says is true of the whole window; None: nothing.
    """

    row: dict[str, Any]
    label: str | None


def predict_file(
    deployment: Deployment, accelerator: Accelerator, path: Path, *, progress: Progress | None = None
) -> Iterator[Predicted]:
    """Yield the predictions of a recording's windows, or of the rows of a Parquet file of features, in order.

    Parameters
    ----------
    deployment
        The network and its view; the network's own last layer answers.
    accelerator
        Runs it; the deployment's program has been loaded.
    path
        A recording of any format, or a Parquet file with the view's outputs as columns beside ``start_ns`` and
        ``end_ns``, as the verbs ``features`` and ``export`` write it.
    progress
        Told now and then.

    Raises
    ------
    DataError
        If the file cannot be read, or is of something else.
    AcceleratorError
        If the accelerator fails.
    """
    for window, label in windows_of(deployment, path, progress=progress):
        yield Predicted(_predict(deployment, accelerator, path, window), label)


def windows_of(
    deployment: Deployment, path: Path, *, progress: Progress | None = None
) -> Iterator[tuple[FeatureWindow, str | None]]:
    """Yield the windows of such a file in order, each with what the file says is true of all of it.

    Raises
    ------
    DataError
        If the file cannot be read, or is of something else.
    """
    if _has_features(deployment, path):
        return _rows(deployment, path, progress)
    return _windows(deployment, path, progress)


def _predict(deployment: Deployment, accelerator: Accelerator, path: Path, window: FeatureWindow) -> dict[str, Any]:
    network = deployment.network
    inference = accelerator.infer([network.quantize(window.values)])
    index = network.class_of(inference.outputs[0])
    return {
        "recording": str(path),
        "window": window.index,
        "start_ns": window.start_ns,
        "t_ns": window.end_ns,
        "index": index,
        "name": network.class_name(index),
        "outputs": np.ravel(inference.outputs[0]).tolist(),
        "flags": [flag.name for flag in Flags if flag and flag in window.flags],
        "cycles": inference.cycles,
    }


def _windows(
    deployment: Deployment, path: Path, progress: Progress | None
) -> Iterator[tuple[FeatureWindow, str | None]]:
    recording: Recording = load_recording(path)
    computer = FeatureComputer(deployment.view, recording.rate_hz, recording.channels)
    done = 0
    for block in recording.blocks(SAMPLES_AT_ONCE):
        for window in computer.push(block):
            yield window, recording.label_between(window.start_ns, window.end_ns)
        done += len(block.t_ns)
        if progress is not None:
            progress(done, len(recording))


def _has_features(deployment: Deployment, path: Path) -> bool:
    if path.suffix.lower() not in (".parquet", ".pq"):
        return False
    columns = set(_open(path).schema_arrow.names)
    return {"start_ns", "end_ns", *deployment.view.output_names} <= columns


def _rows(deployment: Deployment, path: Path, progress: Progress | None) -> Iterator[tuple[FeatureWindow, str | None]]:
    file = _open(path)
    names, total, index = deployment.view.output_names, file.metadata.num_rows, 0
    for batch in file.iter_batches(ROWS_AT_ONCE):
        columns = {name: batch.column(name) for name in batch.schema.names}
        values = np.column_stack([_float32(columns[name], name, path) for name in names])
        for at in range(batch.num_rows):
            yield _window(columns, values, at, index), _label(columns, at)
            index += 1
        if progress is not None:
            progress(index, total)


def _window(columns: dict[str, Any], values: Any, at: int, index: int) -> FeatureWindow:
    flags = Flags(columns["flags"][at].as_py() or 0) if "flags" in columns else Flags.NONE
    start_ns, end_ns = columns["start_ns"][at].as_py(), columns["end_ns"][at].as_py()
    return FeatureWindow(index, start_ns, end_ns, values[at], flags)


def _label(columns: dict[str, Any], at: int) -> str | None:
    label = columns["label"][at].as_py() if "label" in columns else None
    return None if label is None else str(label)


def _float32(column: Any, name: str, path: Path) -> Any:
    pyarrow, _ = parquet_module()
    if column.type != pyarrow.float32():
        raise DataError(f"{path}: column {name} is {column.type}; features are float32, as `features` writes them")
    # A null is a value that nobody knows: NaN, as in the stream.
    return column.to_numpy(zero_copy_only=False)


def _open(path: Path) -> Any:
    pyarrow, parquet = parquet_module()
    try:
        return parquet.ParquetFile(path)
    except (OSError, pyarrow.ArrowException) as error:
        raise DataError(f"{path}: cannot be read as Parquet: {error}") from error
