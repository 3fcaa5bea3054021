"""SQLite files that are opened with one clear error for whatever may be wrong with them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from edge_runtime.errors import SinkError, StateError

__all__ = ["open_sqlite"]


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
