"""A daemon in a process of its own, with its service."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.pty import PluggedDevice
from support.waiting import DEADLINE_S, wait_until

NOBODY = 9
"""A port where nobody listens, and which nobody is given."""

PIPELINE = """
[device]
name = "press-7"

[pipeline]
name = "vibration"
status_every = "1 s"
memory = "1 MiB"

[source]
kind = "recording"
path = "day.npz"
block_size = 10
pace = 20.0

[view]
name = "v"
channels = ["x", "y"]
window = "2 s"
hop = "1 s"
kernels = ["mean", "std", "min", "max"]

[model]
path = "small.tflite"
accelerator = "reference"
classes = ["calm", "wild"]

[learning]
label_delay = "40 s"

[serial_commands]
port = "{button}"

[online]
key = "bearing-2"
path = "online.sqlite"
flush_every = "100 ms"

[[sink]]
kind = "jsonl"
path = "records.jsonl"

[[sink]]
kind = "mqtt"
broker = "mqtt://127.0.0.1:{broker}"
outbox = "press-7.outbox"

[service]
port = {port}
"""


@dataclass(frozen=True)
class Running:
    """A daemon that runs."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]
    button: PluggedDevice

    @property
    def url(self) -> str:
        """Where its service is."""
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str) -> Any:
        """Return a JSON answer."""
        with urllib.request.urlopen(self.url + path, timeout=DEADLINE_S) as answer:  # noqa: S310 # it is http
            return json.load(answer)

    def wait_for(self, condition: Any) -> dict[str, Any]:
        """Wait until the status is as it should be, and return it."""
        found: dict[str, Any] = {}

        def holds() -> Any:
            assert self.process.poll() is None, (self.folder / "log").read_text()
            with suppress(OSError):
                found.update(self.get("/status"))
                return condition(found)
            return False

        wait_until(holds)
        return found


def newest_without_a_truth(running: Running) -> int:
    """Wait for a prediction that the recording's own truth never labels: its window lies in two cases of five seconds.

    The others have their label two seconds later by the wall clock, so that one from outside may come too late.
    """
    before = running.get("/status")["pipelines"]["vibration"]["inferences"]
    status = running.wait_for(lambda status: status["pipelines"]["vibration"]["inferences"] >= before + 5)
    newest = int(status["pipelines"]["vibration"]["inferences"]) - 1
    return newest - (newest - 4) % 5


def post(running: Running, path: str, body: Any, *, content_type: str = "application/json") -> tuple[int, Any]:
    """Post JSON, or bytes as they are; return the answer's code and its JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(running.url + path, data, {"Content-Type": content_type})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


@contextmanager
def run_daemon(folder: Path, port: int, button: PluggedDevice) -> Iterator[Running]:
    """Run the daemon of a folder's ``pipeline.toml`` for as long as the context lasts, from when it is ready."""
    code = "from edge_runtime.cli.main import main; main()"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", code, "run", str(folder / "pipeline.toml")],
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    made = Running(port, folder, process, button)
    try:
        made.wait_for(lambda status: status["ready"])
        yield made
    finally:
        process.terminate()
        process.wait(DEADLINE_S)
