"""A tap: what a running daemon's source delivers, for others on the same machine to listen to."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from pathlib import Path

import numpy as np
import structlog

from edge_runtime.errors import DataError
from edge_runtime.sources.base import Source, SourceCounts
from edge_runtime.stream.block import Block, Flags

__all__ = ["TapSource", "TappedSource"]

HEAD = struct.Struct("<IIB")
"""Samples in the block, its sequence number, its flags; then int64 times and float32 samples, little-endian."""

MOST_WAITING_BYTES = 8 << 20
"""A listener that is further behind than this is left behind: it never slows down the daemon."""

log = structlog.get_logger(__name__)


class TappedSource(Source):
    """Another source, whose blocks also go to whoever connects to a socket.

    Parameters
    ----------
    source
        The other source; it belongs to this one.
    path
        Where the Unix socket is made.

    Attributes
    ----------
    left_behind
        Listeners that were too slow, and were disconnected.
    """

    def __init__(self, source: Source, path: Path) -> None:
        self.source = source
        self.channels = source.channels
        self.rate_hz = source.rate_hz
        self.left_behind = 0
        self._path = path
        self._listeners: set[asyncio.StreamWriter] = set()

    @property
    def counts(self) -> SourceCounts:  # type: ignore[override]
        """The other source's counts."""
        return self.source.counts

    async def blocks(self) -> AsyncIterator[Block]:
        """Yield the other source's blocks.

        Raises
        ------
        DataError
            If the socket cannot be made.
        """
        self._path.unlink(missing_ok=True)
        try:
            server = await asyncio.start_unix_server(self._welcome, self._path)
        except OSError as error:
            raise DataError(f"tap {self._path}: cannot be made: {error.strerror or error}") from error
        try:
            async with aclosing(self.source.blocks()) as blocks:  # type: ignore[type-var]
                async for block in blocks:
                    self._copy(block)
                    yield block
        finally:
            server.close()
            for listener in self._listeners:
                listener.close()
            self._path.unlink(missing_ok=True)

    async def aclose(self) -> None:
        """Close the other source."""
        await self.source.aclose()

    async def _welcome(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        about = {"channels": self.channels, "rate_hz": self.rate_hz}
        writer.write(json.dumps(about).encode() + b"\n")
        self._listeners.add(writer)

    def _copy(self, block: Block) -> None:
        if not self._listeners:
            return
        data = HEAD.pack(len(block.t_ns), block.sequence % 2**32, int(block.flags))
        data += block.t_ns.astype("<i8").tobytes() + block.samples.astype("<f4").tobytes()
        for listener in list(self._listeners):
            if listener.is_closing() or listener.transport.get_write_buffer_size() > MOST_WAITING_BYTES:
                self.left_behind += not listener.is_closing()
                listener.transport.abort()
                self._listeners.discard(listener)
                continue
            listener.write(data)


class TapSource(Source):
    """Listens to a tap; `connect` first.

    Parameters
    ----------
    path
        The tap's socket.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.channels = ()
        self.rate_hz = 0.0
        self.counts = SourceCounts()
        self._writer: asyncio.StreamWriter | None = None

    async def connect(self) -> None:
        """Connect, and learn the channels and the rate.

        Raises
        ------
        DataError
            If nobody is there, or something else than a tap.
        """
        try:
            self._reader, self._writer = await asyncio.open_unix_connection(self._path)
            about = json.loads(await asyncio.wait_for(self._reader.readline(), 5))
            self.channels, self.rate_hz = tuple(about["channels"]), float(about["rate_hz"])
        except (OSError, KeyError, TypeError, ValueError, asyncio.TimeoutError) as error:
            raise DataError(f"tap {self._path}: nothing answers there; is the pipeline running?") from error

    async def blocks(self) -> AsyncIterator[Block]:
        """Yield blocks until the daemon's source ends."""
        while True:
            try:
                head = await self._reader.readexactly(HEAD.size)
                count, _, flags = HEAD.unpack(head)
                data = await self._reader.readexactly(count * (8 + 4 * len(self.channels)))
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            t_ns = np.frombuffer(data, "<i8", count).astype(np.int64)
            samples = np.frombuffer(data, "<f4", offset=8 * count).astype(np.float32).reshape(count, -1)
            known = Flags(flags)
            if self.counts.blocks == 0:
                # What was before is not missing here: we were not there.
                known &= ~Flags.GAP
            block = Block(t_ns, samples, self.counts.blocks, known)
            self.counts.add(block)
            yield block

    async def aclose(self) -> None:
        """Disconnect."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
