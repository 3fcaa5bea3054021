"""A daemon in a process of its own, whose file and log a test reads and writes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.lines import whole_lines
from support.waiting import DEADLINE_S, wait_until

__all__ = ["Daemon", "change", "events"]


class Daemon:
    """A daemon in a process of its own."""

    def __init__(self, file: Path, port: int) -> None:
        self.log, self.port = file.parent / "log", port
        code = "from edge_runtime.cli.main import main; main()"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([sys.executable, "-c", code, "run", str(file)], stdout=log, stderr=log)

    def ask(self, path: str, body: Any = None) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        url = f"http://127.0.0.1:{self.port}{path}"
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:  # noqa: S310 # it is http
                text = answer.read().decode()
                return answer.status, text if path == "/metrics" else json.loads(text)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)
        except OSError:
            return 0, None

    def until(self, holds: Callable[[], Any]) -> None:
        def looked() -> Any:
            assert self.process.poll() is None, self.log.read_text()
            return holds()

        wait_until(looked)

    def hang_up(self) -> None:
        os.kill(self.process.pid, signal.SIGHUP)

    def logged(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in whole_lines(self.log) if line.startswith("{")]


def change(file: Path, *changes: tuple[str, str]) -> None:
    text = file.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file.write_text(text)


def events(daemon: Daemon, what: str) -> list[dict[str, Any]]:
    return [line for line in daemon.logged() if line["event"] == what]
