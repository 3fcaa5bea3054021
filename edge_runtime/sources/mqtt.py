"""A stream of messages from an MQTT broker."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import structlog

from edge_runtime.errors import ConfigError, DataError, ToolError
from edge_runtime.sources.assemble import Assembler
from edge_runtime.sources.backoff import Backoff
from edge_runtime.sources.base import Source, SourceCounts
from edge_runtime.sources.payload import Form, Readings, decode_payload
from edge_runtime.stream.block import Block
from edge_runtime.stream.channels import check_channel_names
from edge_runtime.stream.sequence import Sequencer

if TYPE_CHECKING:
    import aiomqtt

__all__ = ["MqttSource", "wildcard_part"]

log = structlog.get_logger(__name__)

MOST_WAITING = 100_000


def wildcard_part(pattern: str, topic: str) -> str:
    """Return what the wildcards of a subscription stand for in a topic, joined by slashes.

    Examples
    --------
    >>> wildcard_part("plant/+/motor/#", "plant/7/motor/acc/x")
    '7/acc/x'
    """
    parts, levels = [], topic.split("/")
    for position, level in enumerate(pattern.split("/")):
        if level == "#":
            parts += levels[position:]
        elif level == "+":
            parts.append(levels[position])
    return "/".join(parts)


class MqttSource(Source):
    """Blocks of samples, one a message.

    The session is persistent and messages are taken with QoS 1: what is published while the connection or the broker
    is down comes afterwards. A message that comes twice is left out if messages are numbered (``seq``).

    Parameters
    ----------
    host, port
        The broker.
    topic
        What is subscribed to. What wildcards stand for is part of the channels' names: ``plant/+/motor`` and a message
        ``{"x": 1}`` under ``plant/7/motor`` make the channel ``7/x``.
    channels, rate_hz
        The channels, and their nominal rate.
    form
        What messages are.
    client
        The session's name at the broker; it must be this source's alone, and the same at every start.
    username, password, ca
        Who we are; the file of the authority that the broker's certificate comes from, which turns TLS on.
    reorder
        How many messages may wait for one that was overtaken.

    Raises
    ------
    ToolError
        If aiomqtt is not installed.
    ConfigError
        If the authority's file cannot be read.
    """

    def __init__(  # noqa: PLR0913 - most have good defaults
        self,
        host: str,
        topic: str,
        channels: Sequence[str],
        rate_hz: float,
        *,
        client: str,
        port: int = 1883,
        form: Form = "json",
        username: str | None = None,
        password: str | None = None,
        ca: Path | None = None,
        reorder: int = 0,
    ) -> None:
        check_channel_names(channels, where="mqtt source")
        self.channels = tuple(channels)
        self.rate_hz = rate_hz
        self.counts = SourceCounts()
        self._aiomqtt = _package()
        self._topic = topic
        self._form: Form = form
        self._options: dict[str, Any] = {
            "hostname": host,
            "port": port,
            "identifier": client,
            "username": username,
            "password": password,
            "clean_session": False,
            "tls_context": _tls(ca),
            "keepalive": 15,
            "timeout": 10,
        }
        self._assembler = Assembler(rate_hz, self.counts)
        self._sequencer = Sequencer[Readings](bound=reorder)

    async def blocks(self) -> AsyncIterator[Block]:
        """Yield blocks as messages come, for ever."""
        backoff = Backoff()
        while True:
            waiting = _Waiting(self.counts)
            try:
                async with self._aiomqtt.Client(**self._options, queue_type=waiting.make) as client:
                    await client.subscribe(self._topic, qos=1)
                    backoff.reset()
                    async for message in client.messages:
                        for block in self._take(message):
                            await anyio.lowlevel.checkpoint()
                            yield block
            except self._aiomqtt.MqttError as error:
                log.warning("mqtt broker lost", broker=self._options["hostname"], error=str(error))
            # What was acknowledged must not be forgotten with the connection.
            for message in waiting.rest():
                for block in self._take(message):
                    yield block
            self.counts.reconnects += 1
            await backoff.wait()

    def _take(self, message: aiomqtt.Message) -> Iterator[Block]:
        arrival_ns = time.time_ns()
        try:
            prefix = wildcard_part(self._topic, str(message.topic))
            payload = message.payload if isinstance(message.payload, bytes) else b""
            readings = decode_payload(payload, self._form, self.channels, prefix=prefix)
        except DataError:
            self.counts.broken += 1
            return
        if readings.sequence is None:
            yield self._assemble(readings, arrival_ns, lost=False)
            return
        for one in self._sequencer.push(readings.sequence, readings):
            yield self._assemble(one.item, arrival_ns, lost=one.lost > 0)
        told = self._sequencer
        self.counts.lost, self.counts.late, self.counts.duplicates = told.lost, told.late, told.duplicates
        self.counts.reordered = told.reordered

    def _assemble(self, readings: Readings, arrival_ns: int, *, lost: bool) -> Block:
        if readings.first_ns is None:
            return self._assembler.from_arrival(readings.samples, arrival_ns=arrival_ns, lost=lost)
        return self._assembler.at(readings.samples, first_ns=readings.first_ns, lost=lost)


class _Waiting:
    """The messages that one connection has taken in and nobody has read: they outlive it."""

    def __init__(self, counts: SourceCounts) -> None:
        self._counts = counts
        self._queue: asyncio.Queue[aiomqtt.Message] | None = None

    def make(self, maxsize: int = 0) -> asyncio.Queue[aiomqtt.Message]:  # noqa: ARG002 - ours is bounded by itself
        counts = self._counts

        class Bounded(asyncio.Queue):  # type: ignore[type-arg]
            def put_nowait(self, item: object) -> None:
                if self.qsize() >= MOST_WAITING:
                    counts.dropped += 1
                    return
                super().put_nowait(item)

        self._queue = Bounded()
        return self._queue

    def rest(self) -> Iterator[aiomqtt.Message]:
        while self._queue is not None and not self._queue.empty():
            yield self._queue.get_nowait()


def _package() -> Any:
    try:
        import aiomqtt  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ToolError("an mqtt source needs aiomqtt: pip install 'edge-runtime[mqtt]'") from error
    return aiomqtt


def _tls(ca: Path | None) -> ssl.SSLContext | None:
    if ca is None:
        return None
    try:
        return ssl.create_default_context(cafile=str(ca))
    except OSError as error:
        why = error.strerror or error
        raise ConfigError(f"mqtt source: the authority's file {ca} cannot be used: {why}") from error
