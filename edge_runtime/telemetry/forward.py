"""Moves records from an outbox over a link for ever: sends, takes back what was not acknowledged, tries again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import anyio
import structlog

from edge_runtime.errors import LinkError
from edge_runtime.telemetry.backoff import Backoff
from edge_runtime.telemetry.link import Carrier, Letter, Link
from edge_runtime.telemetry.outbox import Item, Outbox
from edge_runtime.telemetry.rate import RateLimit

__all__ = ["Forwarder", "LinkState"]

NS_PER_S = 1_000_000_000

log = structlog.get_logger(__name__)


@dataclass
class LinkState:
    """What a forwarder has seen so far.

    Parameters
    ----------
    connected
        Whether there is a link now.
    connects, failures
        How often one was made, and how often making it failed or it broke.
    sent
        Records that were handed to a link; those that had to be sent again count again.
    acknowledged, late
        Records that the other side has acknowledged, and how many of them came late.
    last_error
        Why the last link broke.
    """

    connected: bool = False
    connects: int = 0
    failures: int = 0
    sent: int = 0
    acknowledged: int = 0
    late: int = 0
    last_error: str | None = None


class Forwarder:
    """Sends what an outbox holds.

    Parameters
    ----------
    outbox
        Where records wait.
    carrier
        Makes links.
    batch
        How many records are sent together at most.
    windows
        How many batches are under way at once at most.
    late_after
        Seconds after which a record counts as late; those of an earlier run always do.
    rate
        Limits the records in a second; None: no limit.
    backoff
        Waits between two tries.
    """

    def __init__(
        self,
        outbox: Outbox,
        carrier: Carrier,
        *,
        batch: int = 64,
        windows: int = 8,
        late_after: float = 10.0,
        rate: RateLimit | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        self.state = LinkState()
        self._outbox = outbox
        self._carrier = carrier
        self._batch = batch
        self._windows = windows
        self.retune(late_after=late_after, rate=rate)
        self._backoff = backoff or Backoff()

    def retune(self, *, late_after: float, rate: RateLimit | None) -> None:
        """Say anew when a record is late, and how many may be sent."""
        self._late_ns = round(late_after * NS_PER_S)
        self._rate = rate

    async def run(self) -> None:
        """Forward until cancelled."""
        while True:
            try:
                async with self._carrier.connect() as link:
                    await self._serve(link)
            except LinkError as error:
                self._failed(error)
            finally:
                self.state.connected = False
            await anyio.sleep(self._backoff.next())

    async def _serve(self, link: Link) -> None:
        self.state.connected = True
        self.state.connects += 1
        log.info("link is up", connects=self.state.connects)
        broken: list[LinkError] = []
        slots = anyio.Semaphore(self._windows)
        async with anyio.create_task_group() as tasks:

            def broke(error: LinkError) -> None:
                broken.append(error)
                tasks.cancel_scope.cancel()

            async def watch() -> None:
                try:
                    await link.watch()
                except LinkError as error:
                    broke(error)

            async def deliver(items: Sequence[Item]) -> None:
                try:
                    await self._deliver(link, items)
                except LinkError as error:
                    broke(error)
                finally:
                    slots.release()

            tasks.start_soon(watch, name="link watch")
            while True:
                await slots.acquire()
                items = await self._outbox.take(self._batch)
                tasks.start_soon(deliver, items, name="link send")
        if broken:
            raise broken[0]

    async def _deliver(self, link: Link, items: Sequence[Item]) -> None:
        try:
            if self._rate is not None:
                await self._rate.wait(len(items))
            letters = [Letter(item.body, self._is_late(item)) for item in items]
            self.state.sent += len(items)
            await link.send(letters)
        except BaseException:
            self._outbox.give_back(items)
            raise
        self._outbox.acknowledge(items)
        self._backoff.reset()
        self.state.acknowledged += len(items)
        self.state.late += sum(letter.late for letter in letters)

    def _is_late(self, item: Item) -> bool:
        return self._outbox.is_old(item) or time.time_ns() - item.put_ns > self._late_ns

    def _failed(self, error: LinkError) -> None:
        self.state.failures += 1
        self.state.last_error = str(error)
        log.warning("link is down", error=str(error), failures=self.state.failures)
