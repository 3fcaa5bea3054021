"""Who may ask: the token, and the host's name as it was asked for."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["Guard"]

OPEN_PATHS = frozenset({"/", "/openapi.json", "/v2/health/live"})
"""What tells nothing about the device."""

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


class Guard:
    """Stands before an application and turns away what may not pass.

    On the loopback interface the host's name must be this machine's own: a web page that a browser here shows could
    else reach
    the service by a name that it makes point here.

    Parameters
    ----------
    app
        The application.
    token
        Says what requests must carry as ``Authorization: Bearer …``; None: nothing.
    loopback
        Whether the service listens on the loopback interface alone.
    """

    def __init__(self, app: ASGIApp, *, token: Callable[[], str | None], loopback: bool) -> None:
        self._app = app
        self._token = token
        self._loopback = loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        if scope["type"] != "http":
            return
        headers, token = {name.lower(): value for name, value in scope["headers"]}, self._token()
        if self._loopback and not _is_ours(headers.get(b"host", b"")):
            await _refuse(send, 403, "the host's name is not this machine's; ask for 127.0.0.1 or localhost")
        elif token is not None and scope["path"] not in OPEN_PATHS and not _has_token(headers, token):
            await _refuse(send, 401, "the token is missing or wrong; send it as Authorization: Bearer …")
        else:
            await self._app(scope, receive, send)


def _has_token(headers: dict[bytes, bytes], token: str) -> bool:
    given = headers.get(b"authorization", b"")
    return hmac.compare_digest(given, f"Bearer {token}".encode())


def _is_ours(host: bytes) -> bool:
    text = host.decode("latin-1").lower()
    name = text if text.endswith("]") else text.rsplit(":", 1)[0]
    return name in LOOPBACK_NAMES


async def _refuse(send: Send, status: int, message: str) -> None:
    body = json.dumps({"error": message}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
