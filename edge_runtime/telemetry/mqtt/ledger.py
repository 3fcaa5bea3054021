"""Which commands were carried out already, so that one that is delivered twice is carried out once."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

from edge_runtime.databases import open_sqlite
from edge_runtime.errors import LinkError

__all__ = ["INTERRUPTED", "Ledger"]

KEPT = 1024
BUSY_S = 5.0

INTERRUPTED = {"error": "the device stopped while it carried this command out; look at its state, and send a new one"}
"""The answer to a command that was begun and not ended: whether it took effect, nobody can say."""

_TABLE = """CREATE TABLE IF NOT EXISTS command (
    number INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL UNIQUE, began_ns INTEGER NOT NULL, answer TEXT)"""


class Ledger:
    """Remembers the newest commands with their answers, over restarts; each call is on the disk when it returns.

    A command is written down before it is carried out, and its answer after. So it is carried out once at most,
    whenever the device is killed.

    Parameters
    ----------
    path
        An SQLite file; made where it is missing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database: sqlite3.Connection | None = None

    def begin(self, key: bytes) -> dict[str, Any] | None:
        """Write a command down; return its answer where it is known already, and None where it must be carried out.

        Raises
        ------
        EdgeRuntimeError
            If it cannot be written down; it must not be carried out then.
        """
        row = self._execute("SELECT answer FROM command WHERE key = ?", key).fetchone()
        if row is not None:
            answer: dict[str, Any] = INTERRUPTED if row[0] is None else json.loads(row[0])
            return answer
        self._execute("INSERT INTO command (key, began_ns) VALUES (?, ?)", key, time.time_ns())
        self._execute("DELETE FROM command WHERE number <= (SELECT max(number) FROM command) - ?", KEPT)
        return None

    def end(self, key: bytes, answer: dict[str, Any]) -> None:
        """Write a command's answer down."""
        self._execute("UPDATE command SET answer = ? WHERE key = ?", json.dumps(answer), key)

    def forget(self, key: bytes) -> None:
        """Forget a command; does nothing where it is not known."""
        self._execute("DELETE FROM command WHERE key = ?", key)

    def close(self) -> None:
        """Close the file; closing twice does nothing."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def _opened(self) -> sqlite3.Connection:
        if self._database is None:
            self._database = open_sqlite(self._path, "list of commands", _prepare, busy_s=BUSY_S)
        return self._database

    def _execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        try:
            return self._opened().execute(statement, values)
        except sqlite3.Error as error:
            raise LinkError(f"{self._path}: a command cannot be written down: {error}") from error


def _prepare(database: sqlite3.Connection) -> None:
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute(_TABLE)
