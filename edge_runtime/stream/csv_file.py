"""Recordings in CSV files: a line of names, then a line for each sample."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError
from edge_runtime.stream.columns import recording_from_columns
from edge_runtime.stream.recording import Recording

__all__ = ["load_csv"]


def load_csv(path: Path, *, rate_hz: float | None = None) -> Recording:
    """Read a CSV file; an empty field is NaN. `recording_from_columns` says what columns mean.

    Raises
    ------
    DataError
        If it cannot be read, or a line has another number of fields, or a field is no number; the message names the
        line.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: not a CSV file in UTF-8 ({error})") from error
    if not rows:
        raise DataError(f"{path}: is empty; its first line should name the columns")
    names = [name.strip() for name in rows[0]]
    body = [(number, row) for number, row in enumerate(rows[1:], start=2) if row]
    for number, row in body:
        if len(row) != len(names):
            raise DataError(f"{path}: line {number} has {len(row)} fields; there should be {len(names)}")
    columns = {
        name: _column(path, name, [(number, row[place]) for number, row in body])
        for place, name in enumerate(names)
        if name != "label"
    }
    labels = [row[names.index("label")].strip() for _, row in body] if "label" in names else None
    try:
        return recording_from_columns(columns, labels=labels, rate_hz=rate_hz)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def _column(path: Path, name: str, fields: list[tuple[int, str]]) -> npt.NDArray[np.float64] | npt.NDArray[np.int64]:
    try:
        if name == "t_ns":
            return np.array([int(text) for _, text in fields], dtype=np.int64)
        return np.array([float(text) if text.strip() else np.nan for _, text in fields])
    except (ValueError, OverflowError) as error:
        wrong = next(number for number, text in fields if not _is_number(text, whole=name == "t_ns"))
        raise DataError(f"{path}: line {wrong}, column {name}: {error}") from error


def _is_number(text: str, *, whole: bool) -> bool:
    try:
        _ = np.int64(int(text)) if whole else float(text or "nan")
    except (ValueError, OverflowError):
        return False
    return True
