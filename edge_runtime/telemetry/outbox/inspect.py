"""Looks into an outbox, also while a daemon uses it."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_runtime.errors import ConfigError
from edge_runtime.telemetry.outbox.schema import read_counters

__all__ = ["OutboxContent", "inspect_outbox"]


@dataclass(frozen=True)
class OutboxContent:
    """What an outbox holds.

    Parameters
    ----------
    depth
        Records that wait on the disk.
    oldest_put_ns
        When the one that waits longest was put, nanoseconds since the Unix epoch; None: the outbox is empty.
    by_priority
        How many wait, by priority.
    counters
        ``stored``, ``acknowledged`` and ``dropped_P`` for each priority P, over all runs.
    records
        The next ones to be sent.
    """

    depth: int
    oldest_put_ns: int | None
    by_priority: dict[int, int]
    counters: dict[str, int]
    records: list[dict[str, Any]]


def inspect_outbox(path: Path, *, limit: int = 10) -> OutboxContent:
    """Read an outbox without changing it; the daemon that uses it is not held up.

    Parameters
    ----------
    path
        The outbox's file.
    limit
        How many of the next records to return.

    Raises
    ------
    ConfigError
        If there is no outbox.
    """
    if not path.is_file():
        raise ConfigError(f"{path}: there is no outbox; give the path that the pipeline file names")
    try:
        database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5.0)
        try:
            return _read(database, limit)
        finally:
            database.close()
    except sqlite3.Error as error:
        raise ConfigError(f"{path}: cannot be read as an outbox: {error}") from error


def _read(database: sqlite3.Connection, limit: int) -> OutboxContent:
    by_priority = dict(
        database.execute("SELECT priority, count(*) FROM record GROUP BY priority ORDER BY priority DESC")
    )
    (oldest,) = database.execute("SELECT min(put_ns) FROM record").fetchone()
    counters = read_counters(database)
    rows = database.execute("SELECT body FROM record ORDER BY priority DESC, seq LIMIT ?", (limit,))
    records = [json.loads(body) for (body,) in rows]
    return OutboxContent(sum(by_priority.values()), oldest, by_priority, counters, records)
