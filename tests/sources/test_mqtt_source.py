"""The MQTT source against a real Mosquitto."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import aiomqtt
import pytest

from edge_runtime.sources import MqttSource
from edge_runtime.stream import Flags
from support.broker import Broker


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    running = Broker(tmp_path)
    running.start()
    yield running
    running.stop()


def source(broker: Broker, topic: str = "plant/motor", **options: object) -> MqttSource:
    return MqttSource("127.0.0.1", topic, ["x"], 100.0, client="edge-test", port=broker.port, **options)  # type: ignore[arg-type]


async def publish(broker: Broker, first: int, count: int, *, every_s: float) -> None:
    """Publish numbered messages with QoS 1, each until it is acknowledged, whatever the broker does."""
    number = first
    while number < first + count:
        try:
            async with aiomqtt.Client("127.0.0.1", broker.port, identifier="sender", timeout=2) as client:
                while number < first + count:
                    message = json.dumps({"x": number, "seq": number})
                    await client.publish("plant/motor", message, qos=1, timeout=2)
                    number += 1
                    await asyncio.sleep(every_s)
        except aiomqtt.MqttError:  # noqa: PERF203 - it waits anyway
            await asyncio.sleep(0.05)


async def collect(taken: MqttSource, got: list[int], flags: list[Flags]) -> None:
    async for block in taken.blocks():
        got += [int(value) for value in block.samples[:, 0]]
        flags.append(block.flags)


def test_no_message_is_lost_when_the_broker_restarts_under_load(broker: Broker) -> None:
    taken, got, flags = source(broker), list[int](), list[Flags]()

    async def run() -> None:
        listening = asyncio.create_task(collect(taken, got, flags))
        await asyncio.sleep(0.5)
        sending = asyncio.create_task(publish(broker, 0, 600, every_s=0.002))
        for _ in range(2):
            await asyncio.sleep(0.5)
            await asyncio.to_thread(broker.stop)
            await asyncio.sleep(0.2)
            await asyncio.to_thread(broker.start)
        await asyncio.wait_for(sending, 60)
        for _ in range(400):
            if len(got) >= 600:
                break
            await asyncio.sleep(0.05)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)

    asyncio.run(run())
    assert got == list(range(600)), "each message once and in order"
    assert (taken.counts.lost, taken.counts.dropped) == (0, 0)
    assert taken.counts.reconnects >= 2
    assert all(flag == Flags.NONE for flag in flags)


def test_what_is_published_while_the_source_is_away_comes_afterwards(broker: Broker) -> None:
    got, flags = list[int](), list[Flags]()

    async def listen(seconds: float) -> None:
        listening = asyncio.create_task(collect(source(broker), got, flags))
        await asyncio.sleep(seconds)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)

    async def run() -> None:
        await listen(0.5)
        await publish(broker, 0, 20, every_s=0)
        await listen(1.5)

    asyncio.run(run())
    assert got == list(range(20))


def test_what_cannot_be_read_is_counted_and_wildcards_name_channels(broker: Broker) -> None:
    taken = MqttSource("127.0.0.1", "plant/+/motor", ["7/x"], 100.0, client="edge-test", port=broker.port)
    got, flags = list[int](), list[Flags]()

    async def run() -> None:
        listening = asyncio.create_task(collect(taken, got, flags))
        await asyncio.sleep(0.5)
        async with aiomqtt.Client("127.0.0.1", broker.port) as client:
            for topic, payload in (("7", b"{"), ("7", b'{"x": 5}'), ("8", b'{"x": 6}'), ("7", b'{"x": 7}')):
                await client.publish(f"plant/{topic}/motor", payload, qos=1)
        await asyncio.sleep(0.3)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)

    asyncio.run(run())
    assert got == [5, 7]
    assert taken.counts.broken == 2
