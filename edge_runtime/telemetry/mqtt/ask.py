"""Asks a device something over MQTT 5: a command, and the answer on a topic of its own."""

from __future__ import annotations

import json
import secrets
from typing import Any

import aiomqtt
import anyio
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge_runtime.errors import LinkError
from edge_runtime.telemetry.mqtt.broker import Broker
from edge_runtime.telemetry.mqtt.parts import cut
from edge_runtime.telemetry.payloads.base import Topics

__all__ = ["ask_device"]

WHOLE_BYTES = 100 * 1024
"""What is larger is sent in parts of this size: less than any broker's limit that we know of."""

AGAIN_S = 10.0
"""How often a command without an answer is sent again, in seconds: the broker drops what comes before the device has
subscribed. The device carries a command out once, however often it comes."""


async def ask_device(
    broker: Broker, topics: Topics, command: str, payload: bytes, *, pipeline: str = "", deadline_s: float = 60.0
) -> dict[str, Any]:
    """Send a command to a device, and return its answer; it may be ``{"error": …}``.

    Parameters
    ----------
    broker
        The broker; its client id is not used.
    topics
        The device's topics.
    command, payload
        What it is to do. A payload of more than `WHOLE_BYTES` is a file, and sent in parts.
    pipeline
        For which of its pipelines a file is; it is sent in parts then, which say so.
    deadline_s
        Seconds to wait for each answer.

    Raises
    ------
    LinkError
        If the broker cannot be reached, or the device does not answer in time.
    """
    me = f"{topics.base}/answer/{secrets.token_hex(8)}"
    asked = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    asked.ResponseTopic = me
    try:
        async with _client(broker) as client:
            await client.subscribe(me, qos=1)
            if len(payload) <= WHOLE_BYTES and not pipeline:
                return await _ask(client, topics, command, payload, asked, deadline_s)
            answer: dict[str, Any] = {}
            for part in cut(command, payload, pipeline=pipeline, part_bytes=WHOLE_BYTES):
                answer = await _ask(client, topics, "part", part, asked, deadline_s)
                if "error" in answer:
                    break
            return answer
    except aiomqtt.MqttError as error:
        raise LinkError(f"{broker.address}: {error}") from error


def _client(broker: Broker) -> aiomqtt.Client:
    return aiomqtt.Client(
        broker.host,
        broker.port,
        username=broker.username,
        password=broker.password,
        protocol=aiomqtt.ProtocolVersion.V5,
        timeout=broker.deadline_s,
        tls_context=broker.tls_context(),
    )


async def _ask(
    client: aiomqtt.Client, topics: Topics, command: str, payload: bytes, asked: Properties, deadline_s: float
) -> dict[str, Any]:
    asked.CorrelationData = correlation = secrets.token_bytes(16)
    until = anyio.current_time() + deadline_s
    while (now := anyio.current_time()) < until:
        await client.publish(topics.command(command), payload, qos=1, properties=asked)
        with anyio.move_on_after(min(AGAIN_S, until - now)):
            return await _answer(client, correlation)
    raise LinkError(f"{topics.device} did not answer within {deadline_s:.0f} s; does it run, with a sink of kind mqtt?")


async def _answer(client: aiomqtt.Client, correlation: bytes) -> dict[str, Any]:
    """Wait for the answer to a command."""
    async for message in client.messages:
        if getattr(message.properties, "CorrelationData", None) == correlation:
            answer = json.loads(message.payload if isinstance(message.payload, bytes) else b"null")
            return answer if isinstance(answer, dict) else {"error": "the device's answer is no JSON object"}
    raise LinkError("the broker's messages have ended")
