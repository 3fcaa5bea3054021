"""Reader of the ``.ts`` text format of time series classification.

Header lines start with ``@``, comments with ``#``. After ``@data`` each line is one case: its channels separated by
colons, each channel's values by commas, the class label last; ``?`` is a missing value. The format is
described at the site of the archive that uses it, timeseriesclassification.com. Read here are the files whose cases
are labelled and of equal length, without time stamps.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import DataError, ToolError

__all__ = ["TsCases", "aeon_data_file", "read_ts"]


@dataclass(frozen=True)
class TsCases:
    """Labelled cases of equal length.

    Parameters
    ----------
    cases
        float32[cases, n, channels]; NaN where a value is missing.
    labels
        The class of each case.
    class_names
        All classes, in the file's order.
    """

    cases: npt.NDArray[np.float32]
    labels: tuple[str, ...]
    class_names: tuple[str, ...]


def aeon_data_file(problem: str, split: str) -> Path:
    """Find a data set that the `aeon` package ships, without importing the package.

    Parameters
    ----------
    problem
        The data set's name: ``"BasicMotions"``.
    split
        ``"TRAIN"`` or ``"TEST"``.

    Raises
    ------
    ToolError
        If the package is not installed.
    DataError
        If it has no such data set.
    """
    spec = importlib.util.find_spec("aeon")
    if spec is None or not spec.submodule_search_locations:
        raise ToolError("the package aeon is missing; its data files are enough: pip install --no-deps aeon")
    folder = Path(spec.submodule_search_locations[0]) / "datasets" / "data"
    path = folder / problem / f"{problem}_{split}.ts"
    if not path.is_file():
        there = ", ".join(sorted(entry.name for entry in folder.glob("*") if entry.is_dir()))
        raise DataError(f"aeon has no {problem}_{split}.ts; it ships {there or 'nothing'}, as TRAIN and TEST")
    return path


def read_ts(path: Path | str) -> TsCases:
    """Read a ``.ts`` file.

    Raises
    ------
    DataError
        If the file cannot be read, or a line is not what the format and the header say; the message names
        the line.
    """
    reader = _Reader(str(path))
    for number, line in _lines(Path(path)):
        reader.take(number, line)
    return reader.finish()


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines that say something, stripped, with their numbers from 1."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text at byte {error.start}; a .ts file is text") from error
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            yield number, stripped


class _Reader:
    """Takes one line after another and remembers what the header promised."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._header: dict[str, str] = {}
        self._class_names: tuple[str, ...] | None = None
        self._shape: tuple[int, int] | None = None
        self._cases: list[npt.NDArray[np.float32]] = []
        self._labels: list[str] = []

    def take(self, number: int, line: str) -> None:
        if self._class_names is not None:
            self._take_case(number, line)
        elif line.lower() == "@data":
            self._class_names = _class_names(self._header, f"{self._where}, line {number}")
        elif line.startswith("@"):
            key, _, value = line[1:].partition(" ")
            self._header[key.lower()] = value.strip()
        else:
            raise DataError(f"{self._where}, line {number}: data before @data; the header's lines start with @")

    def finish(self) -> TsCases:
        if self._class_names is None:
            raise DataError(f"{self._where}: no @data line; the file is cut short, or is no .ts file")
        if not self._cases:
            raise DataError(f"{self._where}: no case after @data; the file is cut short")
        return TsCases(np.stack(self._cases), tuple(self._labels), self._class_names)

    def _take_case(self, number: int, line: str) -> None:
        where = f"{self._where}, line {number}"
        *channels, label = line.split(":")
        if label not in (self._class_names or ()):
            raise DataError(f"{where}: the class {label!r} is not one of {', '.join(self._class_names or ())}")
        rows = [_values(text, f"{where}, channel {index}") for index, text in enumerate(channels)]
        self._check_shape([len(row) for row in rows], where)
        self._cases.append(np.stack(rows, axis=1))
        self._labels.append(label)

    def _check_shape(self, lengths: list[int], where: str) -> None:
        if self._shape is None:
            self._shape = _promised_shape(self._header, lengths, where)
        channels, length = self._shape
        if len(lengths) != channels:
            raise DataError(f"{where}: {len(lengths)} channels; there must be {channels}")
        wrong = [n for n in lengths if n != length]
        if wrong:
            raise DataError(f"{where}: a channel of {wrong[0]} values; there must be {length}")


def _class_names(header: Mapping[str, str], where: str) -> tuple[str, ...]:
    """Check what the header says, and return its classes."""
    if header.get("timestamps", "false").lower() != "false":
        raise DataError(f"{where}: @timeStamps is true; only files without time stamps can be read")
    if header.get("equallength", "true").lower() != "true":
        raise DataError(f"{where}: @equalLength is false; only cases of equal length can be read")
    has_labels, *names = header.get("classlabel", "").split() or [""]
    if has_labels.lower() != "true" or not names:
        raise DataError(f"{where}: no '@classLabel true CLASS …' in the header; only labelled cases can be read")
    return tuple(names)


def _promised_shape(header: Mapping[str, str], lengths: list[int], where: str) -> tuple[int, int]:
    """Return (channels, length): the header's word, or else the first case's."""
    shape = []
    for key, first in (("dimensions", len(lengths)), ("serieslength", lengths[0] if lengths else 0)):
        text = header.get(key, str(first))
        if not text.isdecimal() or int(text) < 1:
            raise DataError(f"{where}: the header's @{key} is {text!r}; it must be a number, 1 or more")
        shape.append(int(text))
    return shape[0], shape[1]


def _values(text: str, where: str) -> npt.NDArray[np.float32]:
    try:
        values = [np.nan if part.strip() == "?" else float(part) for part in text.split(",")]
    except ValueError as error:
        raise DataError(f"{where}: {error}; values are numbers, or ? for a missing one") from error
    # A number beyond float32's range becomes infinity, and is flagged like any other.
    with np.errstate(over="ignore"):
        return np.array(values, dtype=np.float32)
