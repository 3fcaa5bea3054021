"""Who may ask the service, and by which certificate it is known; both may be changed while it serves."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable
from pathlib import Path

from edge_runtime.errors import ConfigError
from edge_runtime.service.address import Address

__all__ = ["Access"]


class Access:
    """Token and certificate of a service.

    Parameters
    ----------
    address
        Where the service listens, with what it begins with.
    on_new_token
        Called when another token holds.

    Attributes
    ----------
    address
        What holds at present.
    context
        What the service's connections are made with; None: it does not serve, or without TLS.
    """

    def __init__(self, address: Address, *, on_new_token: Callable[[], None] = lambda: None) -> None:
        self.address = address
        self.context: ssl.SSLContext | None = None
        self._on_new_token = on_new_token
        self._certificate = _content(address)

    def renew(self, address: Address) -> list[str]:
        """Let another token and certificate hold from now on; connections that are there go on with theirs.

        Parameters
        ----------
        address
            The same address with TLS as before, or without.

        Returns
        -------
        Which of ``token`` and ``certificate`` are other ones now.

        Raises
        ------
        ConfigError
            If the certificate and its key cannot be read, or do not go together; nothing is changed then.
        """
        certificate = _content(address)
        new_token = address.token != self.address.token
        new_certificate = certificate != self._certificate
        if new_certificate and address.cert_file is not None:
            load_certificate(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), address)
            if self.context is not None:
                load_certificate(self.context, address)
        self.address, self._certificate = address, certificate
        if new_token:
            self._on_new_token()
        return ["token"] * new_token + ["certificate"] * new_certificate


def load_certificate(context: ssl.SSLContext, address: Address) -> None:
    """Let a context's new connections show an address' certificate."""
    try:
        context.load_cert_chain(str(address.cert_file), str(address.key_file or address.cert_file))
    except OSError as error:
        raise unreadable(address, error) from error


def unreadable(address: Address, error: OSError) -> ConfigError:
    """Return what says that an address' certificate cannot be read."""
    return ConfigError(f"{address.cert_file}: cannot be read as a certificate and its key: {error}")


def _content(address: Address) -> bytes:
    """Return what tells a certificate and its key from others; empty where they cannot be read."""
    paths = [path for path in (address.cert_file, address.key_file) if path is not None]
    return b"".join(_digest(path) for path in paths)


def _digest(path: Path) -> bytes:
    try:
        return hashlib.sha256(path.read_bytes()).digest()
    except OSError:
        return b"unreadable"
