"""Reads a store, also while a daemon writes to it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
from typing_extensions import Self

from edge_runtime.errors import ConfigError, EdgeRuntimeError, StateError
from edge_runtime.store.schema import VERSION, check_identity
from edge_runtime.store.tables import TABLES, Table

__all__ = ["LabelledWindow", "StoreContent", "StoreReader", "StoredHead"]

BATCH = 1024
NOT_MEANT = ("unknown", "forgotten", "not a class", "too many", "distrusted")
"""Statuses of labels that say nothing of their prediction's class."""


@dataclass(frozen=True)
class StoreContent:
    """What a store holds.

    Parameters
    ----------
    version
        Of its schema.
    rows
        How many, by table.
    features
        How many predictions have their windows' features.
    weights
        How many heads have their weights.
    counters
        ``dropped_TABLE_REASON``, over all runs; the reasons are ``rows``, ``age`` and ``bytes``.
    """

    version: int
    rows: dict[str, int]
    features: int
    weights: int
    counters: dict[str, int]


@dataclass(frozen=True)
class StoredHead:
    """A head that has begun to serve.

    Parameters
    ----------
    decision
        The columns of the record that says so: ``head``, ``decision``, ``evidence`` ….
    weights
        float32[classes, features].
    bias
        float32[classes].
    """

    decision: dict[str, Any]
    weights: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]


@dataclass(frozen=True)
class LabelledWindow:
    """A window as a network is trained on it.

    Parameters
    ----------
    prediction
        The prediction's columns.
    names, values
        The features' names, and float32[size].
    label
        The class that it should have been, by name or else by index; None: nobody said.
    source
        Who said so.
    """

    prediction: dict[str, Any]
    names: tuple[str, ...]
    values: npt.NDArray[np.float32]
    label: str | None
    source: str | None


class StoreReader:
    """Reads a store without changing it and without holding up who writes; used with ``with``.

    Rows are read in batches, each at its own instant: what retention deletes while one reads is left out.

    Parameters
    ----------
    path
        The store's file.

    Raises
    ------
    ConfigError
        If there is none, it cannot be read, or it is of a later version.
    StateError
        If it is of an earlier version: opening it with `Store` migrates it.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise ConfigError(f"{path}: there is no store; give the path that the pipeline file names")
        self._database = sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True, timeout=5.0)
        try:
            self._check()
        except sqlite3.Error as error:
            self._database.close()
            raise ConfigError(f"{path}: cannot be read as a store: {error}") from error
        except EdgeRuntimeError:
            self._database.close()
            raise

    def content(self) -> StoreContent:
        """Return what there is."""
        rows = {table: int(self._one(f"SELECT count(*) FROM {table}")) for table in TABLES}  # noqa: S608 # constants
        features = int(self._one("SELECT count(*) FROM feature"))
        weights = int(self._one("SELECT count(*) FROM head_weights"))
        counters = dict(self._database.execute("SELECT name, value FROM counter"))
        return StoreContent(VERSION, rows, features, weights, counters)

    def rows(self, table: Table) -> Iterator[dict[str, Any]]:
        """Yield a table's rows in order, each as its columns by name; ``more`` is a table of the other fields."""
        for row in self._in_batches(f"SELECT * FROM {table.name} WHERE seq > ? ORDER BY seq LIMIT {BATCH}"):  # noqa: S608
            yield _read(table, row)

    def windows(self) -> Iterator[LabelledWindow]:
        """Yield the windows whose features are stored, each with the newest label that means something."""
        marks = ", ".join("?" * len(NOT_MEANT))
        label = (
            "SELECT max(seq) FROM label WHERE prediction_seq = prediction.seq "  # noqa: S608 # constants
            f"AND status NOT IN ({marks})"
        )
        query = (
            "SELECT prediction.*, feature_names.names, feature.float32, "  # noqa: S608 # constants
            "label.class_name AS meant, label.class_index AS meant_index, label.source AS said_by "
            "FROM prediction JOIN feature ON feature.prediction_seq = prediction.seq "
            "JOIN feature_names ON feature_names.number = feature.names "
            f"LEFT JOIN label ON label.seq = ({label}) "
            f"WHERE prediction.seq > ? ORDER BY prediction.seq LIMIT {BATCH}"
        )
        for row in self._in_batches(query, NOT_MEANT):
            yield _labelled(row)

    def heads(self) -> Iterator[StoredHead]:
        """Yield the heads whose weights are stored, in the order in which they began to serve."""
        query = (
            "SELECT head.*, head_weights.classes, head_weights.features, head_weights.float32 "  # noqa: S608 # constants
            "FROM head JOIN head_weights ON head_weights.head_seq = head.seq "
            f"WHERE head.seq > ? ORDER BY head.seq LIMIT {BATCH}"
        )
        for row in self._in_batches(query):
            yield _stored_head(row)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _check(self) -> None:
        self._database.row_factory = sqlite3.Row
        check_identity(self._database, self.path)
        version = self._one("PRAGMA user_version")
        if version < VERSION:
            raise StateError(
                f"{self.path}: the store has version {version}; the daemon takes it to {VERSION} when it next opens it"
            )

    def _in_batches(self, query: str, parameters: tuple[Any, ...] = ()) -> Iterator[sqlite3.Row]:
        after = -1
        while True:
            # Fetched at once, so that no read transaction outlives a batch and the writer's log can be reused.
            batch = self._fetch(query, (*parameters, after))
            yield from batch
            if len(batch) < BATCH:
                return
            after = batch[-1]["seq"]

    def _fetch(self, query: str, parameters: tuple[Any, ...]) -> list[sqlite3.Row]:
        try:
            return self._database.execute(query, parameters).fetchall()
        except sqlite3.Error as error:
            raise ConfigError(f"{self.path}: cannot be read as a store: {error}") from error

    def _one(self, query: str) -> Any:
        return self._database.execute(query).fetchone()[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _read(table: Table, row: sqlite3.Row) -> dict[str, Any]:
    values = {column.name: column.read(row[column.name]) for column in table.columns}
    more = None if row["more"] is None else json.loads(row["more"])
    return {"seq": row["seq"], "put_ns": row["put_ns"], **values, "more": more}


def _stored_head(row: sqlite3.Row) -> StoredHead:
    numbers = np.frombuffer(row["float32"], "<f4").astype(np.float32)
    size = row["classes"] * row["features"]
    weights = numbers[:size].reshape(row["classes"], row["features"])
    return StoredHead(_read(TABLES["head"], row), weights, numbers[size:])


def _labelled(row: sqlite3.Row) -> LabelledWindow:
    label = row["meant"]
    if label is None and row["meant_index"] is not None:
        label = str(row["meant_index"])
    return LabelledWindow(
        _read(TABLES["prediction"], row),
        tuple(json.loads(row["names"])),
        np.frombuffer(row["float32"], "<f4").astype(np.float32),
        label,
        row["said_by"],
    )
