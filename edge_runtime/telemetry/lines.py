"""What line sinks share: puts that come at the same time are written together, off the event loop's thread."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import anyio
import anyio.to_thread

from edge_runtime.errors import SinkError
from edge_runtime.telemetry.record import Record, encode_record
from edge_runtime.telemetry.sink import Sink

__all__ = ["LineSink"]


class _Group:
    """Lines that are committed together; whoever gets the lock first commits for all."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.committed = False
        self.error: SinkError | None = None


class LineSink(Sink):
    """A sink of encoded lines, with group commit: while one write is under way, the next group gathers."""

    def __init__(self) -> None:
        super().__init__()
        self._group = _Group()
        self._lock = anyio.Lock()
        self._closed = False

    @abstractmethod
    def _write(self, data: bytes) -> None:
        """Write whole lines and make them durable; called in a worker thread, one call at a time.

        Raises
        ------
        SinkError
            If that failed; no part of `data` may then be taken for a record later.
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
            group.lines.extend([encode_record(record) for record in records])
            async with self._lock:
                if not group.committed:
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
            if self._group.lines:
                await self._commit(self._group)
            await anyio.to_thread.run_sync(self._release)

    async def _commit(self, group: _Group) -> None:
        self._group = _Group()
        try:
            await anyio.to_thread.run_sync(self._write, b"".join(group.lines))
        except SinkError as error:
            group.error = error
        finally:
            group.committed = True
