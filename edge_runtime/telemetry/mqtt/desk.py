"""Where commands arrive: retained ones are refused, repeated ones answered again, files put together of their parts."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import structlog

from edge_runtime.errors import DataError, EdgeRuntimeError
from edge_runtime.telemetry.mqtt.ledger import Ledger
from edge_runtime.telemetry.mqtt.parts import Parts

__all__ = ["CommandDesk", "CommandHandler", "Delivery"]

CommandHandler = Callable[[str, bytes], Awaitable[dict[str, Any]]]
"""Carries out a command, given its name and payload, and returns the answer."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Delivery:
    """A command as it was delivered.

    Parameters
    ----------
    command, payload
        What is to be done.
    correlation
        MQTT 5's correlation data: what tells this command from others; empty: it has none.
    packet
        The packet's number in the session.
    again
        Whether the broker says that it delivers it again.
    retained
        Whether the broker kept it from before the device subscribed.
    """

    command: str
    payload: bytes
    correlation: bytes = b""
    packet: int = 0
    again: bool = False
    retained: bool = False

    @property
    def key(self) -> bytes:
        """What is the same for the same command, and no other one: by its correlation data, or by its packet."""
        by = b"c" + self.correlation if self.correlation else b"p%d" % self.packet
        digest = hashlib.sha256(self.payload).digest()
        return hashlib.sha256(b"\0".join([self.command.encode(), by, digest])).digest()


class CommandDesk:
    """Has commands carried out, each once at most.

    A command that is under way is not broken off when the connection ends; it is answered when it comes again.

    Parameters
    ----------
    carry_out
        Carries out a command.
    ledger
        The file that remembers commands over restarts.
    repeatable
        Commands that may be carried out twice, and are not remembered.
    files
        Commands that take a file, which may come in parts.
    """

    def __init__(
        self,
        carry_out: CommandHandler,
        ledger: Path,
        *,
        repeatable: Collection[str] = (),
        files: Collection[str] = (),
    ) -> None:
        self._carry_out = carry_out
        self._ledger = Ledger(ledger)
        self._repeatable = frozenset(repeatable)
        self._parts = Parts(files)
        self._last_part: tuple[bytes, dict[str, Any]] = (b"", {})

    async def answer(self, delivery: Delivery) -> dict[str, Any]:
        """Have a command carried out, unless it was, and return its answer, or ``{"error": …}``."""
        answer: dict[str, Any] = {}
        with anyio.CancelScope(shield=True):
            try:
                answer = await self._answer(delivery)
            except EdgeRuntimeError as error:
                answer = _refused(delivery, error)
        return answer

    async def _answer(self, delivery: Delivery) -> dict[str, Any]:
        if delivery.retained:
            raise DataError(
                "a retained command is not carried out, or it would be at every connection; do not retain it"
            )
        if delivery.command == "part":
            return await self._take_part(delivery)
        if delivery.command in self._repeatable:
            return await self._carry_out(delivery.command, delivery.payload)
        return await self._once(delivery)

    async def _take_part(self, delivery: Delivery) -> dict[str, Any]:
        key, answer = self._last_part
        if key == delivery.key and (delivery.correlation or delivery.again):
            return answer
        answer, whole = self._parts.take(delivery.payload)
        if whole is not None:
            command, content = whole
            # The last part's correlation data are the file's.
            answer = await self._once(Delivery(command, content, delivery.correlation, delivery.packet))
        self._last_part = delivery.key, answer
        return answer

    async def _once(self, delivery: Delivery) -> dict[str, Any]:
        key = delivery.key
        if not delivery.correlation and not delivery.again:
            # Another command with the number of an earlier packet, which the broker has used again.
            await anyio.to_thread.run_sync(self._ledger.forget, key)
        known = await anyio.to_thread.run_sync(self._ledger.begin, key)
        if known is not None:
            log.warning("command came again", command=delivery.command)
            return known
        try:
            answer = await self._carry_out(delivery.command, delivery.payload)
        except EdgeRuntimeError as error:
            answer = _refused(delivery, error)
        await anyio.to_thread.run_sync(self._ledger.end, key, answer)
        return answer


def _refused(delivery: Delivery, error: EdgeRuntimeError) -> dict[str, Any]:
    log.warning("command refused", command=delivery.command, error=str(error))
    return {"error": str(error)}
