"""The outbox as the event loop sees it: group commit, and a short way past the disk."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from types import TracebackType

import anyio
import anyio.to_thread
import structlog
from anyio.abc import TaskGroup
from typing_extensions import Self

from edge_runtime.errors import DataError, SinkError
from edge_runtime.telemetry.outbox.queue import ReadyQueue
from edge_runtime.telemetry.outbox.spool import LARGEST_COMMIT, Committed, Item, OutboxFullError, Spool

__all__ = ["Outbox", "OutboxCounts"]

LEAVING_AT_ONCE = 512
"""How many records are taken off the disk in one transaction, so that SQLite's log stays short."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class OutboxCounts:
    """What became of the records, over all runs with this file.

    Parameters
    ----------
    depth
        Records that wait here now, on the disk or not yet.
    stored
        Records that were ever written to the disk.
    acknowledged
        Records that left because they were acknowledged.
    dropped
        Records that the policy dropped, by priority.
    bytes
        What the files have.
    """

    depth: int
    stored: int
    acknowledged: int
    dropped: dict[int, int]
    bytes: int


class _Put:
    """One call of `put`: done when each of its items is safe, or when one cannot be."""

    def __init__(self, items: int) -> None:
        self.open = items
        self.done = anyio.Event()
        self.error: SinkError | None = None

    def settle(self) -> None:
        self.open -= 1
        if self.open == 0:
            self.done.set()

    def fail(self, error: SinkError) -> None:
        self.error = error
        self.done.set()


