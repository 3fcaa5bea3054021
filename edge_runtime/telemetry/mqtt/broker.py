"""Where a broker is, and how the device proves who it is."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge_runtime.errors import ConfigError

__all__ = ["Broker"]


@dataclass(frozen=True)
class Broker:
    """A broker and the session with it.

    Parameters
    ----------
    host, port
        Where it listens.
    client_id
        Names the persistent session; no two devices may have the same.
    version
        Of MQTT.
    username, password
        None: anonymous.
    tls
        Whether the connection is encrypted.
    ca_file
        The certificates that the broker's is checked against; None: the system's.
    cert_file, key_file
        The device's own certificate; None: it has none.
    keepalive_s
        After how many silent seconds the connection is probed.
    session_s
        How long the broker keeps the session while the device is away.
    deadline_s
        How long connecting, and an acknowledgement, may take.
    """

    host: str
    port: int = 1883
    client_id: str = "edge"
    version: Literal["5", "3.1.1"] = "5"
    username: str | None = None
    password: str | None = None
    tls: bool = False
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    keepalive_s: int = 30
    session_s: int = 7 * 24 * 3600
    deadline_s: float = 10.0

    @property
    def address(self) -> str:
        """What messages call it."""
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"

    def tls_context(self) -> ssl.SSLContext | None:
        """Return the TLS context, or None where the connection is plain.

        Raises
        ------
        ConfigError
            If a certificate or key cannot be read, or they do not go together.
        """
        if not self.tls:
            return None
        try:
            context = ssl.create_default_context(cafile=None if self.ca_file is None else str(self.ca_file))
        except OSError as error:
            raise ConfigError(f"{self.ca_file}: cannot be read as certificates: {error}") from error
        if self.cert_file is not None:
            try:
                context.load_cert_chain(self.cert_file, self.key_file)
            except OSError as error:
                raise ConfigError(
                    f"{self.cert_file} with {self.key_file}: cannot be read as a certificate and its key: {error}"
                ) from error
        return context
