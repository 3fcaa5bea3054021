"""The online store: the latest value of each view and key in memory, and on disk what came before."""

from __future__ import annotations

import math
import sqlite3
import threading
from collections import deque
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
from edge_runtime.stream.clock import NS_PER_S

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

    def describe(self) -> dict[str, Any]:
        """Return all of it for JSON; a value that is not finite is None."""
        values = {name: value if math.isfinite(value) else None for name, value in self.as_dict().items()}
        flags = [flag.name.lower() for flag in Flags if flag in self.window.flags and flag.name]
        return {
            "view": self.view,
            "version": self.version,
            "fingerprint": self.fingerprint,
            "key": self.key,
            "start_ns": self.window.start_ns,
            "end_ns": self.window.end_ns,
            "flags": flags,
            "values": values,
        }

    def as_dict(self) -> dict[str, float]:
        """Return all outputs by name."""
        return dict(zip(self.names, map(float, self.window.values), strict=True))


class OnlineStore:
    """Takes windows as they are computed, and answers at once, from any thread.

    Windows wait in memory until `flush` writes them to the database in one transaction; what was flushed is there
    after a restart, and for other processes that open the same database. Views of one name but another fingerprint
    are kept apart; by name the newest version answers.

    Parameters
    ----------
    path
        The SQLite database with the history; None keeps the latest values only.
    most_waiting
        How many windows wait for `flush` at most; beyond that the oldest one is lost to the history.
    keep_s
        How much history stays, in seconds before a key's newest window; None: all of it.

    Attributes
    ----------
    lost
        How many windows the history lacks because they were not flushed in time.

    Raises
    ------
    StateError
        If the database cannot be opened, or is something else.
    """

    def __init__(self, path: Path | None = None, *, most_waiting: int = 65_536, keep_s: float | None = None) -> None:
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._latest: dict[tuple[str, str], StoredWindow] = {}
        self._waiting: deque[StoredWindow] = deque(maxlen=most_waiting)
        self._keep_ns = None if keep_s is None else int(keep_s * NS_PER_S)
        self.lost = 0
        self._path = path
        self._database = None if path is None else _open(path)
        if self._database is not None:
            self._restore(self._database)

    def put(self, view: FeatureView, key: str, window: FeatureWindow) -> None:
        """Take in a window of a view for a key; it never waits for the disk."""
        names = view.output_names
        stored = StoredWindow(view.name, view.version, view.fingerprint, key, names, window)
        with self._lock:
            known = self._latest.get((stored.fingerprint, key))
            if known is None or known.window.end_ns <= window.end_ns:
                self._latest[stored.fingerprint, key] = stored
            if self._database is not None:
                self.lost += len(self._waiting) == self._waiting.maxlen
                self._waiting.append(stored)

    @property
    def waiting(self) -> int:
        """How many windows have not been flushed."""
        return len(self._waiting)

    def all_latest(self) -> list[StoredWindow]:
        """Return the newest window of every view and key, by view, version and key."""
        with self._lock:
            return sorted(self._latest.values(), key=lambda one: (one.view, one.version, one.key))

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
            with self._flushing:
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
        with self._flushing:
            with self._lock:
                waiting = list(self._waiting)
            try:
                with database:
                    self._write(database, waiting)
            except sqlite3.Error as error:
                raise StateError(f"online store {self._path}: cannot be written: {error}") from error
            with self._lock:
                written = set(map(id, waiting))
                while self._waiting and id(self._waiting[0]) in written:
                    self._waiting.popleft()

    def _write(self, database: sqlite3.Connection, waiting: list[StoredWindow]) -> None:
        database.executemany("INSERT OR REPLACE INTO view VALUES (?, ?, ?, ?)", {_view_row(one) for one in waiting})
        database.executemany("INSERT OR REPLACE INTO history VALUES (?, ?, ?, ?, ?, ?, ?)", map(_history_row, waiting))
        if self._keep_ns is not None:
            newest = {(one.fingerprint, one.key): one.window.end_ns - self._keep_ns for one in waiting}
            database.executemany(
                "DELETE FROM history WHERE fingerprint = ? AND key = ? AND end_ns < ?",
                [(*whose, before) for whose, before in newest.items()],
            )

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
