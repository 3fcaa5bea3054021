"""The online store: the latest value of each view and key in memory, and on disk what came before."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import ConfigError, StateError
from edge_runtime.features.compute import FeatureWindow
from edge_runtime.features.view import FeatureView
from edge_runtime.stream.block import Flags

__all__ = ["OnlineStore", "StoredWindow"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS view (fingerprint TEXT PRIMARY KEY, name TEXT, version INTEGER, outputs TEXT);
CREATE TABLE IF NOT EXISTS history (
    fingerprint TEXT, key TEXT, end_ns INTEGER, start_ns INTEGER, position INTEGER, flags INTEGER, sample BLOB,
    PRIMARY KEY (fingerprint, key, end_ns)
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class StoredWindow:
    """A window's features, and whose they are.

    Parameters
    ----------
    view, version, fingerprint
        The view.
    key
        What it was computed of: an asset, a sensor.
    names
        The outputs' names.
    window
        The values with their times and flags.
    """

    view: str
    version: int
    fingerprint: str
    key: str
    names: tuple[str, ...]
    window: FeatureWindow

    def value(self, name: str) -> float:
        """Return one output.

        Raises
        ------
        ConfigError
            If the view has no such output.
        """
        if name not in self.names:
            raise ConfigError(f"view {self.view} has no output {name}; it has {', '.join(self.names)}")
        return float(self.window.values[self.names.index(name)])

    def as_dict(self) -> dict[str, float]:
        """Return all outputs by name."""
        return dict(zip(self.names, map(float, self.window.values), strict=True))


class OnlineStore:
    """Takes windows as they are computed, and answers at once, from any thread.

    Windows wait in memory until `flush` writes them to the database in one transaction; what was flushed is there
    after a restart. Views of one name but another fingerprint are kept apart; by name the newest version answers.

    Parameters
    ----------
    path
        The SQLite database with the history; None keeps the latest values only.
    waiting
        How many windows wait for `flush` at most; more flush by themselves.

    Raises
    ------
    StateError
        If the database cannot be opened, or is something else.
    """

    def __init__(self, path: Path | None = None, *, waiting: int = 1024) -> None:
        self._lock = threading.Lock()
        self._latest: dict[tuple[str, str], StoredWindow] = {}
        self._waiting: list[StoredWindow] = []
        self._most_waiting = waiting
        self._path = path
        self._database = None if path is None else _open(path)
        if self._database is not None:
            self._restore(self._database)

    def put(self, view: FeatureView, key: str, window: FeatureWindow) -> None:
        """Take in a window of a view for a key.

        Raises
        ------
        StateError
            If it flushes, and the database cannot be written.
        """
        names = view.output_names
        stored = StoredWindow(view.name, view.version, view.fingerprint, key, names, window)
        with self._lock:
            known = self._latest.get((stored.fingerprint, key))
            if known is None or known.window.end_ns <= window.end_ns:
                self._latest[stored.fingerprint, key] = stored
            if self._database is not None:
                self._waiting.append(stored)
        if len(self._waiting) >= self._most_waiting:
            self.flush()

    def latest(self, view: str, key: str) -> StoredWindow | None:
        """Return the newest window of a view, by its name or its fingerprint, for a key."""
        with self._lock:
            found = [one for one in self._latest.values() if one.key == key and view in (one.view, one.fingerprint)]
        return max(found, key=lambda one: (one.version, one.window.end_ns), default=None)

    def keys(self, view: str) -> list[str]:
        """Return the keys that a view has values for."""
        with self._lock:
            return sorted({one.key for one in self._latest.values() if view in (one.view, one.fingerprint)})

    def history(self, view: FeatureView, key: str) -> list[FeatureWindow]:
        """Return all windows of a view for a key, oldest first.

        Raises
        ------
        StateError
            If there is no database, or it cannot be read.
        """
        self.flush()
        database = self._database
        if database is None:
            raise StateError("this online store keeps no history; give it a path")
        query = "SELECT position, start_ns, end_ns, sample, flags FROM history WHERE fingerprint = ? AND key = ?"
        try:
            with self._lock:
                rows = database.execute(f"{query} ORDER BY end_ns", (view.fingerprint, key)).fetchall()
        except sqlite3.Error as error:
            raise StateError(f"online store {self._path}: cannot be read: {error}") from error
        return [_window(row) for row in rows]

    def flush(self) -> None:
        """Write what waits, and the views that it is of.

        Raises
        ------
        StateError
            If the database cannot be written; what waits stays, and is written next time.
        """
        database = self._database
        if database is None:
            return
        with self._lock:
            waiting = list(self._waiting)
            try:
                with database:
                    database.executemany(
                        "INSERT OR REPLACE INTO view VALUES (?, ?, ?, ?)", {_view_row(o) for o in waiting}
                    )
                    database.executemany(
                        "INSERT OR REPLACE INTO history VALUES (?, ?, ?, ?, ?, ?, ?)", map(_history_row, waiting)
                    )
            except sqlite3.Error as error:
                raise StateError(f"online store {self._path}: cannot be written: {error}") from error
            del self._waiting[: len(waiting)]

    def close(self) -> None:
        """Flush, and close the database; closing twice does nothing."""
        self.flush()
        database, self._database = self._database, None
        if database is not None:
            database.close()

    def _restore(self, database: sqlite3.Connection) -> None:
        query = (
            "SELECT position, start_ns, MAX(end_ns), sample, flags, key, view.fingerprint, name, version, outputs "
            "FROM history JOIN view USING (fingerprint) GROUP BY fingerprint, key"
        )
        for *row, key, fingerprint, name, version, outputs in database.execute(query):
            stored = StoredWindow(name, version, fingerprint, key, tuple(outputs.split("\n")), _window(row))
            self._latest[fingerprint, key] = stored


def _open(path: Path) -> sqlite3.Connection:
    try:
        database = sqlite3.connect(path, check_same_thread=False)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.executescript(SCHEMA)
    except sqlite3.Error as error:
        raise StateError(f"online store {path}: cannot be opened: {error}") from error
    return database


def _view_row(stored: StoredWindow) -> tuple[str, str, int, str]:
    return stored.fingerprint, stored.view, stored.version, "\n".join(stored.names)


def _history_row(stored: StoredWindow) -> tuple[object, ...]:
    window = stored.window
    sample = window.values.astype("<f4").tobytes()
    return (
        stored.fingerprint,
        stored.key,
        window.end_ns,
        window.start_ns,
        window.index,
        int(window.flags),
        sample,
    )


def _window(row: Sequence[Any]) -> FeatureWindow:
    index, start_ns, end_ns, sample, flags = row
    values: npt.NDArray[np.float32] = np.frombuffer(sample, "<f4").astype(np.float32)
    values.flags.writeable = False
    return FeatureWindow(index, start_ns, end_ns, values, Flags(flags))
