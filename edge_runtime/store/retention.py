"""What a store keeps: so many rows, for so long, in so many bytes; the oldest go, and are counted."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from edge_runtime.errors import ConfigError
from edge_runtime.store.schema import PAGE_BYTES
from edge_runtime.store.tables import TABLES

__all__ = ["SMALLEST_CAP", "Retention", "count", "retire"]

SMALLEST_CAP = 8 * 2**20

LOG_BYTES = 2 * 2**20
"""What SQLite's write-ahead log may take beside the database."""

SLACK_BYTES = 2 * 2**20
"""What one transaction may add before the oldest rows go."""

AT_ONCE = 4096
"""The most rows of a table that one commit deletes for one reason, so that lowering a limit holds up nobody."""

GIVE_WAY = ("prediction", "evaluation", "event", "label", "head")
"""In which order tables give rows away when the bytes run out: each to its last row, then the next."""


@dataclass(frozen=True)
class Retention:
    """The limits.

    Parameters
    ----------
    rows
        Rows of each table; None: any number.
    age_s
        Seconds that a row is kept, by the clock of the device; None: for ever.
    cap_bytes
        Bytes of the store's files together, `SMALLEST_CAP` or more.

    Raises
    ------
    ConfigError
        If the cap is too small.
    """

    rows: int | None = None
    age_s: float | None = None
    cap_bytes: int = 256 * 2**20

    def __post_init__(self) -> None:
        if self.cap_bytes < SMALLEST_CAP:
            raise ConfigError(f"the store's cap is {self.cap_bytes:,} bytes; it must be {SMALLEST_CAP:,} or more")

    @property
    def largest_bytes(self) -> int:
        """The most that the database itself may ever take."""
        return self.cap_bytes - LOG_BYTES

    @property
    def budget_pages(self) -> int:
        """Pages in use at the end of a transaction, at most."""
        return (self.largest_bytes - SLACK_BYTES) // PAGE_BYTES


def retire(database: sqlite3.Connection, retention: Retention, *, now_ns: int) -> None:
    """Delete what is beyond the limits and count it, inside the transaction that is open."""
    for table in TABLES:
        if retention.rows is not None:
            _keep_newest(database, table, retention.rows)
        if retention.age_s is not None:
            _keep_since(database, table, now_ns - round(retention.age_s * 1e9))
    _keep_within(database, retention.budget_pages)


def count(database: sqlite3.Connection, name: str, number: int) -> None:
    """Add to a counter that outlives every program."""
    if number:
        database.execute(
            "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
            (name, number),
        )


def _keep_newest(database: sqlite3.Connection, table: str, rows: int) -> None:
    # Rows go from the oldest on and numbers are never used twice, so the numbers count the rows.
    (newest,) = database.execute(f"SELECT max(seq) FROM {table}").fetchone()  # noqa: S608 # a constant's name
    if newest is not None:
        _drop_until(database, table, newest - rows, "rows")


def _keep_since(database: sqlite3.Connection, table: str, since_ns: int) -> None:
    oldest = f"SELECT put_ns FROM {table} ORDER BY seq LIMIT 1"  # noqa: S608 # a constant's name
    row = database.execute(oldest).fetchone()
    if row is None or row[0] >= since_ns:
        return
    young = f"SELECT seq - 1 FROM {table} WHERE put_ns >= ? ORDER BY seq LIMIT 1"  # noqa: S608
    whole = f"SELECT max(seq) FROM {table}"  # noqa: S608
    (until,) = database.execute(young, (since_ns,)).fetchone() or database.execute(whole).fetchone()
    _drop_until(database, table, until, "age")


def _keep_within(database: sqlite3.Connection, budget_pages: int) -> None:
    for table in GIVE_WAY:
        while (used := _used_pages(database)) > budget_pages:
            bounds = f"SELECT min(seq), max(seq) FROM {table}"  # noqa: S608 # a constant's name
            oldest, newest = database.execute(bounds).fetchone()
            if oldest is None:
                break
            share = (used - budget_pages) / used
            _drop_until(database, table, oldest + round(share * (newest - oldest)), "bytes")


def _used_pages(database: sqlite3.Connection) -> int:
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    (free,) = database.execute("PRAGMA freelist_count").fetchone()
    return int(pages - free)


def _drop_until(database: sqlite3.Connection, table: str, last: int, reason: str) -> None:
    (oldest,) = database.execute(f"SELECT min(seq) FROM {table}").fetchone()  # noqa: S608
    if oldest is None or oldest > last:
        return
    last = min(last, oldest + AT_ONCE)
    done = database.execute(f"DELETE FROM {table} WHERE seq <= ?", (last,)).rowcount  # noqa: S608
    count(database, f"dropped_{table}_{reason}", done)
    if table == "prediction":
        database.execute("DELETE FROM feature WHERE prediction_seq <= ?", (last,))
    if table == "head":
        database.execute("DELETE FROM head_weights WHERE head_seq <= ?", (last,))