class Outbox:
    """Keeps records until they are acknowledged; used with ``async with``.

    `put` returns when each of its records is on the disk, or has been acknowledged before it came to that, or was
    dropped
    by the policy. Records are committed in groups: the first one of a group waits `commit_every` at most, then
    for one fsync of the group before, and one of its own. That is the durability bound: a power cut costs no
    record that `put` returned for, and of the others those of the last `commit_every` plus two fsyncs.

    `take` hands records out without waiting for the disk. A record that is acknowledged before its group is
    committed is never written at all, which spares flash memory while the network is up.

    Parameters
    ----------
    spool
        The file; it belongs to the outbox.
    commit_every
        Seconds that a group gathers.
    memory
        How many records are kept in memory for sending; more wait on the disk alone.
    """

    def __init__(self, spool: Spool, *, commit_every: float = 0.05, memory: int = 2048) -> None:
        self._spool = spool
        self._commit_every = commit_every
        self._memory = memory
        self._ready = ReadyQueue()
        self._in_flight: dict[int, Item] = {}
        self._uncommitted: dict[int, Item] = {}
        self._uncommitted_bytes = 0
        self._puts: dict[int, _Put] = {}
        self._leaving: set[int] = set()
        self._next_seq = self._first_seq = 0
        self._passed = 0
        self._on_disk_only = False
        self._stored, self._counters = spool.depth, spool.counters.copy()
        self._opened = self._closed = False
        self._opening = anyio.Lock()
        self._disk = anyio.Lock()
        self._something = anyio.Event()
        self._work = anyio.Event()
        self._hurry = anyio.Event()
        self._tasks: TaskGroup | None = None

    async def put(self, bodies: Sequence[tuple[int, bytes]]) -> None:
        """Take records, in order: pairs of priority and body.

        Raises
        ------
        DataError
            If a body is larger than `LARGEST_COMMIT`; none is taken.
        SinkError
            If they could not be stored. Those that have been sent meanwhile may arrive all the same.
        """
        await self._open()
        items = self._accept(bodies)
        if not items:
            return
        call = _Put(len(items))
        self._puts.update(dict.fromkeys((item.seq for item in items), call))
        self._work.set()
        if self._uncommitted_bytes > LARGEST_COMMIT // 2:
            self._hurry.set()
        await call.done.wait()
        if call.error is not None:
            raise SinkError(str(call.error)) from call.error

    async def take(self, limit: int) -> list[Item]:
        """Return up to `limit` records, the highest priority first, then the oldest; wait until there is one.

        They are in flight from now on: each must be acknowledged or given back.
        """
        await self._open()
        while True:
            if not self._ready and self._on_disk_only:
                await self._refill()
            if self._ready:
                items = self._ready.pop(limit)
                self._in_flight.update((item.seq, item) for item in items)
                return items
            if self._something.is_set():
                self._something = anyio.Event()
            await self._something.wait()

    def acknowledge(self, items: Iterable[Item]) -> None:
        """Let records go: whoever is to have them has them."""
        for item in items:
            self._in_flight.pop(item.seq, None)
            if self._remove_uncommitted(item):
                self._passed += 1
            else:
                self._leaving.add(item.seq)
            self._settle(item.seq)
        self._work.set()

    def give_back(self, items: Iterable[Item]) -> None:
        """Take records back that did not arrive; they are the first of their priority again."""
        for item in items:
            if self._in_flight.pop(item.seq, None) is not None:
                self._ready.add(item)
        self._something.set()

    @property
    def blocks(self) -> bool:
        """Whether `put` waits, however long, while the outbox is full."""
        return self._spool.when_full == "block"

    def is_old(self, item: Item) -> bool:
        """Say whether the record was put in an earlier run."""
        return item.seq < self._first_seq

    def counts(self) -> OutboxCounts:
        """Return what became of the records."""
        counters = self._counters
        return OutboxCounts(
            depth=self._stored - len(self._leaving) + len(self._uncommitted),
            stored=counters["stored"],
            acknowledged=counters["acknowledged"] + self._passed + len(self._leaving),
            dropped={int(name[8:]): count for name, count in counters.items() if name.startswith("dropped_")},
            bytes=self._spool.used_bytes(),
        )

    async def close(self) -> None:
        """Commit what waits and close the file; closing twice does nothing, and `put` then raises `SinkError`."""
        if self._closed:
            return
        self._closed = True
        if self._tasks is not None:
            self._tasks.cancel_scope.cancel()
            await self._tasks.__aexit__(None, None, None)
            self._tasks = None
        with anyio.CancelScope(shield=True):
            if self._opened:
                await self._commit()
                self._fail_open_puts()
            await anyio.to_thread.run_sync(self._spool.close)

    async def __aenter__(self) -> Self:
        await self._open()
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._commit_for_ever, name=f"outbox {self._spool.path.name}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _open(self) -> None:
        async with self._opening:
            if self._closed:
                raise SinkError(f"{self._spool.path}: the outbox is closed; open it again")
            if not self._opened:
                self._next_seq = self._first_seq = await anyio.to_thread.run_sync(self._spool.open)
                self._look()
                self._on_disk_only = self._stored > 0
                self._opened = True

    def _accept(self, bodies: Sequence[tuple[int, bytes]]) -> list[Item]:
        for _, body in bodies:
            if len(body) > LARGEST_COMMIT:
                raise DataError(f"a record has {len(body):,} bytes; the outbox takes {LARGEST_COMMIT:,} at most")
        now = time.time_ns()
        items = [Item(self._next_seq + i, priority, now, body) for i, (priority, body) in enumerate(bodies)]
        self._next_seq += len(items)
        self._uncommitted.update((item.seq, item) for item in items)
        self._uncommitted_bytes += sum(len(item.body) for item in items)
        self._make_ready(items)
        return items

    def _make_ready(self, items: Iterable[Item]) -> None:
        """Keep items for sending; once memory is full, what comes waits on the disk until that has been read."""
        for item in items:
            if self._on_disk_only or len(self._ready) >= self._memory:
                self._on_disk_only = True
            else:
                self._ready.add(item)
        self._something.set()

    async def _commit_for_ever(self) -> None:
        while True:
            await self._work.wait()
            with anyio.move_on_after(self._commit_every):
                await self._hurry.wait()
            self._work, self._hurry = anyio.Event(), anyio.Event()
            await self._commit()
            if self._uncommitted:
                self._work.set()

    async def _commit(self) -> None:
        async with self._disk:
            for group in _groups(list(self._uncommitted.values())):
                # What was acknowledged since the groups were made need not be written any more.
                await self._commit_group([item for item in group if item.seq in self._uncommitted])
            while self._leaving and await self._commit_group([]):
                pass

    async def _commit_group(self, group: list[Item]) -> bool:
        leaving = set(islice(self._leaving, LEAVING_AT_ONCE))
        call = partial(self._spool.commit, group, acknowledged=leaving, protected=set(self._in_flight))
        try:
            outcome = await self._in_thread(call)
        except OutboxFullError:
            # They stay where they are, and `put` goes on waiting.
            self._leaving -= leaving
            return False
        except SinkError as error:
            self._give_up(group, error)
            return False
        self._leaving -= leaving
        self._committed(group, outcome)
        return True

    async def _in_thread(self, call: Callable[[], Committed]) -> Committed:
        try:
            return await anyio.to_thread.run_sync(call)
        finally:
            self._look()

    def _look(self) -> None:
        """Remember what the file holds; its own numbers change in another thread, before those that go with them."""
        self._stored, self._counters = self._spool.depth, self._spool.counters.copy()

    def _committed(self, group: list[Item], outcome: Committed) -> None:
        for item in group:
            if not self._remove_uncommitted(item):
                # Acknowledged while it was being written: it can leave again.
                self._passed -= 1
                self._leaving.add(item.seq)
            self._settle(item.seq)
        self._ready.discard(outcome.dropped)
        if outcome.dropped:
            log.warning(
                "records dropped: the outbox is full", outbox=self._spool.path.name, records=len(outcome.dropped)
            )

    def _give_up(self, group: list[Item], error: SinkError) -> None:
        log.error("records cannot be stored", outbox=self._spool.path.name, records=len(group), error=str(error))
        failed = [item for item in group if self._remove_uncommitted(item)]
        self._ready.discard({item.seq for item in failed})
        for item in failed:
            call = self._puts.pop(item.seq, None)
            if call is not None:
                call.fail(error)

    async def _refill(self) -> None:
        """Read the next records from the disk; when that has no more, memory has all there is."""
        async with self._disk:
            held = len(self._in_flight) + len(self._leaving)
            found = await anyio.to_thread.run_sync(self._spool.read, held + self._memory)
            for item in found:
                if item.seq not in self._in_flight and item.seq not in self._leaving:
                    self._ready.add(item)
            if len(found) < held + self._memory:
                self._on_disk_only = False
                for item in self._uncommitted.values():
                    if item.seq not in self._in_flight:
                        self._ready.add(item)

    def _remove_uncommitted(self, item: Item) -> bool:
        if self._uncommitted.pop(item.seq, None) is None:
            return False
        self._uncommitted_bytes -= len(item.body)
        return True

    def _settle(self, seq: int) -> None:
        call = self._puts.pop(seq, None)
        if call is not None:
            call.settle()

    def _fail_open_puts(self) -> None:
        for call in set(self._puts.values()):
            call.fail(SinkError(f"{self._spool.path}: the outbox was closed before the records were stored"))
        self._puts.clear()


def _groups(items: Sequence[Item]) -> list[list[Item]]:
    """Cut items into groups of `LARGEST_COMMIT` bytes at most."""
    groups: list[list[Item]] = []
    room = 0
    for item in items:
        if not groups or len(item.body) > room:
            groups.append([])
            room = LARGEST_COMMIT
        groups[-1].append(item)
        room -= len(item.body)
    return groups
