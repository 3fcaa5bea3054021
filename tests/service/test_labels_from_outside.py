"""Labels by MQTT, HTTP and serial line to one daemon: late, out of order, by prediction and by span of time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from support import daemon
from support.mosquitto import Mosquitto, Subscriber, free_port, mosquitto
from support.networks import dense_network
from support.pty import PluggedDevice
from support.running import PIPELINE, Running, post, run_daemon
from support.waiting import wait_until

CAPACITY = 24
WAYS = ("http", "mqtt", "serial")
START_NS = 1_700_000_000 * 10**9
RECORDED = """
kind = "recording"
path = "day.npz"
block_size = 10
pace = 20.0
"""
FED = """
kind = "mqtt"
host = "127.0.0.1"
port = {broker}
topic = "press/vibration"
channels = ["x", "y"]
rate = "10 Hz"
client = "press-7-source"
"""


class Labeller:
    """Gives labels by one of three ways, and returns the daemon's answer; between them the stream stands still."""

    def __init__(self, running: Running, subscriber: Subscriber) -> None:
        self.running, self.subscriber = running, subscriber
        self._samples = daemon.recording(400).samples.reshape(-1, 10, 2)
        self._seconds = 0
        self.feed(1)  # the first window takes two seconds

    def feed(self, seconds: int) -> None:
        """Let so many seconds of the stream pass, each of which ends a window."""
        for number in range(self._seconds, self._seconds + seconds):
            x, y = self._samples[number].T.tolist()
            message = {"t_ns": START_NS + number * 10**9, "seq": number, "x": x, "y": y}
            self.subscriber.publish("press/vibration", json.dumps(message).encode())
        self._seconds += seconds

    def give(self, way: str, **label: Any) -> dict[str, Any]:
        """Give one label; return its status and how many predictions it was for, or the error."""
        said = {"pipeline": "vibration", "source": way, **label}
        if way == "http":
            _, answer = post(self.running, "/labels", {"labels": [said]})
            return answer if "error" in answer else {name: answer[plural][0] for name, plural in _ANSWERS.items()}
        if way == "serial":
            self.running.button.send(json.dumps({"command": "label", **said}).encode() + b"\n")
            line: dict[str, Any] = json.loads(self.running.button.read_line())
            return {name: value for name, value in line.items() if name != "command"}
        return self.by_mqtt(json.dumps(said).encode())

    def by_mqtt(self, payload: bytes) -> dict[str, Any]:
        """Publish a label command, and return the reply to it."""
        before = len(self._replies())
        self.subscriber.publish("edge/v1/press-7/command/label", payload)
        wait_until(lambda: len(self._replies()) > before)
        reply: dict[str, Any] = json.loads(self._replies()[before])
        return reply

    def predictions(self) -> list[dict[str, Any]]:
        """Return the predictions that were published, each once, oldest first."""
        found = {record["prediction"]: record for record in self.subscriber.records("prediction")}
        return [found[number] for number in sorted(found)]

    def wait_for_predictions(self, more: int) -> list[dict[str, Any]]:
        """Let so many more windows pass, wait until they were published, and return all."""
        self.feed(more)
        wait_until(lambda: len(self.predictions()) == self._seconds - 1)
        return self.predictions()

    def _replies(self) -> list[bytes]:
        return [payload for topic, payload in list(self.subscriber.messages) if topic.endswith("/reply/label")]


_ANSWERS = {"status": "statuses", "predictions": "predictions"}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with mosquitto(tmp_path_factory.mktemp("broker")) as made:
        yield made


@pytest.fixture(scope="module")
def labeller(tmp_path_factory: pytest.TempPathFactory, broker: Mosquitto) -> Iterator[Labeller]:
    folder = tmp_path_factory.mktemp("labelled")
    (folder / "small.tflite").write_bytes(dense_network([8, 16, 2], seed=3))
    button, port = PluggedDevice(folder / "button"), free_port()
    button.plug()
    text = PIPELINE.replace(RECORDED, FED).format(port=port, broker=broker.port, button=button.path)
    (folder / "pipeline.toml").write_text(text.replace('label_delay = "40 s"', f"capacity = {CAPACITY}"))
    subscriber = Subscriber(broker.port)
    try:
        with run_daemon(folder, port, button) as running:
            wait_until(lambda: broker.subscriptions("press-7-source"))
            yield Labeller(running, subscriber)
    finally:
        subscriber.close()


