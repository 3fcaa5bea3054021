"""The MQTT source against a real Mosquitto."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import anyio
import pytest

from edge_runtime.sources import MqttSource
from edge_runtime.stream import Flags
from support.certificates import make_certificates
from support.mosquitto import Mosquitto
from support.waiting import DEADLINE_S, until


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    running = Mosquitto(tmp_path)
    running.start()
    yield running
    running.stop()


def source(broker: Mosquitto, topic: str = "plant/motor", **options: object) -> MqttSource:
    return MqttSource("127.0.0.1", topic, ["x"], 100.0, client="edge-test", port=broker.port, **options)  # type: ignore[arg-type]


async def publish(broker: Mosquitto, first: int, count: int, *, every_s: float) -> None:
    """Publish numbered messages with QoS 1, each until it is acknowledged, whatever the broker does."""
    number = first
    while number < first + count:
        try:
            async with aiomqtt.Client("127.0.0.1", broker.port, identifier="sender", timeout=10) as client:
                while number < first + count:
                    message = json.dumps({"x": number, "seq": number})
                    await client.publish("plant/motor", message, qos=1, timeout=10)
                    number += 1
                    await asyncio.sleep(every_s)
        except aiomqtt.MqttError:  # noqa: PERF203 - it waits anyway
            await asyncio.sleep(0.05)


@asynccontextmanager
async def listening(*sources: tuple[MqttSource, list[int], list[Flags]]) -> AsyncIterator[None]:
    """Collect what sources bring for as long as the context lasts.

    A task group cancels until its tasks have ended: until Python 3.12 `asyncio.wait_for`, which aiomqtt waits with, may
    lose a task's only cancellation.
    """
    async with anyio.create_task_group() as tasks:
        for one in sources:
            tasks.start_soon(collect, *one)
        yield
        tasks.cancel_scope.cancel()


async def collect(taken: MqttSource, got: list[int], flags: list[Flags]) -> None:
    async for block in taken.blocks():
        got += [int(value) for value in block.samples[:, 0]]
        flags.append(block.flags)


def test_no_message_is_lost_when_the_broker_restarts_under_load(broker: Mosquitto) -> None:
    taken, got, flags = source(broker), list[int](), list[Flags]()

    async def run() -> None:
        async with listening((taken, got, flags)):
            await until(lambda: broker.subscriptions("edge-test") == 1)
            sending = asyncio.create_task(publish(broker, 0, 600, every_s=0.002))
            for restart in (1, 2):
                await until(lambda restart=restart: len(got) >= 200 * restart)
                await asyncio.to_thread(broker.stop)
                await asyncio.sleep(0.2)
                await asyncio.to_thread(broker.start)
                await until(lambda restart=restart: broker.subscriptions("edge-test") > restart)
            await asyncio.wait_for(sending, DEADLINE_S)
            await until(lambda: len(got) >= 600)

    asyncio.run(run())
    assert got == list(range(600)), "each message once and in order"
    assert (taken.counts.lost, taken.counts.dropped) == (0, 0)
    assert taken.counts.reconnects >= 2
    assert all(flag == Flags.NONE for flag in flags)


def test_what_is_published_while_the_source_is_away_comes_afterwards(broker: Mosquitto) -> None:
    got, flags = list[int](), list[Flags]()

    async def listen(messages: int) -> None:
        before = broker.subscriptions("edge-test")
        async with listening((source(broker), got, flags)):
            await until(lambda: broker.subscriptions("edge-test") > before and len(got) >= messages)

    async def run() -> None:
        await listen(0)
        await publish(broker, 0, 20, every_s=0)
        await listen(20)

    asyncio.run(run())
    assert got == list(range(20))


# paho leaves the socket of a handshake that failed to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_over_tls_the_broker_must_have_a_certificate_of_the_authority(tmp_path: Path) -> None:
    ours, theirs = (make_certificates(_folder(tmp_path / name)) for name in ("ours", "theirs"))
    broker = Mosquitto(tmp_path / "broker")
    config = broker.folder / "mosquitto.conf"
    config.write_text(config.read_text() + f"certfile {ours}/server.crt\nkeyfile {ours}/server.key\n")
    broker.start()
    trusting = MqttSource("127.0.0.1", "a", ["x"], 1.0, client="one", port=broker.port, ca=ours / "ca.crt")
    wary = MqttSource("127.0.0.1", "a", ["x"], 1.0, client="two", port=broker.port, ca=theirs / "ca.crt")
    got, refused = list[int](), list[int]()

    async def run() -> None:
        context = ssl.create_default_context(cafile=str(ours / "ca.crt"))
        async with (
            listening((trusting, got, []), (wary, refused, [])),
            aiomqtt.Client("127.0.0.1", broker.port, tls_context=context) as client,
        ):
            await until(lambda: broker.subscriptions("one") and wary.counts.reconnects)
            await client.publish("a", json.dumps({"x": 1}), qos=1)
            await until(lambda: got)

    try:
        asyncio.run(run())
    finally:
        broker.stop()
    assert got == [1]
    assert refused == []
    assert wary.counts.reconnects > 0


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def test_what_cannot_be_read_is_counted_and_wildcards_name_channels(broker: Mosquitto) -> None:
    taken = MqttSource("127.0.0.1", "plant/+/motor", ["7/x"], 100.0, client="edge-test", port=broker.port)
    got, flags = list[int](), list[Flags]()

    async def run() -> None:
        async with listening((taken, got, flags)), aiomqtt.Client("127.0.0.1", broker.port) as client:
            await until(lambda: broker.subscriptions("edge-test"))
            for topic, payload in (("7", b"{"), ("7", b'{"x": 5}'), ("8", b'{"x": 6}'), ("7", b'{"x": 7}')):
                await client.publish(f"plant/{topic}/motor", payload, qos=1)
            await until(lambda: (len(got), taken.counts.broken) == (2, 2))

    asyncio.run(run())
    assert got == [5, 7]
    assert taken.counts.broken == 2
