"""A daemon in a process of its own, with its service."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.pty import PluggedDevice

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
broker = "mqtt://127.0.0.1:{nobody}"
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
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:  # noqa: S310 # it is http
            return json.load(answer)

    def wait_for(self, condition: Any) -> dict[str, Any]:
        """Wait until the status is as it should be, and return it."""
        until = time.monotonic() + 300
        while time.monotonic() < until:
            assert self.process.poll() is None, (self.folder / "log").read_text()
            with suppress(OSError):
                status = self.get("/status")
                if condition(status):
                    assert isinstance(status, dict)
                    return status
            time.sleep(0.05)
        raise AssertionError("what was waited for did not happen")
