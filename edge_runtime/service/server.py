"""Serves the application: by itself on the loopback interface, beyond it only with a token and TLS."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import structlog
import uvicorn

from edge_runtime.errors import ConfigError
from edge_runtime.service.access import Access, unreadable
from edge_runtime.service.address import Address
from edge_runtime.service.app import build_app
from edge_runtime.service.device import Device
from edge_runtime.service.guard import Guard

__all__ = ["serve"]

CLOSING_S = 2

log = structlog.get_logger(__name__)


async def serve(device: Device, access: Access, *, listening: Callable[[int], None] | None = None) -> None:
    """Serve until cancelled; what is being answered then has two seconds to end.

    Parameters
    ----------
    device
        What is served.
    access
        Where, and who may ask.
    listening
        Called with the port when it is open.

    Raises
    ------
    ConfigError
        If the address is taken, or the certificate cannot be read.
    """
    address = access.address
    listener = _listen(address)
    server = _Server(_settings(device, access))
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


def _settings(device: Device, access: Access) -> uvicorn.Config:
    address = access.address
    settings: dict[str, Any] = {}
    if address.cert_file is not None:
        settings = {"ssl_certfile": str(address.cert_file), "ssl_keyfile": str(address.key_file or address.cert_file)}
    config = uvicorn.Config(
        Guard(build_app(device), token=lambda: access.address.token, loopback=address.is_loopback),
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
        raise unreadable(address, error) from error
    access.context = config.ssl
    return config


def _listen(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        return socket.create_server((address.host, address.port), family=family)
    except OSError as error:
        raise ConfigError(
            f"service: cannot listen on {address.host} port {address.port}: {error.strerror}; name another port"
        ) from error
