"""The store's file: takes rows, keeps within its limits."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import structlog

from edge_runtime.errors import SinkError, StateError
from edge_runtime.files import set_aside
from edge_runtime.store.retention import Retention, count, retire
from edge_runtime.store.schema import open_database
from edge_runtime.store.tables import TABLES, table_of

__all__ = ["Entry", "Features", "HeadWeights", "Store"]

LARGEST_COMMIT = 256
LARGEST_COMMIT_BYTES = 512 * 1024
"""Entries in one transaction, and bytes of their features, at most: the log beside the database stays small."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Features:
    """A window's features.

    Parameters
    ----------
    names
        The view's outputs, as a JSON array.
    values
        float32[size].
    """

    names: str
    values: npt.NDArray[np.float32]


@dataclass(frozen=True)
class HeadWeights:
    """A head that has begun to serve.

    Parameters
    ----------
    weights
        float32[classes, features].
    bias
        float32[classes].
    """

    weights: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]

    @property
    def nbytes(self) -> int:
        """What it takes."""
        return self.weights.nbytes + self.bias.nbytes


@dataclass(frozen=True)
class Entry:
    """What is stored at once: a record, with its window's features or its head's weights where it has any.

    Parameters
    ----------
    record
        Of plain JSON values.
    features
        None: they are not known, or not wanted.
    head
        None: the record is not about a head that serves from now on.
    """

    record: Mapping[str, Any]
    features: Features | None = None
    head: HeadWeights | None = None

    @property
    def nbytes(self) -> int:
        """What the arrays take."""
        features = 0 if self.features is None else self.features.values.nbytes
        return features + (0 if self.head is None else self.head.nbytes)


class Store:
    """Predictions with their features, labels, heads and events in an SQLite file.

    Everything here blocks, and calls must not overlap. Several stores may write to one file, in one process or many.

    Parameters
    ----------
    path
        The file; ``-wal`` and ``-shm`` stand beside it. It is opened by the first call that needs it. A file that is
        damaged is set aside under another name, told in the log and counted; a new one begins.
    retention
        What is kept.
    clock_ns
        Nanoseconds since the Unix epoch.
    """

    def __init__(
        self, path: Path | str, *, retention: Retention | None = None, clock_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self.path = Path(path)
        self.retention = retention or Retention()
        self._clock_ns = clock_ns
        self._database: sqlite3.Connection | None = None
        self._names: dict[str, int] = {}

    def open(self) -> None:
        """Open the file now, and migrate it where it is older.

        Raises
        ------
        SinkError
            If it cannot be opened.
        ConfigError
            If it is no store, or was written by a later version.
        """
        self._opened()

    def add(self, entries: Sequence[Entry]) -> None:
        """Store entries, in order; they are on the disk when this returns.

        Raises
        ------
        SinkError
            If the disk refuses, or the file is not to be opened. Of a call with very many entries, which are committed
            in pieces, the first ones may then be stored.
        """
        database = self._opened()
        for piece in _pieces(entries):
            self._commit(database, piece)

    def counters(self) -> dict[str, int]:
        """Return how many rows were dropped, by table and reason, over all runs."""
        return dict(self._opened().execute("SELECT name, value FROM counter"))

    def close(self) -> None:
        """Close the file; closing twice does nothing."""
        if self._database is not None:
            self._database.close()
            self._database = None
            self._names.clear()

    def _opened(self) -> sqlite3.Connection:
        if self._database is None:
            largest = self.retention.largest_bytes
            try:
                self._database = open_database(self.path, largest_bytes=largest)
            except StateError as error:
                aside = set_aside(self.path, also=("-wal", "-shm"))
                log.error("store set aside", path=str(self.path), to=str(aside), error=str(error))
                self._database = open_database(self.path, largest_bytes=largest)
                count(self._database, "set_aside", 1)
        return self._database

    def _commit(self, database: sqlite3.Connection, entries: Sequence[Entry]) -> None:
        try:
            database.execute("BEGIN IMMEDIATE")
            for entry in entries:
                self._insert(database, entry, self._clock_ns())
            retire(database, self.retention, now_ns=self._clock_ns())
            database.execute("COMMIT")
        except sqlite3.Error as error:
            with suppress(sqlite3.Error):
                database.execute("ROLLBACK")
            # Numbers of names that were rolled back, or a file that is not there any more: begin anew.
            self.close()
            raise SinkError(
                f"{self.path}: records cannot be stored: {error}; free space or name another path"
            ) from error

    def _insert(self, database: sqlite3.Connection, entry: Entry, now_ns: int) -> None:
        table = table_of(entry.record)
        row = {"put_ns": now_ns, **table.row(entry.record)}
        if table is TABLES["label"]:
            row["prediction_seq"] = _labelled(database, entry.record)
        columns = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join("?" * len(row))
        # The names are the tables' own, never a record's.
        done = database.execute(f"INSERT INTO {table.name} ({columns}) VALUES ({marks})", tuple(row.values()))  # noqa: S608
        if entry.features is not None:
            self._insert_features(database, done.lastrowid, entry.features)
        if entry.head is not None and table is TABLES["head"]:
            _insert_head(database, done.lastrowid, entry.head)

    def _insert_features(self, database: sqlite3.Connection, seq: int | None, features: Features) -> None:
        number = self._names.get(features.names)
        if number is None:
            database.execute("INSERT OR IGNORE INTO feature_names (names) VALUES (?)", (features.names,))
            (number,) = database.execute(
                "SELECT number FROM feature_names WHERE names = ?", (features.names,)
            ).fetchone()
            self._names[features.names] = number
        database.execute("INSERT INTO feature VALUES (?, ?, ?)", (seq, number, features.values.astype("<f4").tobytes()))


def _pieces(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Cut entries into what one transaction takes."""
    piece: list[Entry] = []
    size = 0
    for entry in entries:
        more = entry.nbytes
        if piece and (len(piece) == LARGEST_COMMIT or size + more > LARGEST_COMMIT_BYTES):
            yield piece
            piece, size = [], 0
        piece.append(entry)
        size += more
    if piece:
        yield piece


def _insert_head(database: sqlite3.Connection, seq: int | None, head: HeadWeights) -> None:
    content = head.weights.astype("<f4").tobytes() + head.bias.astype("<f4").tobytes()
    database.execute("INSERT INTO head_weights VALUES (?, ?, ?, ?)", (seq, *head.weights.shape, content))


def _labelled(database: sqlite3.Connection, record: Mapping[str, Any]) -> int | None:
    """Return the row that a label is about: the newest prediction of its number, because numbers may begin anew."""
    row = database.execute(
        "SELECT max(seq) FROM prediction WHERE pipeline = ? AND prediction = ?",
        (record.get("pipeline"), record.get("prediction")),
    ).fetchone()
    return None if row is None else row[0]
