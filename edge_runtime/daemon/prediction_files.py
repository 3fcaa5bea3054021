"""Predictions in files: JSON lines, Parquet or CSV, by the file's suffix."""

from __future__ import annotations

import csv
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from typing_extensions import Self

from edge_runtime.errors import ConfigError
from edge_runtime.stream.parquet_file import ParquetPart, parquet_module

__all__ = ["PredictionFile", "open_predictions"]

COLUMNS = ("recording", "window", "start_ns", "t_ns", "index", "name", "outputs", "flags", "cycles")

Row = Mapping[str, Any]


class PredictionFile(AbstractContextManager["PredictionFile"], ABC):
    """A file of predictions; it takes its name when the ``with`` block ends without an error."""

    @abstractmethod
    def write(self, rows: Sequence[Row]) -> None:
        """Write rows."""


def open_predictions(path: Path) -> PredictionFile:
    """Open a file for predictions.

    Raises
    ------
    ConfigError
        If its suffix is none of ``.jsonl``, ``.parquet`` and ``.csv``, or it cannot be written.
    ToolError
        If Parquet is wanted and pyarrow is not installed.
    """
    kinds: dict[str, Callable[[Path], PredictionFile]] = {".jsonl": _JsonLines, ".csv": _Csv, ".parquet": _Parquet}
    kind = kinds.get(path.suffix.lower())
    if kind is None:
        raise ConfigError(f"{path}: predictions are written as {', '.join(kinds)}")
    try:
        return kind(path)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror or error}); name another path") from error


class _TextFile(PredictionFile):
    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._file: IO[str] = self._part.open("w", encoding="utf-8", newline="")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if kind is None:
            self._part.rename(self._path)
        else:
            with suppress(OSError):
                self._part.unlink()


class _JsonLines(_TextFile):
    def write(self, rows: Sequence[Row]) -> None:
        self._file.writelines(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)


class _Csv(_TextFile):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._writer = csv.writer(self._file)
        self._writer.writerow(COLUMNS)

    def write(self, rows: Sequence[Row]) -> None:
        self._writer.writerows([_cell(row[name]) for name in COLUMNS] for row in rows)


class _Parquet(PredictionFile):
    def __init__(self, path: Path) -> None:
        pyarrow, _ = parquet_module()
        text, number = pyarrow.string(), pyarrow.int64()
        kinds = (
            text,
            number,
            number,
            number,
            number,
            text,
            pyarrow.list_(pyarrow.int32()),
            pyarrow.list_(text),
            number,
        )
        self._part = ParquetPart(path, pyarrow.schema(list(zip(COLUMNS, kinds, strict=True))))

    def write(self, rows: Sequence[Row]) -> None:
        self._part.write([dict(row) for row in rows])

    def __enter__(self) -> Self:
        self._part.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._part.__exit__(kind, error, trace)


def _cell(value: Any) -> Any:
    return " ".join(map(str, value)) if isinstance(value, list) else value
