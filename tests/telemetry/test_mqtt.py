"""Against a real Mosquitto: what arrives, what survives, who may do what."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from edge_runtime.daemon.sink_tables import MqttTable
from edge_runtime.daemon.sinks import open_sinks
from edge_runtime.errors import ConfigError, DataError
from edge_runtime.telemetry import Backoff, Forwarder, Outbox, OutboxSink, Spool, make_record
from edge_runtime.telemetry.mqtt import Broker, CommandDesk, MqttCarrier
from edge_runtime.telemetry.payloads import NativePayloads, Topics, discovery_messages
from support.certificates import make_certificates
from support.mosquitto import Mosquitto, Subscriber, mosquitto
from support.stall import StallingProxy
from support.waiting import DEADLINE_S, until

pytestmark = pytest.mark.anyio

TOPICS = Topics("dev")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with mosquitto(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def subscriber(broker: Mosquitto) -> Iterator[Subscriber]:
    listening = Subscriber(broker.port)
    yield listening
    listening.close()


def sink(
    folder: Path,
    port: int,
    *,
    on_command: Any = None,
    greetings: Any = (),
    late_after: float = DEADLINE_S,
    **settings: Any,
) -> OutboxSink:
    broker = Broker(**{"host": "127.0.0.1", "port": port, "client_id": "dev", "deadline_s": DEADLINE_S, **settings})
    desk = None if on_command is None else CommandDesk(on_command, folder / "commands")
    carrier = MqttCarrier(broker, NativePayloads(TOPICS), desk=desk, greetings=greetings)
    outbox = Outbox(Spool(folder / "outbox"), commit_every=0.005)
    backoff = Backoff(first_s=0.05, longest_s=0.2)
    return OutboxSink(outbox, Forwarder(outbox, carrier, late_after=late_after, backoff=backoff))


def records(*numbers: int, kind: str = "prediction") -> list[dict[str, Any]]:
    return [make_record(kind, record_id=f"r-{n}", t_ns=n, pipeline="p") for n in numbers]


def ids(subscriber: Subscriber) -> set[str]:
    return {record["id"] for record in subscriber.records()}


@pytest.mark.parametrize("version", ["5", "3.1.1"])
async def test_records_arrive_on_their_topics(
    tmp_path: Path, broker: Mosquitto, subscriber: Subscriber, version: str
) -> None:
    async with sink(tmp_path, broker.port, version=version) as out:
        await out.put([*records(1, 2), *records(3, kind="event")])
        await until(lambda: ids(subscriber) == {"r-1", "r-2", "r-3"})
    topics = {topic for topic, payload in subscriber.messages if payload.startswith(b"[")}
    assert topics == {"edge/v1/dev/p/prediction", "edge/v1/dev/p/event"}
    assert not any("late" in record for record in subscriber.records())


async def test_birth_and_farewell_say_whether_the_device_is_there(
    tmp_path: Path, broker: Mosquitto, subscriber: Subscriber
) -> None:
    async with sink(tmp_path, broker.port) as out:
        await until(lambda: out.forwarder.state.connected)
    await until(lambda: len(subscriber.messages) == 2)
    assert [json.loads(payload)["online"] for _, payload in subscriber.messages] == [True, False]
    assert {topic for topic, _ in subscriber.messages} == {"edge/v1/dev/availability"}


async def test_the_will_tells_of_a_device_that_is_gone(
    tmp_path: Path, broker: Mosquitto, subscriber: Subscriber
) -> None:
    with StallingProxy(broker.port) as proxy:
        async with sink(tmp_path, proxy.port) as out:
            await until(lambda: out.forwarder.state.connected)
            proxy.cut()
            await until(lambda: any(not json.loads(payload)["online"] for _, payload in subscriber.messages))


async def test_a_broker_that_was_away_gets_everything_late_and_says_so(
    tmp_path: Path, broker: Mosquitto, subscriber: Subscriber
) -> None:
    async with sink(tmp_path, broker.port, late_after=0.5) as out:
        await until(lambda: out.forwarder.state.connected)
        broker.stop()
        await out.put(records(*range(200)))
        await anyio.sleep(0.6)
        broker.start()
        await until(lambda: len(ids(subscriber)) == 200)
        assert all(record["late"] for record in subscriber.records())
        assert [record["t_ns"] for record in subscriber.records()][:3] == [0, 1, 2]
        assert out.forwarder.state.failures > 0


async def test_a_connection_that_stalls_is_noticed_and_made_anew(
    tmp_path: Path, broker: Mosquitto, subscriber: Subscriber
) -> None:
    with StallingProxy(broker.port) as proxy:
        async with sink(tmp_path, proxy.port, deadline_s=1.0) as out:
            await out.put(records(1))
            await until(lambda: "r-1" in ids(subscriber))
            proxy.stall()
            await out.put(records(2))
            await until(lambda: out.forwarder.state.failures > 0)
            proxy.resume()
            await until(lambda: ids(subscriber) == {"r-1", "r-2"})


async def test_what_an_earlier_run_left_is_sent_by_the_next(
    tmp_path: Path, broker: Mosquitto, subscriber: Subscriber
) -> None:
    broker.stop()
    async with sink(tmp_path, broker.port) as out:
        await out.put(records(1, 2))
    broker.start()
    async with sink(tmp_path, broker.port):
        await until(lambda: ids(subscriber) == {"r-1", "r-2"})
    assert all(record["late"] for record in subscriber.records())


async def test_commands_are_carried_out_and_answered(tmp_path: Path, broker: Mosquitto, subscriber: Subscriber) -> None:
    async def carry_out(name: str, payload: bytes) -> dict[str, Any]:
        if name == "bad":
            raise DataError("no such command")
        return {"did": name, "with": payload.decode()}

    async with sink(tmp_path, broker.port, on_command=carry_out) as out:
        await until(lambda: out.forwarder.state.connected)
        subscriber.publish("edge/v1/dev/command/label", b"{}")
        subscriber.publish("edge/v1/dev/command/bad", b"")
        answers = lambda: dict(m for m in subscriber.messages if "/reply/" in m[0])  # noqa: E731
        await until(lambda: len(answers()) == 2)
    assert json.loads(answers()["edge/v1/dev/reply/label"]) == {"did": "label", "with": "{}"}
    assert json.loads(answers()["edge/v1/dev/reply/bad"]) == {"error": "no such command"}


async def test_the_rate_limit_holds_at_every_instant(tmp_path: Path, broker: Mosquitto, subscriber: Subscriber) -> None:
    table = MqttTable.model_validate(
        {
            "kind": "mqtt",
            "broker": f"mqtt://127.0.0.1:{broker.port}",
            "outbox": tmp_path / "outbox",
            "rate_limit": 40.0,
            "deadline": "1 h",
            "commands": False,
        }
    )
    (out,) = open_sinks([table], device="dev", pipelines=["p"]).values()
    assert isinstance(out, OutboxSink)
    async with out:
        await until(lambda: out.forwarder.state.connected)
        began, seen = time.monotonic(), 0
        for first in range(0, 100, 20):
            await out.put(records(*range(first, first + 20)))
        while seen < 100:
            # What has been seen by now was sent before now: a second's worth at once, and the rate after that.
            seen = len(subscriber.records())
            assert seen <= 40 + 40 * (time.monotonic() - began)
            await anyio.sleep(0.01)
        assert time.monotonic() - began >= 1.5
        await until(lambda: out.outbox.counts().depth == 0)
    assert len(ids(subscriber)) == len(subscriber.records()) == 100


async def test_home_assistant_finds_the_sensors(tmp_path: Path, broker: Mosquitto) -> None:
    listening = Subscriber(broker.port, "homeassistant/#")
    async with sink(tmp_path, broker.port, greetings=discovery_messages(TOPICS, ["p"])) as out:
        await until(lambda: out.forwarder.state.connected)
        await until(lambda: len(listening.messages) == 4)
    config = {topic: json.loads(payload) for topic, payload in listening.messages}
    sensor = config["homeassistant/sensor/dev_p_prediction_name/config"]
    assert sensor["state_topic"] == "edge/v1/dev/p/prediction"
    assert sensor["availability_topic"] == "edge/v1/dev/availability"
    assert len({about["unique_id"] for about in config.values()}) == 4
    listening.close()


async def test_a_record_that_the_broker_refuses_is_not_taken_for_delivered(tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    folder.mkdir()
    (folder / "acl").write_text("topic readwrite edge/v1/dev/availability\n")
    (folder / "acl").chmod(0o600)
    broker = Mosquitto(folder)
    config = folder / "mosquitto.conf"
    config.write_text(config.read_text() + f"acl_file {folder}/acl\n")
    broker.start()
    try:
        async with sink(tmp_path, broker.port) as out:
            await out.put(records(1))
            await until(lambda: out.forwarder.state.failures > 0)
            assert "refused a message (Not authorized)" in str(out.forwarder.state.last_error)
            assert out.outbox.counts().depth == 1
    finally:
        broker.stop()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, a broker's certificate and a device's, made by openssl."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


async def test_tls_with_client_certificates(tmp_path: Path, certificates: Path) -> None:
    broker = Mosquitto(tmp_path / "broker")
    config = broker.folder / "mosquitto.conf"
    config.write_text(
        config.read_text()
        + f"cafile {certificates}/ca.crt\ncertfile {certificates}/server.crt\nkeyfile {certificates}/server.key\n"
        "require_certificate true\n"
    )
    broker.start()
    ours = {"tls": True, "ca_file": certificates / "ca.crt"}
    device = {"cert_file": certificates / "device.crt", "key_file": certificates / "device.key"}
    try:
        async with sink(tmp_path, broker.port, **ours, **device) as out:
            await out.put(records(1))
            await until(lambda: out.forwarder.state.acknowledged == 1)
        async with sink(tmp_path / "broker", broker.port, deadline_s=1.0, **ours) as stranger:
            await until(lambda: stranger.forwarder.state.failures > 0)
            assert stranger.forwarder.state.acknowledged == 0
    finally:
        broker.stop()


def test_a_missing_certificate_is_told() -> None:
    broker = Broker("h", tls=True, ca_file=Path("none.crt"))
    with pytest.raises(ConfigError, match=r"none\.crt: cannot be read as certificates"):
        broker.tls_context()
