"""Carries records over a serial line: in a window, acknowledged one by one, and sent again until they are."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import anyio
import structlog

from edge_runtime.errors import ConfigError, LinkError
from edge_runtime.framing import FrameFinder
from edge_runtime.telemetry.link import Carrier, Letter, Link
from edge_runtime.telemetry.serial.frames import WINDOW, Acknowledgement, RecordFrame, decode_acknowledgement
from edge_runtime.telemetry.serial.port import Port

__all__ = ["SerialCarrier", "SerialCounts"]

BITS_A_BYTE = 10
"""A start bit, eight of data, a stop bit."""

log = structlog.get_logger(__name__)


@dataclass
class SerialCounts:
    """What happened on the line, over all links.

    Parameters
    ----------
    frames
        Records that were sent, repetitions not counted.
    repeats
        How often one was sent again.
    broken
        Pieces between two zeros that were no whole acknowledgement.
    refused
        Records that the receiver said it will never take; they are given up.
    """

    frames: int = 0
    repeats: int = 0
    broken: int = 0
    refused: int = 0


class SerialCarrier(Carrier):
    """Sends records to whoever is at the other end of a serial line.

    Parameters
    ----------
    port
        The device's path, such as ``/dev/ttyUSB0``.
    baud
        Bits a second.
    hardware_flow
        Whether RTS and CTS say when the other end can take more.
    window
        How many records are under way at once at most; `WINDOW` or fewer. A receiver needs no memory for it.
    retry_s
        Seconds after which a record is sent again, beside the time that the line needs for what is under way.
    deadline_s
        Seconds after which a record that is still not acknowledged breaks the link.

    Attributes
    ----------
    counts
        What happened so far.

    Raises
    ------
    ConfigError
        If the window is out of range.
    """

    def __init__(
        self,
        port: str,
        *,
        baud: int = 115_200,
        hardware_flow: bool = False,
        window: int = 8,
        retry_s: float = 0.5,
        deadline_s: float = 10.0,
    ) -> None:
        if not 1 <= window <= WINDOW:
            raise ConfigError(f"{port}: the window is {window} records; it must be from 1 to {WINDOW}")
        self.counts = SerialCounts()
        self.window = window
        self.retry_s = retry_s
        self.deadline_s = deadline_s
        self.baud = baud
        self._name = port
        self._hardware_flow = hardware_flow

    def connect(self) -> AbstractAsyncContextManager[Link]:
        """Open the port; whether somebody is at the other end, only acknowledgements tell."""
        return self._connect()

    @contextlib.asynccontextmanager
    async def _connect(self) -> AsyncIterator[Link]:
        port = Port(self._name, self.baud, hardware_flow=self._hardware_flow)
        link = _SerialLink(port, self)
        broken: list[LinkError] = []
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(link.listen, name=f"serial {port.name}")
                try:
                    yield link
                except LinkError as error:
                    # Past the task group, which would wrap it.
                    broken.append(error)
                finally:
                    tasks.cancel_scope.cancel()
        finally:
            port.close()
        if broken:
            raise broken[0]


class _Underway:
    """A record that waits for its acknowledgement."""

    def __init__(self, frame: bytes) -> None:
        self.frame = frame
        self.done = anyio.Event()


class _SerialLink(Link):
    def __init__(self, port: Port, carrier: SerialCarrier) -> None:
        self._port = port
        self._carrier = carrier
        self._counts = carrier.counts
        self._session = secrets.randbits(32)
        self._next = self._lowest = 0
        self._underway: dict[int, _Underway] = {}
        self._slots = anyio.Semaphore(carrier.window)
        self._writing = anyio.Lock()
        self._broken = anyio.Event()
        self._error = LinkError(f"{port.name}: closed")

    async def send(self, letters: Sequence[Letter]) -> None:
        errors: list[LinkError] = []
        async with anyio.create_task_group() as tasks:

            async def deliver(letter: Letter) -> None:
                try:
                    await self._deliver(letter)
                except LinkError as error:
                    errors.append(error)
                    tasks.cancel_scope.cancel()

            for letter in letters:
                tasks.start_soon(deliver, letter)
        if errors:
            raise errors[0]

    async def watch(self) -> None:
        await self._broken.wait()
        raise self._error

    async def listen(self) -> None:
        """Take in acknowledgements until the port is gone."""
        finder = FrameFinder(decode_acknowledgement)
        try:
            while True:
                for acknowledgement in finder.feed(await self._port.read()):
                    self._take(acknowledgement)
                self._counts.broken, finder.broken = self._counts.broken + finder.broken, 0
        except LinkError as error:
            self._error = error
            self._broken.set()

    async def _deliver(self, letter: Letter) -> None:
        await self._slots.acquire()
        # Nothing waits from here to the first write, so that numbers are on the line in order.
        sequence, self._next = self._next, (self._next + 1) % 2**32
        one = _Underway(RecordFrame(self._session, sequence, letter.record).encode())
        self._underway[sequence] = one
        self._counts.frames += 1
        with anyio.move_on_after(self._carrier.deadline_s):
            await self._insist(one)
        if not one.done.is_set():
            raise LinkError(
                f"{self._port.name}: no acknowledgement within {self._carrier.deadline_s:g} s; is the receiver there, "
                f"at {self._carrier.baud} baud?"
            )

    async def _insist(self, one: _Underway) -> None:
        """Send a record until it is acknowledged."""
        await self._write(one.frame)
        while not one.done.is_set():
            with anyio.move_on_after(self._patience_s()):
                await one.done.wait()
                return
            self._counts.repeats += 1
            await self._write(one.frame)

    async def _write(self, frame: bytes) -> None:
        async with self._writing:
            # The zero before it ends what a write that was cancelled may have left.
            await self._port.write(b"\0" + frame)

    def _patience_s(self) -> float:
        waiting = sum(len(one.frame) for one in self._underway.values() if not one.done.is_set())
        return self._carrier.retry_s + waiting * BITS_A_BYTE / self._carrier.baud

    def _take(self, acknowledgement: Acknowledgement) -> None:
        one = self._underway.get(acknowledgement.sequence)
        if acknowledgement.session != self._session or one is None or one.done.is_set():
            return
        if not acknowledgement.taken:
            self._counts.refused += 1
            log.error("record refused for good by the receiver", port=self._port.name, bytes=len(one.frame))
        one.done.set()
        while (lowest := self._underway.get(self._lowest)) is not None and lowest.done.is_set():
            # A number's place is free only when all before it are, too: so the receiver can tell repetitions.
            del self._underway[self._lowest]
            self._lowest = (self._lowest + 1) % 2**32
            self._slots.release()
