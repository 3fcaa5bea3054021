"""A real Mosquitto on a free port of the loopback interface, a proxy that stalls, and a subscriber."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import SystemRandom
from typing import Any

import paho.mqtt.client as paho
import pytest

from support.lines import whole_lines
from support.waiting import DEADLINE_S, wait_until


def find_mosquitto() -> str:
    """Return Mosquitto's path; skip the test where it is not installed."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if found is None:
        pytest.skip("mosquitto is missing: apt-get install mosquitto")
    return found


def free_port() -> int:
    """Return a port of the loopback interface that nobody uses now.

    It lies below those that Linux gives to whoever names none: so nobody comes upon it before it is used, or while the
    server behind it is being started again.
    """
    while True:
        port = SystemRandom().randrange(10_000, 32_768)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_for_port(port: int) -> None:
    """Wait until somebody listens there."""

    def listens() -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S):
            return True
        return False

    wait_until(listens)


class Mosquitto:
    """A broker that keeps sessions on the disk, and can be stopped, killed and started again on the same port."""

    def __init__(self, folder: Path, extra: str = "") -> None:
        self.port = free_port()
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)
        self._config = folder / "mosquitto.conf"
        listener = extra or f"listener {self.port} 127.0.0.1\nallow_anonymous true"
        self._config.write_text(
            f"{listener}\npersistence true\npersistence_location {folder}/\nautosave_interval 1\n"
            "autosave_on_changes true\nmax_queued_messages 0\nmax_inflight_messages 0\nlog_type error\n"
            "log_type subscribe\nuser root\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it listens."""
        # The log is a file: a pipe that nobody reads would stop the broker.
        with (self.folder / "log").open("ab") as output:
            self._process = subprocess.Popen(
                [find_mosquitto(), "-c", str(self._config)], stdout=output, stderr=output, stdin=subprocess.DEVNULL
            )
        wait_for_port(self.port)

    def subscriptions(self, client: str) -> int:
        """Return how often a client has subscribed to something."""
        return sum(f": {client} " in line for line in whole_lines(self.folder / "log"))

    def stop(self) -> None:
        """Stop it in good order: it saves its sessions."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(DEADLINE_S)
            self._process = None

    def restart(self) -> None:
        """Stop and start it."""
        self.stop()
        self.start()


@contextmanager
def mosquitto(folder: Path) -> Iterator[Mosquitto]:
    """Run a broker for as long as the context lasts."""
    broker = Mosquitto(folder)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


class Subscriber:
    """Takes in all messages of a filter in a session that outlives the connection; paho's own client, in a thread."""

    def __init__(self, port: int, topic: str = "edge/#", client_id: str = "subscriber") -> None:
        self.messages: list[tuple[str, bytes]] = []
        self._topic = topic
        self._ready = False
        self._client = paho.Client(
            paho.CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=False, protocol=paho.MQTTv311
        )
        self._client.reconnect_delay_set(min_delay=1, max_delay=1)
        self._client.on_connect = self._connected
        self._client.on_subscribe = self._subscribed
        self._client.on_message = self._message
        self._client.connect("127.0.0.1", port, keepalive=10)
        self._client.loop_start()
        wait_until(lambda: self._ready)

    def _connected(self, client: paho.Client, *_: Any) -> None:
        client.subscribe(self._topic, qos=1)

    def _subscribed(self, *_: Any) -> None:
        self._ready = True

    def _message(self, _client: paho.Client, _userdata: Any, message: paho.MQTTMessage) -> None:
        self.messages.append((message.topic, message.payload))

    def records(self, kind: str = "") -> list[dict[str, Any]]:
        """Return the records of a kind that have come, in order, duplicates too (native JSON payloads)."""
        found = []
        for topic, payload in list(self.messages):
            value = [] if "/command/" in topic else json.loads(payload)
            found += [r for r in value if not kind or r["kind"] == kind] if isinstance(value, list) else []
        return found

    def publish(self, topic: str, payload: bytes, **settings: Any) -> None:
        """Publish with QoS 1."""
        self._client.publish(topic, payload, qos=1, **settings)

    def close(self) -> None:
        """Disconnect and end the thread."""
        self._client.disconnect()
        self._client.loop_stop()
