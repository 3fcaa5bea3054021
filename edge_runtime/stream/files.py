"""Recordings in files, of whatever format the name says."""

from __future__ import annotations

from pathlib import Path

from edge_runtime.errors import DataError
from edge_runtime.stream.csv_file import load_csv
from edge_runtime.stream.mcap_file import load_mcap, save_mcap
from edge_runtime.stream.npz import load_npz, save_npz
from edge_runtime.stream.parquet_file import load_parquet
from edge_runtime.stream.recording import Recording
from edge_runtime.stream.wav_file import load_wav

__all__ = ["load_recording", "save_recording"]

READABLE = ".mcap, .npz, .csv, .wav, .parquet"


def load_recording(path: Path | str, *, rate_hz: float | None = None) -> Recording:
    """Read a recording.

    Parameters
    ----------
    path
        An ``.mcap``, ``.npz``, ``.csv``, ``.wav`` or ``.parquet`` file.
    rate_hz
        The rate of a CSV or Parquet file that does not tell it.

    Raises
    ------
    DataError
        If it cannot be read, is damaged, or has another suffix.
    ToolError
        If its format takes a package that is not installed.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return load_npz(path)
    if suffix == ".mcap":
        return load_mcap(path)
    if suffix == ".wav":
        return load_wav(path)
    if suffix == ".csv":
        return load_csv(path, rate_hz=rate_hz)
    if suffix in (".parquet", ".pq"):
        return load_parquet(path, rate_hz=rate_hz)
    raise DataError(f"{path}: the suffix {suffix!r} is no recording's; it must be one of {READABLE}")


def save_recording(recording: Recording, path: Path | str) -> None:
    """Write a recording as ``.npz`` or ``.mcap``, so that `load_recording` gives it back.

    Raises
    ------
    DataError
        If it cannot be written, or the path has another suffix.
    ToolError
        If MCAP is wanted and its package is not installed.
    """
    path = Path(path)
    if path.suffix.lower() == ".mcap":
        save_mcap(recording, path)
    elif path.suffix.lower() == ".npz":
        save_npz(recording, path)
    else:
        raise DataError(f"{path}: recordings are written as .mcap or .npz")
