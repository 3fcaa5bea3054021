"""Records in an SQLite file with a hard cap: what is committed is on the disk, the rest is dropped by policy."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import structlog

from edge_runtime.errors import ConfigError, SinkError, StateError
from edge_runtime.files import set_aside
from edge_runtime.telemetry.outbox.schema import PAGE_BYTES, open_database, read_counters

__all__ = ["LARGEST_COMMIT", "SMALLEST_CAP", "Committed", "Item", "OutboxFullError", "Spool", "WhenFull"]

WhenFull = Literal["oldest", "newest", "block"]

LARGEST_COMMIT = 128 * 1024
"""Bytes of records in one transaction at most; a larger group is committed in pieces."""

SMALLEST_CAP = 4 * 1024 * 1024

WAL_BYTES = 700_000
"""What the log may have when a commit begins; a commit adds less than as much again."""

SLACK_BYTES = 512 * 1024
"""What the database may grow beyond its budget inside a transaction, before records are dropped."""

log = structlog.get_logger(__name__)


class OutboxFullError(SinkError):
    """There is no room, and the policy says that whoever puts has to wait."""


@dataclass(eq=False)
class Item:
    """A record in the outbox.

    Parameters
    ----------
    seq
        Its place in the order of puts; unique in this outbox for ever.
    priority
        The higher, the earlier it is sent and the later it is dropped.
    put_ns
        When it was put, nanoseconds since the Unix epoch.
    body
        The record as JSON, UTF-8.
    """

    seq: int
    priority: int
    put_ns: int
    body: bytes


@dataclass
class Committed:
    """What a commit did beside storing: the numbers of the items that the policy dropped."""

    dropped: set[int] = field(default_factory=set)


class Spool:
    """The outbox's file. Everything here blocks, and calls must not overlap.

    The cap holds for all of the outbox's files together, at every instant. When it is reached, ``"oldest"`` and
    ``"newest"`` drop records of the lowest priority first, and among those the oldest or the newest; ``"block"`` takes
    nothing more until records have left.

    Parameters
    ----------
    path
        The file; ``-wal`` and ``-shm`` stand beside it. It is opened by the first call that needs it.
    cap_bytes
        The most that it may take on the disk.
    when_full
        What gives way.

    Raises
    ------
    ConfigError
        If the cap is smaller than `SMALLEST_CAP`.
    """

    def __init__(self, path: Path | str, *, cap_bytes: int = 64 * 1024 * 1024, when_full: WhenFull = "oldest") -> None:
        if cap_bytes < SMALLEST_CAP:
            raise ConfigError(f"{path}: the outbox's cap is {cap_bytes:,} bytes; it must be {SMALLEST_CAP:,} or more")
        self.path = Path(path)
        self.when_full = when_full
        self.depth = 0
        self.counters: Counter[str] = Counter()
        self._budget = cap_bytes - 2 * WAL_BYTES - SLACK_BYTES
        self._largest = cap_bytes - 2 * WAL_BYTES
        self._database: sqlite3.Connection | None = None

    def open(self) -> int:
        """Open the file, and return the first free sequence number.

        A file that is damaged is set aside under another name, told in the log and counted; a new one begins.

        Raises
        ------
        SinkError
            If it cannot be opened.
        """
        try:
            database = open_database(self.path, largest_bytes=self._largest)
        except StateError as error:
            self._set_aside(error)
            database = open_database(self.path, largest_bytes=self._largest)
            database.execute("INSERT OR REPLACE INTO counter VALUES ('set_aside', 1)")
        self._database = database
        self.counters = Counter(read_counters(database))
        self.depth, highest = database.execute("SELECT count(*), max(seq) FROM record").fetchone()
        # Numbers are never used twice: what has left may still be on its way.
        return int(max(highest or 0, self.counters["highest_seq"])) + 1

    def commit(
        self, items: Sequence[Item], *, acknowledged: Collection[int] = (), protected: Collection[int] = ()
    ) -> Committed:
        """Store items and forget acknowledged ones, on the disk when this returns.

        Parameters
        ----------
        items
            New ones, in order; at most `LARGEST_COMMIT` bytes in all, unless it is a single one.
        acknowledged
            Sequence numbers of items that need not be kept any longer.
        protected
            Sequence numbers that are not dropped, because they are on their way.

        Raises
        ------
        OutboxFullError
            If the policy is ``"block"`` and there is no room; the acknowledged ones are forgotten all the same.
        SinkError
            If the disk refuses; nothing of this call was done.
        """
        database = self._opened()
        self._bound_the_log(database)
        before, depth = self.counters.copy(), self.depth
        try:
            database.execute("BEGIN IMMEDIATE")
            outcome = self._apply(database, items, acknowledged, protected)
            database.execute("COMMIT")
        except (sqlite3.Error, OutboxFullError) as error:
            with suppress(sqlite3.Error):
                database.execute("ROLLBACK")
            self.counters, self.depth = before, depth
            if isinstance(error, OutboxFullError):
                self._forget(acknowledged)
                raise
            raise SinkError(
                f"{self.path}: records cannot be stored: {error}; free space or name another path"
            ) from error
        return outcome

    def read(self, limit: int) -> list[Item]:
        """Return the items that are to be sent first: by priority, then in order."""
        rows = self._opened().execute(
            "SELECT seq, priority, put_ns, body FROM record ORDER BY priority DESC, seq LIMIT ?", (limit,)
        )
        return [Item(*row) for row in rows]

    def close(self) -> None:
        """Close the file; closing twice does nothing."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def used_bytes(self) -> int:
        """Return how many bytes the outbox's files have."""
        files = [self.path, *(self.path.with_name(self.path.name + end) for end in ("-wal", "-shm"))]
        return sum(file.stat().st_size for file in files if file.exists())

    def _opened(self) -> sqlite3.Connection:
        if self._database is None:
            raise SinkError(f"{self.path}: the outbox is closed; open it again")
        return self._database

    def _apply(
        self,
        database: sqlite3.Connection,
        items: Sequence[Item],
        acknowledged: Collection[int],
        protected: Collection[int],
    ) -> Committed:
        self._delete(database, acknowledged)
        self.counters["acknowledged"] += len(acknowledged)
        database.executemany(
            "INSERT INTO record VALUES (?, ?, ?, ?)",
            [(item.seq, item.priority, item.put_ns, item.body) for item in items],
        )
        self.depth += len(items)
        self.counters["stored"] += len(items)
        if items:
            self.counters["highest_seq"] = max(self.counters["highest_seq"], items[-1].seq)
        outcome = Committed()
        while (excess := self._excess_pages(database)) > 0:
            if self.when_full == "block":
                raise OutboxFullError(f"{self.path}: the outbox is full; it takes records again when some have left")
            if not self._drop(database, excess, protected, outcome):
                break
        database.executemany("INSERT OR REPLACE INTO counter VALUES (?, ?)", self.counters.items())
        return outcome

    def _drop(self, database: sqlite3.Connection, pages: int, protected: Collection[int], outcome: Committed) -> bool:
        """Drop about as many records as the pages hold, and say whether any was left to drop."""
        order = "ASC" if self.when_full == "oldest" else "DESC"
        wanted, victims = pages * PAGE_BYTES, []
        for seq, priority, size in database.execute(
            f"SELECT seq, priority, length(body) FROM record ORDER BY priority, seq {order}"  # noqa: S608 # two constants
        ):
            if seq in protected:
                continue
            victims.append(seq)
            self.counters[f"dropped_{priority}"] += 1
            wanted -= size
            if wanted <= 0:
                break
        self._delete(database, victims)
        outcome.dropped.update(victims)
        return bool(victims)

    def _forget(self, acknowledged: Collection[int]) -> None:
        if acknowledged:
            self.commit((), acknowledged=acknowledged)

    def _delete(self, database: sqlite3.Connection, numbers: Collection[int]) -> None:
        if numbers:
            self.depth -= database.executemany(
                "DELETE FROM record WHERE seq = ?", [(number,) for number in numbers]
            ).rowcount

    def _excess_pages(self, database: sqlite3.Connection) -> int:
        (pages,) = database.execute("PRAGMA page_count").fetchone()
        (free,) = database.execute("PRAGMA freelist_count").fetchone()
        return int(pages - free - self._budget // PAGE_BYTES)

    def _bound_the_log(self, database: sqlite3.Connection) -> None:
        """Keep the log within its bytes; a reader that stays in it for long would let it grow without end."""
        wal = self.path.with_name(self.path.name + "-wal")
        if not wal.exists() or wal.stat().st_size <= WAL_BYTES:
            return
        busy, _, _ = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise SinkError(f"{self.path}: another program has been reading the outbox for too long; end it")

    def _set_aside(self, error: StateError) -> None:
        aside = set_aside(self.path, also=("-wal", "-shm"))
        log.error("outbox set aside", path=str(self.path), to=str(aside), error=str(error))
