"""Recordings in NumPy's ``.npz`` files.

Keys: `t_ns` (integers [n], nanoseconds), `samples` (numbers [n, channels]), `channels` (text [channels]);
optional `rate_hz` (a number; otherwise the median distance of the times gives it) and the spans, as
`span_start_ns`, `span_end_ns` (integers [spans]) and `span_label` (text [spans]).
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError
from edge_runtime.stream.clock import NS_PER_S
from edge_runtime.stream.recording import Recording, Span

__all__ = ["load_npz", "save_npz"]

DAMAGE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
"""What NumPy and zipfile raise, between them, on archives with wrong bytes in them (tried out on thousands)."""

SPAN_KEYS = ("span_start_ns", "span_end_ns", "span_label")


def load_npz(path: Path | str) -> Recording:
    """Read a recording; samples of any real type become float32.

    Raises
    ------
    DataError
        If the file is missing, is no ``.npz``, is damaged, lacks a key or holds something else than `Recording`
        says.
    """
    arrays = _read_arrays(Path(path))
    _check_keys(arrays, path)
    try:
        return Recording(
            _whole_numbers(arrays["t_ns"], "t_ns"),
            _samples(arrays["samples"]),
            tuple(str(name) for name in arrays["channels"].ravel()),
            _rate(arrays),
            _spans(arrays),
        )
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def save_npz(recording: Recording, path: Path | str) -> None:
    """Write a recording so that `load_npz` gives it back.

    Raises
    ------
    DataError
        If the file cannot be written.
    """
    arrays: dict[str, npt.NDArray[Any]] = {
        "t_ns": recording.t_ns,
        "samples": recording.samples,
        "channels": np.array(recording.channels, dtype=np.str_),
        "rate_hz": np.array(recording.rate_hz),
    }
    if recording.spans:
        arrays["span_start_ns"] = np.array([span.start_ns for span in recording.spans], dtype=np.int64)
        arrays["span_end_ns"] = np.array([span.end_ns for span in recording.spans], dtype=np.int64)
        arrays["span_label"] = np.array([span.label for span in recording.spans], dtype=np.str_)
    try:
        with Path(path).open("wb") as file:
            np.savez_compressed(file, **arrays)
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror}") from error


def _read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    except DAMAGE as error:
        raise DataError(f"{path}: not an .npz recording, or damaged ({error})") from error


def _check_keys(arrays: Mapping[str, npt.NDArray[Any]], path: Path | str) -> None:
    there = ", ".join(sorted(arrays)) or "none"
    wanted = ["t_ns", "samples", "channels"]
    if any(key in arrays for key in SPAN_KEYS):
        wanted += SPAN_KEYS
    missing = [key for key in wanted if key not in arrays]
    if missing:
        raise DataError(f"{path}: no array {', '.join(missing)}; the file has {there}")


def _whole_numbers(array: npt.NDArray[Any], key: str) -> npt.NDArray[np.int64]:
    if array.dtype.kind not in "iu":
        raise DataError(f"{key} is {array.dtype}; it must be whole nanoseconds (int64)")
    return array.astype(np.int64)


def _samples(array: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    if array.dtype.kind not in "fiu":
        raise DataError(f"samples are {array.dtype}; they must be real numbers (float32)")
    # A double beyond float32's range becomes infinity, and is flagged like any other.
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(array, dtype=np.float32)


def _rate(arrays: Mapping[str, npt.NDArray[Any]]) -> float:
    given = arrays.get("rate_hz")
    if given is not None:
        if given.size != 1 or given.dtype.kind not in "fiu":
            raise DataError(f"rate_hz is {given.dtype}{list(given.shape)}; it must be one number, in Hz")
        return float(given.item())
    if arrays["t_ns"].size < 2:
        raise DataError("one sample alone tells no rate; give rate_hz")
    period_ns = float(np.median(np.diff(arrays["t_ns"].astype(np.int64))))
    return NS_PER_S / period_ns if period_ns > 0 else 0.0


def _spans(arrays: Mapping[str, npt.NDArray[Any]]) -> tuple[Span, ...]:
    if SPAN_KEYS[0] not in arrays:
        return ()
    starts, ends = (_whole_numbers(arrays[key], key).tolist() for key in SPAN_KEYS[:2])
    labels = [str(label) for label in arrays["span_label"]]
    if not len(starts) == len(ends) == len(labels):
        raise DataError(
            f"there are {len(starts)} span starts, {len(ends)} ends and {len(labels)} labels; one of each is needed"
        )
    return tuple(Span(*parts) for parts in zip(starts, ends, labels, strict=True))
