"""Commands over a real Mosquitto: each is carried out once, however often it is delivered, and answered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import paho.mqtt.client as paho
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge_runtime.errors import BundleError, DataError, LinkError
from edge_runtime.telemetry import Backoff, Forwarder, Outbox, OutboxSink, Spool
from edge_runtime.telemetry.mqtt import Broker, CommandDesk, MqttCarrier
from edge_runtime.telemetry.mqtt.ask import WHOLE_BYTES, ask_device
from edge_runtime.telemetry.mqtt.ledger import INTERRUPTED, Ledger
from edge_runtime.telemetry.mqtt.parts import LARGEST_PART, Parts, cut
from edge_runtime.telemetry.payloads import NativePayloads, Topics
from support.mosquitto import Mosquitto, Subscriber, mosquitto
from support.stall import StallingProxy
from support.waiting import DEADLINE_S, until

pytestmark = pytest.mark.anyio

TOPICS = Topics("dev")


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with mosquitto(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture
def subscriber(broker: Mosquitto) -> Iterator[Subscriber]:
    listening = Subscriber(broker.port, "edge/v1/dev/reply/#", client_id="replies")
    yield listening
    listening.close()


class Acts:
    """Carries commands out, and counts."""

    def __init__(self) -> None:
        self.done: list[tuple[str, bytes]] = []

    async def __call__(self, command: str, payload: bytes) -> dict[str, Any]:
        if command == "bad":
            raise BundleError("the bundle is not signed")
        self.done.append((command, payload))
        return {"did": command, "count": len(self.done)}


def sink(folder: Path, port: int, acts: Any) -> OutboxSink:
    desk = CommandDesk(acts, folder / "commands", repeatable=("status",), files=("bundle",))
    broker = Broker("127.0.0.1", port, client_id=folder.name, deadline_s=DEADLINE_S)
    outbox = Outbox(Spool(folder / "outbox"), commit_every=0.005)
    backoff = Backoff(first_s=0.05, longest_s=0.2)
    return OutboxSink(
        outbox, Forwarder(outbox, MqttCarrier(broker, NativePayloads(TOPICS), desk=desk), backoff=backoff)
    )


async def test_the_answer_comes_where_the_command_says_with_its_correlation_data(
    tmp_path: Path, broker: Mosquitto
) -> None:
    acts, there = Acts(), Broker("127.0.0.1", broker.port)
    async with sink(tmp_path, broker.port, acts) as out:
        await until(lambda: out.forwarder.state.connected)
        assert await ask_device(there, TOPICS, "bundle-action", b"{}") == {"did": "bundle-action", "count": 1}
        # The same words in another command are another command.
        assert await ask_device(there, TOPICS, "bundle-action", b"{}") == {"did": "bundle-action", "count": 2}
        assert await ask_device(there, TOPICS, "bad", b"") == {"error": "the bundle is not signed"}
        with pytest.raises(LinkError, match="nobody did not answer"):
            await ask_device(there, Topics("nobody"), "status", b"", deadline_s=0.2)


async def test_a_command_that_comes_before_the_device_is_sent_again_and_carried_out_once(
    tmp_path: Path, broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_runtime.telemetry.mqtt.ask.AGAIN_S", 0.1)
    acts, there = Acts(), Broker("127.0.0.1", broker.port)
    answers: list[dict[str, Any]] = []

    async def ask() -> None:
        answers.append(await ask_device(there, TOPICS, "bundle-action", b"{}"))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await anyio.sleep(0.3)
        assert answers == []
        async with sink(tmp_path, broker.port, acts):
            await until(lambda: bool(answers))
    assert answers == [{"did": "bundle-action", "count": 1}]
    assert acts.done == [("bundle-action", b"{}")]


async def test_a_command_that_the_broker_delivers_again_acts_once(
    tmp_path: Path, broker: Mosquitto, subscriber: Subscriber
) -> None:
    acts = Acts()
    with StallingProxy(broker.port) as proxy:
        async with sink(tmp_path, proxy.port, acts) as out:
            await until(lambda: out.forwarder.state.connected)
            proxy.lose_answers()
            subscriber.publish("edge/v1/dev/command/bundle-action", b'{"action": "rollback"}')
            await until(lambda: len(acts.done) == 1)
            proxy.cut()
            # Its acknowledgement never arrived: the broker delivers it again, and the answer comes at last.
            await until(lambda: len(subscriber.messages) == 1)
            subscriber.publish("edge/v1/dev/command/bundle-action", b'{"action": "rollback"}')
            await until(lambda: len(subscriber.messages) == 2)
    assert [json.loads(payload)["count"] for _, payload in subscriber.messages] == [1, 2]
    assert len(acts.done) == 2, "the second command is another one"


async def test_a_command_with_known_correlation_data_is_answered_again_even_after_a_restart(
    tmp_path: Path, broker: Mosquitto
) -> None:
    acts, answers = Acts(), []
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="asker", protocol=paho.MQTTv5)
    client.on_message = lambda _client, _data, message: answers.append(json.loads(message.payload))
    client.connect("127.0.0.1", broker.port)
    client.subscribe("answers", qos=1)
    client.loop_start()
    asked = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    asked.ResponseTopic, asked.CorrelationData = "answers", b"command 17"
    for count in (1, 2):
        async with sink(tmp_path, broker.port, acts) as out:
            await until(lambda: out.forwarder.state.connected)
            for repeated in range(2):
                client.publish("edge/v1/dev/command/bundle-action", b"{}", qos=1, properties=asked)
                wanted = 2 * count - 1 + repeated
                await until(lambda wanted=wanted: len(answers) == wanted)
    client.disconnect()
    client.loop_stop()
    assert answers == 4 * [{"did": "bundle-action", "count": 1}]


async def test_a_retained_command_is_refused_at_every_connection(
    tmp_path: Path, broker: Mosquitto, subscriber: Subscriber
) -> None:
    acts = Acts()
    subscriber.publish("edge/v1/dev/command/bundle-action", b"{}", retain=True)
    async with sink(tmp_path, broker.port, acts) as out:
        await until(lambda: out.forwarder.state.connected)
        await until(lambda: len(subscriber.messages) >= 1)
        subscriber.publish("edge/v1/dev/command/bundle-action", b"", retain=True)
    assert "do not retain it" in json.loads(subscriber.messages[0][1])["error"]
    assert [payload for _, payload in acts.done if payload] == []


async def test_a_large_file_comes_in_parts(tmp_path: Path, broker: Mosquitto) -> None:
    acts, content = Acts(), bytes(range(256)) * 2000
    assert len(content) > 4 * WHOLE_BYTES
    async with sink(tmp_path, broker.port, acts) as out:
        await until(lambda: out.forwarder.state.connected)
        answer = await ask_device(Broker("127.0.0.1", broker.port), TOPICS, "bundle", content)
    assert answer == {"did": "bundle", "count": 1}
    assert acts.done == [("bundle", content)]


def test_parts_that_come_twice_are_taken_once_and_a_gap_is_told() -> None:
    content = bytes(1000)
    first, second, third = cut("bundle", content, part_bytes=400)
    parts = Parts(["bundle"])
    assert parts.take(first)[0]["received"] == 400
    assert parts.take(first)[0]["received"] == 400
    with pytest.raises(DataError, match="go on at byte 400 of 1000"):
        parts.take(third)
    assert parts.take(second)[1] is None
    assert parts.take(third)[1] == ("bundle", content)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (b"no line", "a part begins with a line like"),
        (b"{}\nx", "a part's command: Field required"),
        (cut("status", b"x")[0], "takes no file; bundle do"),
        (cut("bundle", bytes(LARGEST_PART + 1), part_bytes=LARGEST_PART + 1)[0], "it may have 262,144"),
        (cut("bundle", b"xy")[0] + b"z", "more than the 2 bytes"),
        (cut("bundle", b"xy")[0][:-1] + b"z", "its SHA-256 differs"),
        (cut("bundle", b"xy")[0].replace(b'"size":2', b'"size":99999999999'), "a part's size"),
    ],
)
def test_what_is_no_part_is_refused_with_the_reason(part: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Parts(["bundle"]).take(part)


def test_a_command_that_a_kill_interrupted_is_not_carried_out_again(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("edge_runtime.telemetry.mqtt.ledger.KEPT", 8)
    ledger = Ledger(tmp_path / "commands")
    assert ledger.begin(b"k") is None
    assert Ledger(tmp_path / "commands").begin(b"k") == INTERRUPTED
    ledger.end(b"k", {"did": 1})
    assert Ledger(tmp_path / "commands").begin(b"k") == {"did": 1}
    for number in range(8):
        ledger.begin(hashlib.sha256(b"%d" % number).digest())
    assert ledger.begin(b"k") is None, "the oldest are forgotten"
