"""Group commit: puts that come at the same time are written together, off the event loop's thread."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar

import anyio
import anyio.to_thread

from edge_runtime.errors import SinkError
from edge_runtime.telemetry.record import Record
from edge_runtime.telemetry.sink import Sink

__all__ = ["GroupSink"]

T = TypeVar("T")


class _Group(Generic[T]):
    """Items that are committed together; whoever gets the lock first commits for all."""

    def __init__(self) -> None:
        self.items: list[T] = []
        self.committed = False
        self.error: SinkError | None = None


class GroupSink(Sink, Generic[T]):
    """A sink with group commit: while one write is under way, the next group gathers.

    Parameters
    ----------
    gather_s
        How many seconds a group gathers before it is written, whether or not another write is under way.
    """

    def __init__(self, *, gather_s: float = 0.0) -> None:
        super().__init__()
        self._gather_s = gather_s
        self._group = _Group[T]()
        self._lock = anyio.Lock()
        self._closed = False

    @abstractmethod
    def _encode(self, record: Record) -> T:
        """Make of a record what `_write` takes.

        Raises
        ------
        DataError
            If it cannot be encoded.
        """

    @abstractmethod
    def _write(self, items: Sequence[T]) -> None:
        """Write whole items and make them durable; called in a worker thread, one call at a time.

        Raises
        ------
        SinkError
            If that failed; no part of `items` may then be taken for a record later.
        """

    @abstractmethod
    def _release(self) -> None:
        """Give back what `_write` needed; called in a worker thread, once."""

    async def put(self, records: Sequence[Record]) -> None:
        """Write the records with whatever others wait; return when their group is durable."""
        group = self._group
        try:
            if self._closed:
                raise SinkError("the sink is closed; open it again")
            group.items.extend([self._encode(record) for record in records])
            async with self._lock:
                if not group.committed:
                    await self._gather()
                    await self._commit(group)
            if group.error is not None:
                raise SinkError(str(group.error)) from group.error
        except SinkError:
            self.failed += len(records)
            raise
        self.acknowledged += len(records)

    async def close(self) -> None:
        """Write what a cancelled `put` left behind, then release the sink."""
        async with self._lock:
            if self._closed:
                return
            self._closed = True
            if self._group.items:
                await self._commit(self._group)
            await anyio.to_thread.run_sync(self._release)

    async def _gather(self) -> None:
        if self._gather_s > 0:
            await anyio.sleep(self._gather_s)

    async def _commit(self, group: _Group[T]) -> None:
        self._group = _Group[T]()
        try:
            await anyio.to_thread.run_sync(self._write, group.items)
        except SinkError as error:
            group.error = error
        finally:
            group.committed = True
