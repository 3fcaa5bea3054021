"""Reference data: slow features out of tables, joined by a key as of a window's time."""

from __future__ import annotations

import csv
import sqlite3
import time
from bisect import bisect_right
from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
import structlog
from pydantic import AfterValidator, Field

from edge_runtime.config import NearbyPath, Table
from edge_runtime.errors import ConfigError
from edge_runtime.stream.clock import NS_PER_S
from edge_runtime.units import Duration

__all__ = ["ReferenceData", "ReferenceTable"]

log = structlog.get_logger(__name__)

TIME = "t_ns"
CHECK_EVERY_S = 1.0


def _is_plain(name: str) -> str:
    if not name.isidentifier():
        raise ValueError(f"{name!r} should be a plain name: letters, digits and '_'")
    return name


PlainName = Annotated[str, AfterValidator(_is_plain)]


class ReferenceTable(Table):
    """A table that a view takes columns from.

    Parameters
    ----------
    file
        A CSV file, or an SQLite database.
    table
        Which of a database's tables.
    key
        Which rows: the value of each key column, for example ``{asset = "pump-7", sensor = "drive"}``.
    columns
        The columns that are taken, numbers all.
    ttl
        How long a row holds; older ones count as missing. Without it they hold until the next.

    A column ``t_ns`` says from when on a row is true, in nanoseconds since the epoch; a table without it is always
    true.
    """

    file: NearbyPath = Field(description="a .csv file, or an SQLite database")
    table: PlainName = "reference"
    key: dict[PlainName, str]
    columns: tuple[PlainName, ...] = Field(min_length=1)
    ttl: Duration | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """What the outputs are called."""
        return tuple(f"reference.{column}" for column in self.columns)

    @property
    def meaning(self) -> dict[str, object]:
        """What a fingerprint covers: all but where the file lies."""
        return {**self.model_dump(mode="json"), "file": self.file.name}


class ReferenceData:
    """The rows of one key, loaded, and loaded again when the file has changed.

    A file that cannot be read any more leaves the rows as they are, and is counted.

    Parameters
    ----------
    declared
        The table.

    Attributes
    ----------
    reloads, failures
        How often the file was read anew, and how often that failed.
    missing
        How many lookups found nothing that holds.

    Raises
    ------
    ConfigError
        If the file cannot be read, or lacks a column.
    """

    def __init__(self, declared: ReferenceTable) -> None:
        self.reloads = self.failures = self.missing = 0
        self._declared = declared
        self._checked_at = time.monotonic()
        self._stamp = self._file_stamp()
        self._times, self._values = _load(declared)

    def as_of(self, t_ns: int) -> list[float]:
        """Return the values that hold at a time; NaN where none does."""
        self._reload_if_changed()
        at = bisect_right(self._times, t_ns) - 1
        ttl = self._declared.ttl
        if at < 0 or (ttl is not None and t_ns - self._times[at] > ttl * NS_PER_S):
            self.missing += 1
            return [float("nan")] * len(self._declared.columns)
        return self._values[at]

    def _reload_if_changed(self) -> None:
        now = time.monotonic()
        if now - self._checked_at < CHECK_EVERY_S:
            return
        self._checked_at = now
        stamp = self._file_stamp()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._times, self._values = _load(self._declared)
            self.reloads += 1
        except ConfigError as error:
            self.failures += 1
            log.warning("reference data kept as they were", error=str(error))

    def _file_stamp(self) -> tuple[int, int]:
        try:
            found = self._declared.file.stat()
        except OSError:
            return (0, 0)
        return (found.st_mtime_ns, found.st_size)


def _load(declared: ReferenceTable) -> tuple[list[int], list[list[float]]]:
    rows = _csv_rows(declared) if declared.file.suffix.lower() == ".csv" else _sqlite_rows(declared)
    try:
        # Of rows with the same time the later one holds.
        dated = sorted(((int(row[0]), [_number(value) for value in row[1:]]) for row in rows), key=lambda row: row[0])
    except (TypeError, ValueError) as error:
        raise ConfigError(f"reference data {declared.file}: {error}") from error
    return [row[0] for row in dated], [row[1] for row in dated]


def _csv_rows(declared: ReferenceTable) -> list[list[Any]]:
    try:
        with declared.file.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            _check_columns(declared, reader.fieldnames or [])
            return [
                [row.get(TIME) or -(2**62), *(row[column] for column in declared.columns)]
                for row in reader
                if all(row[name] == value for name, value in declared.key.items())
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"reference data {declared.file}: cannot be read: {error}") from error


def _sqlite_rows(declared: ReferenceTable) -> list[list[Any]]:
    try:
        with sqlite3.connect(f"file:{declared.file}?mode=ro", uri=True) as database:
            # Names are identifiers (checked), values are bound.
            there = [row[1] for row in database.execute(f"PRAGMA table_info({declared.table})")]
            _check_columns(declared, there)
            when = TIME if TIME in there else str(-(2**62))
            query = f"SELECT {', '.join([when, *declared.columns])} FROM {declared.table}"  # noqa: S608
            if declared.key:
                query += " WHERE " + " AND ".join(f"{name} = ?" for name in declared.key)
            return [list(row) for row in database.execute(query, tuple(declared.key.values()))]
    except sqlite3.Error as error:
        raise ConfigError(f"reference data {declared.file}: cannot be read: {error}") from error


def _check_columns(declared: ReferenceTable, names: Sequence[str]) -> None:
    missing = [name for name in (*declared.key, *declared.columns) if name not in names]
    if missing:
        has = ", ".join(names) or "none"
        raise ConfigError(f"reference data {declared.file}: no column {', '.join(missing)}; it has {has}")


def _number(value: object) -> float:
    if value is None or value == "":
        return float("nan")
    if not isinstance(value, (int, float, str)):
        raise TypeError(f"{value!r} is no number")
    return float(np.float32(float(value)))
