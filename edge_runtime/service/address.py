"""Where the service listens: by itself on the loopback interface, beyond it only with a token and TLS."""

from __future__ import annotations

import ipaddress
import secrets
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.errors import ConfigError

__all__ = ["Address"]

SHORTEST_TOKEN = 16


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
