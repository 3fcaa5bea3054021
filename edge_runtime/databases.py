"""SQLite files that are opened with one clear error for whatever may be wrong with them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.errors import EdgeRuntimeError, SinkError, StateError

__all__ = ["PAGE_BYTES", "Format", "check_format", "open_sqlite", "set_up"]

PAGE_BYTES = 4096


@dataclass(frozen=True)
class Format:
    """What tells one kind of SQLite file of this project from others.

    Parameters
    ----------
    what
        What messages call it: ``"a store"``.
    application
        What SQLite's header has as the application's id.
    version
        The newest version of its schema.
    """

    what: str
    application: int
    version: int


def set_up(database: sqlite3.Connection, *, checkpoint_pages: int, largest_bytes: int | None = None) -> None:
    """Let every commit be fsynced before it returns, and keep the write-ahead log and the file within limits."""
    database.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute(f"PRAGMA wal_autocheckpoint = {checkpoint_pages}")
    database.execute(f"PRAGMA journal_size_limit = {checkpoint_pages * PAGE_BYTES}")
    if largest_bytes is not None:
        database.execute(f"PRAGMA max_page_count = {largest_bytes // PAGE_BYTES}")


def check_format(
    database: sqlite3.Connection, path: Path, form: Format, *, error: type[EdgeRuntimeError] = StateError
) -> int:
    """Return the version of a file's schema, 0 where it is new; refuse what is of another kind or a later version.

    Raises
    ------
    EdgeRuntimeError
        Of the class that was given, with what it is.
    """
    (version,) = database.execute("PRAGMA user_version").fetchone()
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != form.application and tables:
        raise error(f"{path}: is a database, but not {form.what}; name another path")
    if version > form.version:
        raise error(
            f"{path}: {form.what} of version {version}; this program knows {form.version}, so use the newer program"
        )
    return int(version)


def open_sqlite(
    path: Path, what: str, prepare: Callable[[sqlite3.Connection], None], *, busy_s: float
) -> sqlite3.Connection:
    """Open an SQLite file, or make it, for use from any thread and with transactions begun by hand.

    Parameters
    ----------
    path
        The file.
    what
        What messages call it: ``"outbox"``.
    prepare
        Sets it up; what it raises closes the file.
    busy_s
        Seconds to wait for another program that is writing.

    Raises
    ------
    SinkError
        If it cannot be opened.
    StateError
        If it is damaged.
    """
    try:
        database = sqlite3.connect(path, timeout=busy_s, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise SinkError(
            f"{path}: the {what} cannot be opened: {error}; its folder must exist and be writable"
        ) from error
    try:
        prepare(database)
    except sqlite3.OperationalError as error:
        database.close()
        raise SinkError(f"{path}: the {what} cannot be opened: {error}; is another program using it?") from error
    except sqlite3.DatabaseError as error:
        database.close()
        raise StateError(f"{path}: the {what} is damaged: {error}") from error
    except BaseException:
        database.close()
        raise
    return database
