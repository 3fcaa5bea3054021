"""How a store lies in SQLite, and how older ones become the newest."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from edge_runtime.databases import PAGE_BYTES, Format, check_format, open_sqlite, set_up
from edge_runtime.errors import ConfigError

__all__ = ["PAGE_BYTES", "STEPS", "VERSION", "migrate", "open_database"]

APPLICATION = 0x45525354
"""``ERST``: what SQLite's header calls a store of this project."""

CHECKPOINT_PAGES = 256
BUSY_S = 5.0

STEPS = (
    """
    CREATE TABLE prediction (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, put_ns INTEGER NOT NULL, id TEXT, pipeline TEXT, t_ns INTEGER,
        start_ns INTEGER, "window" INTEGER, prediction INTEGER, class_index INTEGER, class_name TEXT, outputs TEXT,
        head TEXT, cycles INTEGER, mismatches INTEGER, latency_ms REAL, flags TEXT, more TEXT);
    CREATE INDEX prediction_number ON prediction (pipeline, prediction);
    CREATE TABLE label (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, put_ns INTEGER NOT NULL, id TEXT, pipeline TEXT, t_ns INTEGER,
        prediction INTEGER, prediction_seq INTEGER, class_index INTEGER, class_name TEXT, source TEXT, status TEXT,
        served_right INTEGER, learnt INTEGER, more TEXT);
    CREATE TABLE head (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, put_ns INTEGER NOT NULL, id TEXT, pipeline TEXT, t_ns INTEGER,
        decision TEXT, head TEXT, evidence TEXT, more TEXT);
    CREATE TABLE event (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, put_ns INTEGER NOT NULL, id TEXT, pipeline TEXT, t_ns INTEGER,
        kind TEXT, event TEXT, error TEXT, message TEXT, more TEXT);
    CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    """,
    """
    CREATE TABLE feature_names (number INTEGER PRIMARY KEY, names TEXT NOT NULL UNIQUE);
    CREATE TABLE feature (prediction_seq INTEGER PRIMARY KEY, names INTEGER NOT NULL, float32 BLOB NOT NULL);
    """,
    """
    CREATE INDEX label_prediction ON label (prediction_seq);
    """,
    """
    CREATE TABLE head_weights (
        head_seq INTEGER PRIMARY KEY, classes INTEGER NOT NULL, features INTEGER NOT NULL, float32 BLOB NOT NULL);
    """,
    """
    CREATE TABLE evaluation (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, put_ns INTEGER NOT NULL, id TEXT, pipeline TEXT, t_ns INTEGER,
        serving TEXT, label_delay_s REAL, asked INTEGER, changes INTEGER, heads TEXT, sources TEXT, more TEXT);
    """,
)
"""Each step takes a store one version further; a new file takes them all. What has been released is never changed."""

VERSION = len(STEPS)


def open_database(path: Path, *, largest_bytes: int | None = None) -> sqlite3.Connection:
    """Open a store's file, make it where it is missing, and migrate it where it is older.

    Every commit is fsynced before it returns. Several programs may have it open.

    Raises
    ------
    SinkError
        If it cannot be opened.
    StateError
        If it is damaged.
    ConfigError
        If it is no store, or was written by a later version.
    """
    return open_sqlite(path, "store", lambda database: _prepare(database, path, largest_bytes), busy_s=BUSY_S)


def migrate(database: sqlite3.Connection, *, upto: int = VERSION) -> int:
    """Take a store to a version, inside the transaction that is open, and return the one that it had."""
    (version,) = database.execute("PRAGMA user_version").fetchone()
    for step in STEPS[version:upto]:
        for statement in step.strip().rstrip(";").split(";\n"):
            database.execute(statement)
    if version < upto:
        database.execute(f"PRAGMA application_id = {APPLICATION}")
        database.execute(f"PRAGMA user_version = {upto}")
    return int(version)


def check_identity(database: sqlite3.Connection, path: Path) -> None:
    """Refuse a database that is no store, or one of a later version.

    Raises
    ------
    ConfigError
        With what it is.
    """
    check_format(database, path, Format("a store", APPLICATION, VERSION), error=ConfigError)


def _prepare(database: sqlite3.Connection, path: Path, largest_bytes: int | None) -> None:
    set_up(database, checkpoint_pages=CHECKPOINT_PAGES, largest_bytes=largest_bytes)
    database.execute("BEGIN IMMEDIATE")
    check_identity(database, path)
    migrate(database)
    database.execute("COMMIT")
