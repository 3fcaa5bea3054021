"""Server-sent events: everything that the hub hears, as it happens."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import anyio
import numpy as np
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from edge_runtime.service.hub import Hub, Named

__all__ = ["event_stream"]

STILL_THERE_S = 10.0
"""How often a comment is sent when nothing happens, so that both sides notice a broken connection."""


async def event_stream(hub: Hub, request: Request) -> Response:
    """Answer with an endless stream of events; what was kept comes first. ``?once`` ends it after that."""
    once = "once" in request.query_params
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(hub, once=once), media_type="text/event-stream", headers=headers)


async def _events(hub: Hub, *, once: bool) -> AsyncIterator[bytes]:
    if once:
        for name, value in hub.recent():
            yield _encode(name, value)
        return
    with hub.listen() as listener:
        yield b": hello\n\n"
        while True:
            event = None
            with anyio.move_on_after(STILL_THERE_S) as waited:
                event = await listener.next()
            if waited.cancelled_caught:
                yield b": still there\n\n"
            elif event is None:
                return
            else:
                yield _encode(*event)


def _encode(name: str, value: Mapping[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(value, separators=(',', ':'), default=_plain)}\n\n".encode()


def _plain(value: object) -> Any:
    if isinstance(value, Named):
        return value.as_dict()
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is no JSON type")
