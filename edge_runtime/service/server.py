"""Serves the application: by itself on the loopback interface, beyond it only with a token and TLS."""

from __future__ import annotations

import ipaddress
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import structlog
import uvicorn

from edge_runtime.errors import ConfigError
from edge_runtime.service.app import build_app
from edge_runtime.service.device import Device
from edge_runtime.service.guard import Guard

__all__ = ["Address", "serve"]

SHORTEST_TOKEN = 16
CLOSING_S = 2

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Address:
    """Where the service listens, and who may ask.

    Parameters
    ----------
    host
        An IP address.
    port
        0: any that is free.
    token
        What every request but the one for the page itself must carry; None: anybody on this machine may ask.
    cert_file, key_file
        The service's certificate and its key; None: plain HTTP.

    Raises
    ------
    ConfigError
        If the address is beyond the loopback interface, and token or certificate are missing; or the token is short.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    token: str | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    def __post_init__(self) -> None:
        if not self.is_loopback and (self.token is None or self.cert_file is None):
            raise ConfigError(
                f"service: {self.host} can be reached from outside; that needs a token (token_file) and TLS "
                '(cert_file, key_file); or listen on "127.0.0.1"'
            )
        if self.token is not None and len(self.token) < SHORTEST_TOKEN:
            raise ConfigError(
                f"service: the token has {len(self.token)} characters; it must have {SHORTEST_TOKEN} or more, "
                f"like {secrets.token_urlsafe(24)}"
            )

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            raise ConfigError(f'service: {self.host!r} is no IP address; give one, like "127.0.0.1"') from None


async def serve(device: Device, address: Address, *, listening: Callable[[int], None] | None = None) -> None:
    """Serve until cancelled; what is being answered then has two seconds to end.

    Parameters
    ----------
    device
        What is served.
    address
        Where.
    listening
        Called with the port when it is open.

    Raises
    ------
    ConfigError
        If the address is taken, or the certificate cannot be read.
    """
    listener = _listen(address)
    server = _Server(_settings(device, address))
    port = listener.getsockname()[1]
    log.info("service listens", address=f"{'https' if address.cert_file else 'http'}://{address.host}:{port}/")
    if listening is not None:
        listening(port)
    try:
        await server.serve(sockets=[listener])
    except anyio.get_cancelled_exc_class():
        server.should_exit = True
        device.hub.close()
        with anyio.CancelScope(shield=True), anyio.move_on_after(CLOSING_S):
            await server.shutdown(sockets=[listener])
        raise
    finally:
        listener.close()


class _Server(uvicorn.Server):
    """uvicorn's server, without its own signal handlers: the daemon has its own."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _settings(device: Device, address: Address) -> uvicorn.Config:
    settings: dict[str, Any] = {}
    if address.cert_file is not None:
        settings = {"ssl_certfile": str(address.cert_file), "ssl_keyfile": str(address.key_file or address.cert_file)}
    config = uvicorn.Config(
        Guard(build_app(device), token=address.token, loopback=address.is_loopback),
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=CLOSING_S,
        limit_concurrency=100,
        server_header=False,
        **settings,
    )
    try:
        config.load()
    except OSError as error:
        raise ConfigError(f"{address.cert_file}: cannot be read as a certificate and its key: {error}") from error
    return config


def _listen(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        return socket.create_server((address.host, address.port), family=family)
    except OSError as error:
        raise ConfigError(
            f"service: cannot listen on {address.host} port {address.port}: {error.strerror}; name another port"
        ) from error