@pytest.mark.parametrize("way", WAYS)
def test_labels_come_late_and_out_of_order(labeller: Labeller, way: str) -> None:
    newest = [record["prediction"] for record in labeller.wait_for_predictions(8)[-6:]]
    for prediction in (newest[5], newest[0], newest[3]):
        answer = labeller.give(way, prediction=prediction, label="wild")
        assert answer == {"status": "accepted", "predictions": 1}
    again = labeller.give(way, prediction=newest[0], label="calm")
    assert again == {"status": "duplicate", "predictions": 1}
    labeller.wait_for_predictions(CAPACITY)
    assert labeller.give(way, prediction=newest[1], label="wild")["status"] == "forgotten"
    assert labeller.give(way, prediction=10**6, label="wild")["status"] == "unknown"


@pytest.mark.parametrize("way", WAYS)
def test_a_label_for_a_span_is_one_for_every_window_in_it(labeller: Labeller, way: str) -> None:
    *_, first, _, last = labeller.wait_for_predictions(5)
    span = {"start_ns": first["start_ns"], "end_ns": last["t_ns"], "label": "calm"}
    assert labeller.give(way, **span) == {"status": "accepted", "predictions": 3}
    assert labeller.give(way, **span) == {"status": "duplicate", "predictions": 3}


@pytest.mark.parametrize("way", WAYS)
def test_a_label_for_a_span_that_is_still_to_come_waits_for_it(labeller: Labeller, way: str) -> None:
    newest = labeller.wait_for_predictions(1)[-1]
    soon = newest["t_ns"] + 8 * 10**9
    span = {"start_ns": soon, "end_ns": soon + 4 * 10**9, "label": "wild"}
    assert labeller.give(way, **span) == {"status": "queued", "predictions": 0}

    def learnt() -> list[Any]:
        records = labeller.subscriber.records("label")
        return [r for r in records if r["prediction"] > newest["prediction"] and r["status"] == "accepted"]

    labeller.wait_for_predictions(14)
    wait_until(lambda: len(learnt()) >= 3)
    windows = {record["prediction"]: record for record in labeller.predictions()}
    for record in learnt():
        assert soon <= windows[record["prediction"]]["start_ns"] < windows[record["prediction"]]["t_ns"] <= soon + 4e9


@pytest.mark.parametrize("way", WAYS)
def test_a_wrong_label_is_told_why_and_the_daemon_goes_on(labeller: Labeller, way: str) -> None:
    newest = labeller.wait_for_predictions(1)[-1]["prediction"]
    assert "has no class 'tame'; it has calm, wild" in labeller.give(way, prediction=newest, label="tame")["error"]
    elsewhere = labeller.give(way, prediction=newest, label="wild", pipeline="p")["error"]
    assert "'p'; there are vibration" in elsewhere
    assert "error" in labeller.give(way, label="wild")
    assert labeller.give(way, prediction=newest, label="wild")["status"] == "accepted"


def test_a_message_that_is_no_label_is_answered(labeller: Labeller) -> None:
    assert "no JSON" in labeller.by_mqtt(b"\xff{")["error"]
    assert "must be a JSON object" in labeller.by_mqtt(b"[1]")["error"]


def test_labels_that_came_while_the_broker_was_away_are_learnt(labeller: Labeller, broker: Mosquitto) -> None:
    """A label is published once; the broker keeps it for a device that is not connected, and so does the session."""
    before = len(labeller._replies())

    def statuses() -> list[str]:
        """Whatever was not acknowledged before the restart may come again, and be answered again."""
        replies = [json.loads(reply) for reply in labeller._replies()[before:]]
        return [reply["status"] for reply in replies if "status" in reply]

    newest = labeller.wait_for_predictions(1)[-1]["prediction"]
    broker.restart()
    label = {"pipeline": "vibration", "prediction": newest, "label": "wild", "source": "late"}
    labeller.subscriber.publish("edge/v1/press-7/command/label", json.dumps(label).encode())
    wait_until(lambda: "accepted" in statuses())
