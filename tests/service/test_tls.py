"""The service beyond the loopback interface, by real TLS clients; token and certificate taken up while it runs."""

from __future__ import annotations

import http.client
import json
import shutil
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from edge_runtime.cli.main import app
from support.browser import chromium
from support.certificates import ELLIPTIC, make_certificates
from support.device import RECORDING, write_device, write_pipeline
from support.mosquitto import free_port
from support.process import Daemon, change, events
from support.waiting import DEADLINE_S

SERVICE = """[service]
host = "0.0.0.0"
port = {port}
token_file = "token"
cert_file = "server.crt"
key_file = "server.key"
[log]
format = "json"
"""
OLD, NEW = "an-old-and-long-token", "a-new-and-long-token"


class SecureDaemon(Daemon):
    """A daemon beyond the loopback interface, in a process of its own."""

    token, authority = OLD, Path()

    def refuses_the_certificate(self) -> bool:
        """Say whether the client refuses the service's certificate."""
        try:
            with self.request("/status"):
                return False
        except ssl.SSLCertVerificationError:
            return True

    @contextmanager
    def request(self, path: str, body: Any = None) -> Iterator[http.client.HTTPResponse]:
        """Ask, with what the client has; the certificate is checked against the client's authority."""
        context = ssl.create_default_context(cafile=self.authority / "ca.crt")
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=DEADLINE_S, context=context)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body)
        try:
            connection.request("GET" if body is None else "POST", path, data, headers)
            with connection.getresponse() as answer:
                yield answer
        finally:
            connection.close()

    def ask(self, path: str, body: Any = None) -> tuple[int, Any]:
        try:
            with self.request(path, body) as answer:
                return answer.status, json.loads(answer.read())
        except OSError:
            return 0, None


def take_certificate(authority: Path, folder: Path) -> None:
    for name in ("server.crt", "server.key"):
        shutil.copy(authority / name, folder / name)


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    one, other = (make_certificates(tmp_path_factory.mktemp("ca"), kind=ELLIPTIC) for _ in range(2))
    return one, other


@pytest.fixture
def daemon(tmp_path: Path, authorities: tuple[Path, Path]) -> Iterator[SecureDaemon]:
    port = free_port()
    take_certificate(authorities[0], tmp_path)
    (tmp_path / "token").write_text(OLD + "\n")
    press = write_pipeline(tmp_path, "press", source=RECORDING + "pace = 20.0\n")
    file = write_device(tmp_path, press, more=SERVICE.format(port=port), cases=4000)
    made = SecureDaemon(file, port)
    made.authority = authorities[0]
    try:
        made.until(lambda: made.ask("/v2/health/ready")[0] == 200)
        yield made
    finally:
        made.process.terminate()
        assert made.process.wait(DEADLINE_S) == 0, made.log.read_text()


def inferences(daemon: SecureDaemon) -> int:
    return int(daemon.ask("/status")[1]["pipelines"]["press"]["inferences"])


def test_token_and_certificate_are_taken_up_without_a_restart(
    daemon: SecureDaemon, tmp_path: Path, authorities: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = authorities
    daemon.token = NEW
    assert daemon.ask("/status")[0] == 401
    daemon.token = OLD
    daemon.authority = other
    assert daemon.refuses_the_certificate()
    daemon.authority = one
    before = inferences(daemon)
    with daemon.request("/events") as stream:
        assert stream.readline() == b": hello\n"
        take_certificate(other, tmp_path)
        (tmp_path / "token").write_text(NEW)
        assert daemon.ask("/status")[0] == 200, "nothing changes before it is told"
        daemon.hang_up()
        daemon.until(lambda: events(daemon, "reloaded"))
        while stream.readline():
            pass  # until the stream that the old token had opened ends
    (reloaded,) = events(daemon, "reloaded")
    assert reloaded["applied"] == ["service.cert_file", "service.token_file"]
    assert daemon.refuses_the_certificate()
    daemon.authority = other
    assert daemon.ask("/status")[0] == 401
    daemon.token = NEW
    assert inferences(daemon) > before

    monkeypatch.setenv("EDGE_RUNTIME_TOKEN", NEW)
    where = ["--url", f"https://127.0.0.1:{daemon.port}", "--ca-file", str(other / "ca.crt"), "--json"]
    result = CliRunner().invoke(app, ["status", *where])
    assert json.loads(result.stdout)["device"] == "shed"


def test_the_page_asks_for_the_token_and_again_when_it_is_another(daemon: SecureDaemon, tmp_path: Path) -> None:
    with chromium() as (browser, expect):
        # The authority is the test's own; that it is checked, the clients above show.
        page = browser.new_page(ignore_https_errors=True)
        page.goto(f"https://127.0.0.1:{daemon.port}/")
        for token in (OLD, NEW):
            expect(page.locator("#health")).to_have_text("token needed")
            page.locator("#token").fill(token)
            page.locator("#token").press("Enter")
            expect(page.locator("#health")).to_have_text("ready")
            expect(page.locator("#device")).to_have_text("shed")
            if token == OLD:
                (tmp_path / "token").write_text(NEW)
                daemon.hang_up()


def test_what_is_wrong_changes_nothing(daemon: SecureDaemon, tmp_path: Path, authorities: tuple[Path, Path]) -> None:
    one, other = authorities
    (tmp_path / "token").write_text(NEW)
    shutil.copy(other / "server.crt", tmp_path / "server.crt")
    status, answer = daemon.ask("/reload", {})
    assert (status, "server.crt: cannot be read as a certificate and its key" in answer["error"]) == (409, True)
    (tmp_path / "server.crt").write_text("no certificate")
    assert daemon.ask("/reload", {})[0] == 409
    take_certificate(one, tmp_path)
    (tmp_path / "token").write_text("short")
    status, answer = daemon.ask("/reload", {})
    assert (status, "it must have 16 or more" in answer["error"]) == (409, True)
    (tmp_path / "token").unlink()
    assert "the token cannot be read" in daemon.ask("/reload", {})[1]["error"]

    (tmp_path / "token").write_text(NEW)
    change(tmp_path / "device.toml", ('cert_file = "server.crt"\nkey_file = "server.key"\n', ""))
    assert daemon.ask("/reload", {}) == (
        200,
        {"applied": ["service.token_file"], "refused": ["service.cert_file", "service.key_file"]},
    )
    assert daemon.ask("/status")[0] == 401
    daemon.token = NEW
    assert daemon.ask("/status")[0] == 200, "over TLS, as before"
