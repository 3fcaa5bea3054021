"""Carries records to an MQTT broker (5 or 3.1.1), and commands from it; built on aiomqtt."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from functools import lru_cache
from typing import Any

import aiomqtt
import anyio
import structlog
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge_runtime.errors import LinkError
from edge_runtime.telemetry.link import Carrier, Letter, Link
from edge_runtime.telemetry.mqtt.broker import Broker
from edge_runtime.telemetry.mqtt.desk import CommandDesk, Delivery
from edge_runtime.telemetry.payloads.base import Message, Payloads

__all__ = ["MqttCarrier"]

QUEUED_COMMANDS = 64
QUEUED_MESSAGES = 4096
LEAVE_S = 2.0

log = structlog.get_logger(__name__)
_paho_log = logging.getLogger("edge_runtime.mqtt")
_paho_log.setLevel(logging.ERROR)


class MqttCarrier(Carrier):
    """Publishes with QoS 1 in a persistent session; birth and will say whether the device is there.

    Parameters
    ----------
    broker
        The broker.
    payloads
        Makes messages of records.
    greetings
        Messages for every new connection, beside the birth.
    desk
        Takes what comes on the command topics; None: the device takes no commands by MQTT.
    """

    def __init__(
        self,
        broker: Broker,
        payloads: Payloads,
        *,
        greetings: Sequence[Message] = (),
        desk: CommandDesk | None = None,
    ) -> None:
        self._broker = broker
        self._payloads = payloads
        self._greetings = tuple(greetings)
        self._desk = desk
        self._context = broker.tls_context()

    def connect(self) -> AbstractAsyncContextManager[Link]:
        """Connect, tell the birth and subscribe to commands; say farewell at the end."""
        return self._connect()

    @contextlib.asynccontextmanager
    async def _connect(self) -> AsyncIterator[Link]:
        self._payloads.begin()
        client = self._client()
        try:
            await client.__aenter__()
            try:
                link = await self._greet(client)
                yield link
            finally:
                with anyio.move_on_after(LEAVE_S, shield=True):
                    await self._leave(client)
        except aiomqtt.MqttError as error:
            raise LinkError(f"{self._broker.address}: {error}") from error

    async def _greet(self, client: _Client) -> Link:
        link = _MqttLink(client, self._payloads, self._desk)
        for message in (*self._payloads.births(), *self._greetings):
            await link.publish(message)
        if self._desk is not None:
            await client.subscribe(self._payloads.topics.commands, qos=1)
        return link

    async def _leave(self, client: _Client) -> None:
        """Say farewell where that is possible, and close the connection."""
        with contextlib.suppress(aiomqtt.MqttError, LinkError):
            if not client.is_gone:
                await _MqttLink(client, self._payloads, None).publish(self._payloads.farewell())
        with contextlib.suppress(aiomqtt.MqttError):
            await client.__aexit__(None, None, None)

    def _client(self) -> _Client:
        broker, will = self._broker, self._payloads.will()
        return _Client(
            broker.host,
            broker.port,
            identifier=broker.client_id,
            username=broker.username,
            password=broker.password,
            logger=_paho_log,
            will=aiomqtt.Will(will.topic, will.payload, qos=1, retain=will.retain),
            keepalive=broker.keepalive_s,
            timeout=broker.deadline_s,
            tls_context=self._context,
            max_queued_incoming_messages=QUEUED_COMMANDS,
            max_queued_outgoing_messages=QUEUED_MESSAGES,
            **self._session(),
        )

    def _session(self) -> dict[str, Any]:
        """Return what makes the session persistent, in the protocol's version."""
        if self._broker.version == "3.1.1":
            return {"protocol": aiomqtt.ProtocolVersion.V311, "clean_session": False}
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = self._broker.session_s
        return {"protocol": aiomqtt.ProtocolVersion.V5, "clean_start": False, "properties": properties}


class _Message(aiomqtt.Message):
    """aiomqtt's message, which says too whether the broker delivers it again."""

    again = False


