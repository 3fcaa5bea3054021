"""The service's token and certificate, as the device's file names them: read at the start, and again at a reload."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from edge_runtime.daemon.config import ServiceTable
from edge_runtime.errors import ConfigError
from edge_runtime.service.access import Access
from edge_runtime.service.address import Address

__all__ = ["address_of", "renew"]

KEYS = {"token": "service.token_file", "certificate": "service.cert_file"}


def address_of(table: ServiceTable) -> Address:
    """Return where the service listens, with its token.

    Raises
    ------
    ConfigError
        If the token cannot be read, or the address needs more than the table has.
    """
    return Address(table.host, table.port, _token(table.token_file), table.cert_file, table.key_file)


def renew(access: Access, table: ServiceTable) -> list[str]:
    """Read token and certificate again, and return the keys of what is another one now.

    The address stays, and so does whether there is TLS.

    Raises
    ------
    ConfigError
        If one of them cannot be read, or is not enough for the address; nothing is changed then.
    """
    new = replace(access.address, token=_token(table.token_file))
    if (table.cert_file is None) == (new.cert_file is None):
        new = replace(new, cert_file=table.cert_file, key_file=table.key_file)
    return [KEYS[what] for what in access.renew(new)]


def _token(path: Path | None) -> str | None:
    try:
        return None if path is None else path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: the token cannot be read: {error}; give a text file with it") from error
