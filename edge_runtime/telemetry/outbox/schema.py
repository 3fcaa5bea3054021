"""How an outbox lies in SQLite."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from edge_runtime.databases import PAGE_BYTES, Format, check_format, open_sqlite, set_up

__all__ = ["PAGE_BYTES", "VERSION", "open_database", "read_counters"]

VERSION = 1
APPLICATION = 0x45524F42
"""``EROB``: what SQLite's header calls an outbox of this project."""

CHECKPOINT_PAGES = 128

SCHEMA = """
CREATE TABLE record (seq INTEGER PRIMARY KEY, priority INTEGER NOT NULL, put_ns INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX by_priority ON record (priority, seq);
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""


def open_database(path: Path, *, largest_bytes: int) -> sqlite3.Connection:
    """Open an outbox's file, or make it; every commit is fsynced before it returns.

    Raises
    ------
    SinkError
        If it cannot be opened.
    StateError
        If it is no outbox, is damaged, or was written by a later version.
    """
    return open_sqlite(path, "outbox", lambda database: _prepare(database, path, largest_bytes), busy_s=1.0)


def read_counters(database: sqlite3.Connection) -> dict[str, int]:
    """Return the counters that outlive the daemon, by name."""
    return dict(database.execute("SELECT name, value FROM counter"))


def _prepare(database: sqlite3.Connection, path: Path, largest_bytes: int) -> None:
    set_up(database, checkpoint_pages=CHECKPOINT_PAGES, largest_bytes=largest_bytes)
    database.execute("BEGIN IMMEDIATE")
    if check_format(database, path, Format("an outbox", APPLICATION, VERSION)) == 0:
        for statement in SCHEMA.strip().split(";\n"):
            database.execute(statement)
        database.execute(f"PRAGMA application_id = {APPLICATION}")
        database.execute(f"PRAGMA user_version = {VERSION}")
    database.execute("COMMIT")