class _Client(aiomqtt.Client):
    """aiomqtt's client, but a PUBACK that refuses is no acknowledgement: it ends the connection."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.refusal = ""
        self._home = threading.get_ident()
        self._unconfirmed: dict[int, asyncio.Future[None]] = {}
        self.version5 = settings.get("protocol") is aiomqtt.ProtocolVersion.V5

    def _on_message(self, client: Any, userdata: Any, message: Any) -> None:
        del client, userdata
        taken = _Message._from_paho_message(message)
        taken.again = bool(message.dup)
        try:
            self._queue.put_nowait(taken)
        except asyncio.QueueFull:
            log.warning("a command was lost: too many came at once", topic=message.topic, most=QUEUED_COMMANDS)

    def _on_socket_register_write(self, client: Any, userdata: Any, sock: Any) -> None:
        """Write at once what the socket takes, and wait only for the rest.

        Connecting has another thread: by the time that the loop is told, the broker may have closed the socket.
        """
        if threading.get_ident() != self._home:
            self._loop.call_soon_threadsafe(self._on_socket_register_write, client, userdata, sock)
            return
        try:
            client.loop_write()
        except Exception as error:
            if not self._disconnected.done():
                self._disconnected.set_exception(error)
            return
        if client.want_write() and sock.fileno() >= 0:
            super()._on_socket_register_write(client, userdata, sock)

    @property
    def is_gone(self) -> bool:
        """Whether the connection has ended already."""
        return self._disconnected.done()

    def _on_publish(self, client: Any, userdata: Any, mid: int, reason_code: Any, properties: Any) -> None:
        del userdata, properties
        if getattr(reason_code, "is_failure", False):
            self.refusal = f"the broker refused a message ({reason_code}); check the device's rights there"
            # Not from here: paho holds a lock around its callbacks, and writing takes it again.
            self._loop.call_soon(client.disconnect)
        elif (confirmed := self._unconfirmed.pop(mid, None)) is not None and not confirmed.done():
            confirmed.set_result(None)

    def _on_disconnect(self, *args: Any, **settings: Any) -> None:
        """End the waiting of what is not confirmed, too: it is never going to be."""
        super()._on_disconnect(*args, **settings)
        for confirmed in self._unconfirmed.values():
            if not confirmed.done():
                confirmed.set_exception(aiomqtt.MqttError(self.refusal or "the connection broke"))

    async def deliver(self, message: Message, properties: Properties | None) -> None:
        """Publish, and return when the broker has confirmed it: `publish`, without a task for each wait.

        Raises
        ------
        aiomqtt.MqttError
            If it cannot be sent, or is not confirmed in time.
        """
        published = self._client.publish(message.topic, message.payload, message.qos, message.retain, properties)
        if published.rc != 0:
            raise aiomqtt.MqttCodeError(published.rc, "could not publish a message")
        if published.is_published():
            return
        confirmed = self._unconfirmed[published.mid] = self._loop.create_future()
        try:
            with anyio.fail_after(self.timeout):
                await confirmed
        except TimeoutError:
            raise aiomqtt.MqttError("operation timed out") from None
        finally:
            self._unconfirmed.pop(published.mid, None)


@lru_cache(maxsize=16)
def _typed(content_type: str) -> Properties:
    """Return the properties of a message of a type; making them costs more than sending it."""
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.ContentType = content_type
    return properties


def _delivery(command: str, message: aiomqtt.Message) -> Delivery:
    payload = message.payload if isinstance(message.payload, bytes) else b""
    correlation = getattr(message.properties, "CorrelationData", b"")
    again = isinstance(message, _Message) and message.again
    return Delivery(command, payload, correlation, message.mid, again, retained=message.retain)


class _MqttLink(Link):
    def __init__(self, client: _Client, payloads: Payloads, desk: CommandDesk | None) -> None:
        self._client = client
        self._payloads = payloads
        self._desk = desk

    async def send(self, letters: Sequence[Letter]) -> None:
        messages = list(self._payloads.messages(letters))
        if len(messages) == 1:
            await self.publish(messages[0])
            return
        errors: list[LinkError] = []

        async def publish(message: Message) -> None:
            try:
                await self.publish(message)
            except LinkError as error:
                errors.append(error)

        async with anyio.create_task_group() as tasks:
            for message in messages:
                tasks.start_soon(publish, message)
        if errors:
            raise errors[0]

    async def publish(self, message: Message) -> None:
        await self._publish(message, _typed(message.content_type) if self._client.version5 else None)

    async def watch(self) -> None:
        try:
            async for message in self._client.messages:
                await self._carry_out(message)
        except aiomqtt.MqttError as error:
            raise LinkError(self._client.refusal or f"the connection broke: {error.__cause__ or error}") from error

    async def _carry_out(self, message: aiomqtt.Message) -> None:
        if self._desk is None:
            return
        command = message.topic.value.rsplit("/", 1)[-1]
        answer = await self._desk.answer(_delivery(command, message))
        topic, properties = self._reply_to(message, command)
        await self._publish(Message(topic, json.dumps(answer).encode(), "application/json"), properties)

    def _reply_to(self, message: aiomqtt.Message, command: str) -> tuple[str, Properties | None]:
        """Answer where the command says (MQTT 5), or on the device's own topic."""
        asked = message.properties
        topic = getattr(asked, "ResponseTopic", None) or self._payloads.topics.reply(command)
        if not self._client.version5:
            return topic, None
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ContentType = "application/json"
        if asked is not None and hasattr(asked, "CorrelationData"):
            properties.CorrelationData = asked.CorrelationData
        return topic, properties

    async def _publish(self, message: Message, properties: Properties | None) -> None:
        try:
            await self._client.deliver(message, properties)
        except aiomqtt.MqttError as error:
            raise LinkError(f"a message was not acknowledged: {error}") from error
