"""The verbs that talk to a daemon."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import Any

import pytest

from edge_runtime.cli.main import main
from support.running import Running, newest_without_a_truth
from support.waiting import DEADLINE_S


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["edge-runtime", *arguments])
    with pytest.raises(SystemExit) as caught:
        main()
    captured = capsys.readouterr()
    return int(caught.value.code or 0), captured.out, captured.err


def test_status_label_and_rollback(running: Running, monkeypatch: Any, capsys: Any) -> None:
    where = ("--url", running.url)
    code, out, _ = run(monkeypatch, capsys, "status", "--json", *where)
    found = json.loads(out)
    assert (code, found["device"]) == (0, "press-7")
    newest = newest_without_a_truth(running)
    code, out, _ = run(monkeypatch, capsys, "label", "vibration", str(newest), "wild", "--json", *where)
    assert (code, json.loads(out)["status"]) == (0, "accepted")
    code, out, _ = run(monkeypatch, capsys, "rollback", "vibration", "--json", *where)
    assert (code, json.loads(out)["serving"]) == (0, "frozen")
    code, out, _ = run(monkeypatch, capsys, "status", *where)
    assert "press-7: ready" in out
    assert "vibration" in out


def test_what_the_service_refuses_is_one_line(running: Running, monkeypatch: Any, capsys: Any) -> None:
    code, _, err = run(monkeypatch, capsys, "label", "vibration", "1", "tame", "--url", running.url)
    assert code == 2
    assert "has no class 'tame'; it has calm, wild" in err


def test_a_daemon_that_is_not_there_is_told(monkeypatch: Any, capsys: Any) -> None:
    code, _, err = run(monkeypatch, capsys, "status", "--url", "http://127.0.0.1:9")
    assert code == 1
    assert "does the daemon run" in err
    code, _, err = run(monkeypatch, capsys, "status", "--url", "ftp://x")
    assert code == 2
    assert "it must be like http://127.0.0.1:8080" in err


def test_watch_shows_the_status_again_and_again_until_it_is_interrupted(running: Running) -> None:
    # What a shell starts in the background ignores the interrupt, and so would what that starts.
    heed = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{heed}; from edge_runtime.cli.main import main; main()"
    near, far = pty.openpty()
    command = [sys.executable, "-c", code, "status", "--watch", "--url", running.url]
    process = subprocess.Popen(command, stdout=far, stderr=far, env={**os.environ, "TERM": "xterm", "COLUMNS": "120"})
    os.close(far)
    shown, until = "", time.monotonic() + DEADLINE_S
    counts: set[str] = set()
    while len(counts) < 3:
        assert time.monotonic() < until, shown
        shown += os.read(near, 65536).decode(errors="replace")
        counts = set(re.findall(r"vibration +([\d,]+)", shown))
    assert "press-7: ready" in shown
    process.send_signal(signal.SIGINT)
    assert process.wait(DEADLINE_S) == 130
    with suppress(OSError):  # a terminal whose other end is closed
        shown += os.read(near, 65536).decode(errors="replace")
    os.close(near)
    assert "Traceback" not in shown
