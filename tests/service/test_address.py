"""Who may ask from where, and what systemd is told."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from edge_runtime.daemon.notify import keep_watchdog, notify
from edge_runtime.errors import ConfigError
from edge_runtime.service import Address
from edge_runtime.service.guard import Guard
from support.waiting import DEADLINE_S


def test_beyond_the_loopback_interface_a_token_and_tls_are_needed() -> None:
    for given in ({}, {"token": "x" * 24}, {"cert_file": Path("c")}):
        with pytest.raises(ConfigError, match="needs a token"):
            Address("0.0.0.0", **given)  # type: ignore[arg-type] # noqa: S104
    Address("0.0.0.0", token="x" * 24, cert_file=Path("c"))  # noqa: S104
    with pytest.raises(ConfigError, match="it must have 16 or more"):
        Address(token="short")  # noqa: S106
    with pytest.raises(ConfigError, match="is no IP address"):
        Address("example.org")


async def answer(guard: Guard, path: str, headers: dict[str, str]) -> int:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await guard({"type": "http", "path": path, "headers": raw}, receive, send)
    return int(sent[0]["status"])


@pytest.mark.anyio
async def test_the_guard_lets_pass_who_may_pass() -> None:
    async def app(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    guard = Guard(app, token=lambda: "secret-secret-secret", loopback=True)
    ours = {"host": "127.0.0.1:80"}
    assert await answer(guard, "/status", ours) == 401
    assert await answer(guard, "/status", {**ours, "authorization": "Bearer wrong"}) == 401
    assert await answer(guard, "/status", {**ours, "authorization": "Bearer secret-secret-secret"}) == 200
    assert await answer(guard, "/", ours) == 200
    assert await answer(guard, "/", {"host": "evil.example"}) == 403
    assert await answer(guard, "/", {}) == 403
    assert await answer(Guard(app, token=lambda: None, loopback=True), "/status", {"host": "[::1]:80"}) == 200


def hear(systemd: socket.socket) -> str:
    return systemd.recv(100).decode()


@pytest.mark.anyio
async def test_systemd_hears_that_the_daemon_is_ready_alive_and_stopping(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not notify("READY=1")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(DEADLINE_S)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "200000")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(keep_watchdog, lambda: True)
            heard = [await anyio.to_thread.run_sync(hear, systemd) for _ in range(4)]
            tasks.cancel_scope.cancel()
        while heard[-1] != "STOPPING=1":
            heard.append(hear(systemd))
    assert heard[0] == "READY=1"
    assert heard[1:-1] == ["WATCHDOG=1"] * (len(heard) - 2)


def test_a_systemd_that_does_not_read_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        assert not all(notify("WATCHDOG=1") for _ in range(5000))
